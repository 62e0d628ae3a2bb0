-- The same values under another secret, wherever a row is still what it was when it was read.
update person_key set wrapped = one.after
from unnest($1::uuid[], $2::bytea[], $3::bytea[]) as one (name, before, after)
where person_key.key = one.name and person_key.wrapped = one.before
