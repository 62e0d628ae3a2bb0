-- The rows of some records.
insert into trail (
    position, event_id, recorded_at, kind, outcome, actor, actor_kind, correlation, subject_type, subject
)
select * from unnest(
    $1::bigint[], $2::uuid[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::uuid[], $9::text[],
    $10::text[]
)
