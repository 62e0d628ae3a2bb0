-- `append.sql` for a batch of records alone, the common one: without the parts that would plan and join empty arrays.
with head as (
    update log_head set
        position = $5::bigint, recorded_at = $6::timestamptz, frontier = $7::bytea, key_check = $8::bytea
    where account = $1::uuid and epoch = $2::uuid and position = $3::bigint
        and recorded_at < $4::timestamptz and key_check in ('\x'::bytea, $8::bytea)
        and $6::timestamptz between clock_timestamp() - $9::interval and clock_timestamp() + $10::interval
    returning epoch, position
),
records as (
    insert into log (position, event_id, kind, recorded_at, actor, leaf, entry)
    select r.position, r.event_id, r.kind, $4::timestamptz + r.later * interval '1 microsecond', r.actor, r.leaf, r.entry
    from head, unnest($11::bigint[], $12::uuid[], $13::text[], $14::bigint[], $15::uuid[], $16::bytea[], $17::text[])
        as r (position, event_id, kind, later, actor, leaf, entry)
)
select pg_notify(current_schema(), head.epoch || ':' || head.position) from head
