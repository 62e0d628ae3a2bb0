-- The complete tiles of one level from one index to just before another.
select hashes from tile where level = $1 and index >= $2 and index < $3 order by index
