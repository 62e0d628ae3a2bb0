-- The facts with these keys at a position.
select noun, value
from unnest($2::text[], $3::text[]) as asked (noun, key) join span using (noun, key)
where since <= $1::bigint and $1::bigint < until
