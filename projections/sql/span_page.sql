-- A page of the facts of one application at a position, the newest first; a version or place that is empty does not count.
select noun, value from span
where
    application = $2::uuid and noun = $3::text
    and ($4::text = '' or version = $4::text) and ($5::text = '' or place = $5::text)
    and since <= $1::bigint and $1::bigint < until
order by created desc, key desc
offset $6::bigint limit $7::bigint
