-- The head of a copy takes the place of an empty one.
update log_head set account = $1::uuid, epoch = $2::uuid, position = $3::bigint, recorded_at = $4::text::timestamptz,
    frontier = $5::bytea, key_check = $6::bytea
where position = 0
