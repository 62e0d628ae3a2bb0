-- The texts of the records after a position and up to another, a line each: no text holds a line feed. Folding needs
-- nothing else of them but the last leaf, and one long value costs the reader less than many rows. They are gathered in
-- the order in which the subquery yields them; whoever folds them would notice any other.
select
  count(*) as records,
  coalesce(string_agg(entry, E'\n'), '') as entries,
  (array_agg(leaf))[count(*)] as leaf
from (
  select entry, leaf from log where position > $1 and position <= $2 order by position limit $3
) as stretch
