-- How many requests are owed, and since when the oldest of them is.
select count(*) as owed, min((value::jsonb ->> 'triggered_at')::timestamptz) as since
from span where noun = 'owed' and until = 9223372036854775807
