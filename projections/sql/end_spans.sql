-- These facts held until these positions.
update span set until = ended.at
from unnest($1::text[], $2::text[], $3::bigint[]) as ended (noun, key, at)
where span.noun = ended.noun and span.key = ended.key and span.until = 9223372036854775807
