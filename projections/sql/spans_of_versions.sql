-- The facts of several versions of one application at a position, oldest first.
select noun, value from span
where
    application = $2::uuid and version = any ($4::text[]) and version <> '' and noun = any ($3::text[])
    and since <= $1::bigint and $1::bigint < until
order by created, key
