-- The next records of some kinds between two positions.
select position, entry from log
where position > $1::bigint and position <= $2::bigint and kind = any ($3::text[])
order by position limit $4::bigint
