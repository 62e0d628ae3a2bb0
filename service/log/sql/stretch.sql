-- The texts of the records after a position and up to another, a line each: no text holds a line feed. Folding needs
-- nothing else of them but the last leaf, and one long value costs the reader less than many rows. They are gathered in
-- the order in which the subquery yields them; whoever folds them would notice any other.
--
-- What stands behind the event is no part of what folds read, and more than half of most texts: a text is cut where that
-- begins, and closed. One without such an end comes whole.
select
  count(*) as records,
  coalesce(string_agg(case when octet_length(front) < octet_length(entry) then front || '}' else entry end, E'\n'), '') as entries,
  (array_agg(leaf))[count(*)] as leaf
from (
  select entry, split_part(entry, $4, 1) as front, leaf
  from log where position > $1 and position <= $2 order by position limit $3
) as stretch
