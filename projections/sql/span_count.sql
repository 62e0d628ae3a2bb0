-- How many facts of one application there are at a position; a version or place that is empty does not count.
select count(*) from span
where
    application = $2::uuid and noun = $3::text
    and ($4::text = '' or version = $4::text) and ($5::text = '' or place = $5::text)
    and since <= $1::bigint and $1::bigint < until
