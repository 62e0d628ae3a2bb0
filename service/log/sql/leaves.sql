-- The leaves of the records after one position and up to another, in one piece.
select string_agg(leaf, ''::bytea order by position) from log where position > $1 and position <= $2
