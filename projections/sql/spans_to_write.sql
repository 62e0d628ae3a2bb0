-- The next records that change a span, up to a position at most and as many as fit, but one at least; how many there are
-- before what does not fit is left out; and how far the log reached when they were looked for.
select log_head.position as head, found.position, found.entry, found.candidates
from log_head left join lateral (
    select position, entry, candidates
    from (
        select
            position, entry, count(*) over () as candidates,
            sum(octet_length(entry)) over (order by position) - octet_length(entry) as before
        from (
            select position, entry from log
            where
                log.position > $1::bigint and log.position <= least(log_head.position, $4::bigint)
                and kind = any ($2::text[])
            order by log.position limit $3::bigint
        ) as next
    ) as sized
    where before < $5::bigint
) as found on true
order by found.position
