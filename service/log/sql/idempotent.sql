-- What a principal's requests with these keys were answered.
select principal::text as principal, key, fingerprint, status, first_position, last_position
from idempotency where principal = $1::uuid and key = any($2::text[])
