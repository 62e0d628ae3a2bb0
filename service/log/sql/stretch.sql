-- The texts of the records after a position and up to another, in order, a line each: no text holds a line feed. Folding
-- needs nothing else of them but the last leaf, and one long value costs less than many rows.
select
  count(*) as records,
  coalesce(string_agg(entry, E'\n' order by position), '') as entries,
  (array_agg(leaf order by position desc))[1] as leaf
from (
  select position, entry, leaf from log where position > $1 and position <= $2 order by position limit $3
) as stretch
