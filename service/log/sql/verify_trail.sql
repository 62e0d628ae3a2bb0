-- The trail's rows for the same positions, each with what it says was touched.
select position, event_id::text as event_id, kind, recorded_at, outcome, actor,
    correlation::text as correlation, subject, array(select thing from trail_touch where trail_touch.position = trail.position) as things
from trail where position > $1 and position <= $2
