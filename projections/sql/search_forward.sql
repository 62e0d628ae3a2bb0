-- Records within positions, the oldest first. A filter that is null does not count.
with found as (
    select position from trail
    where trail.position between $1::bigint and $2::bigint
        and ($3::text is null or trail.actor = $3)
        and ($4::text[] is null or trail.kind = any($4))
        and ($5::text is null or trail.outcome = $5)
    order by trail.position asc limit $6 offset $7
)
select position, log.event_id::text as event_id, log.entry, log.leaf
from found join log using (position) order by position asc
