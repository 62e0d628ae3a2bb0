-- Up to where a log of this length is signed, since when the next record waits, and whether for longer than it may.
select signed.size, log.recorded_at as since,
    coalesce(log.recorded_at < transaction_timestamp() - $2::interval, false) as overdue
from (select coalesce(max(size), 0) as size from checkpoint where size <= $1::bigint) as signed
left join log on log.position = signed.size + 1 and log.position <= $1
