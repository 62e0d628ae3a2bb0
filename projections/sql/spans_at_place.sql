-- The facts at these places at a position; of one application, unless that is null.
select noun, value from span
where
    noun = any ($3::text[]) and place = any ($4::text[]) and place <> '' and ($2::uuid is null or application = $2::uuid)
    and since <= $1::bigint and $1::bigint < until
limit $5::bigint
