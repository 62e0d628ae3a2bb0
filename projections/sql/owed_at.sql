-- Every request that was owed at a position.
select value from span where noun = 'owed' and since <= $1::bigint and $1::bigint < until
