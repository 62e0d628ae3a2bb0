-- Goes in with the rows: either both are there or neither is.
update span_head set position = $1::bigint
