-- The facts of these versions of an application at a position.
select noun, value from span
where
    application = $2::uuid and version = any ($4::text[]) and version <> '' and noun = any ($3::text[])
    and since <= $1::bigint and $1::bigint < until
limit $5::bigint
