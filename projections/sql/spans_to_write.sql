-- The next records that change a span, up to a position at most, and how far the log reached when they were looked for.
select log_head.position as head, found.position, found.entry
from log_head left join lateral (
    select position, entry from log
    where
        log.position > $1::bigint and log.position <= least(log_head.position, $4::bigint)
        and kind = any ($2::text[])
    order by log.position limit $3::bigint
) as found on true
order by found.position
