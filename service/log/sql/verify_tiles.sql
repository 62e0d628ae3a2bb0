-- The tiles that are completed there.
select level, index, hashes from tile join unnest($1::int[], $2::bigint[]) as wanted (level, index) using (level, index)
