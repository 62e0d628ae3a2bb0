-- The next requests that were owed at a position, by their ids.
select value from span
where noun = 'owed' and key > $2::text and since <= $1::bigint and $1::bigint < until
order by key limit $3::bigint
