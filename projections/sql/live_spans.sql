-- The facts with these keys that still hold, as they were written last.
select noun, key, since, created, value
from unnest($1::text[], $2::text[]) as asked (noun, key) join span using (noun, key)
where until = 9223372036854775807
