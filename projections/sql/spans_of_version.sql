-- The facts of one version of an application at a position.
select noun, value from span
where
    application = $2::uuid and version = $4::text and version <> '' and noun = any ($3::text[])
    and since <= $1::bigint and $1::bigint < until
limit $5::bigint
