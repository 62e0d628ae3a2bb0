-- The facts of one application at a position.
select noun, value from span
where application = $2::uuid and noun = any ($3::text[]) and since <= $1::bigint and $1::bigint < until
limit $4::bigint
