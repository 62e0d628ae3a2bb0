-- The leaves that the stored texts themselves make, after one position and up to another, in one piece.
select string_agg(sha256('\x00'::bytea || convert_to(entry, 'UTF8')), ''::bytea order by position)
from log where position > $1 and position <= $2
