-- The trail's rows for the same positions.
select position, event_id::text as event_id, kind, recorded_at, actor
from trail where position > $1 and position <= $2
