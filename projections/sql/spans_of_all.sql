-- Every fact of some kinds at a position.
select noun, value from span where noun = any ($2::text[]) and since <= $1::bigint and $1::bigint < until limit $3::bigint
