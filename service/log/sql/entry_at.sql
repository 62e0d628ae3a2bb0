-- One record.
select position, event_id::text, entry, leaf from log where position = $1
