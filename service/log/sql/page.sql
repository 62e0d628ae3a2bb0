-- The records after a position, in order.
select position, event_id::text, entry, leaf from log where position > $1 order by position limit $2
