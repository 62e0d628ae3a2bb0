-- Every later secret that was added, in order.
select position, entry from log where kind = 'key.added' order by position
