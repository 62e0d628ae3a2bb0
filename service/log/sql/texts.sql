-- The stored texts after one position and up to another, in order.
select entry from log where position > $1 and position <= $2 order by position
