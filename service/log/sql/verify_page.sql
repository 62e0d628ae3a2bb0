-- The records after one position and up to another, with every copied column.
select position, event_id::text as event_id, kind, recorded_at, actor::text as actor, leaf, entry
from log where position > $1 and position <= $2 order by position
