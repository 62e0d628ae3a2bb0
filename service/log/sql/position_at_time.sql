-- The last position recorded at or before an instant.
select position from log where recorded_at <= $1::timestamptz order by recorded_at desc limit 1
