-- One batch, whole or not at all. Without the head's row nothing else happens, because everything joins it.
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
),
vault_put as (
    insert into vault (ref, ciphertext)
    select v.ref, v.ciphertext from head, unnest($18::uuid[], $19::bytea[]) as v (ref, ciphertext)
),
vault_delete as (
    delete from vault using head where ref = any($20::uuid[])
),
keys as (
    insert into person_key (key, wrapped)
    select k.key, k.wrapped from head, unnest($21::uuid[], $22::bytea[]) as k (key, wrapped)
),
answers as (
    insert into idempotency (principal, key, fingerprint, status, first_position, last_position, at)
    select a.principal, a.key, a.fingerprint, a.status, a.first_position, a.last_position, $6::timestamptz
    from head, unnest($23::uuid[], $24::text[], $25::bytea[], $26::int[], $27::bigint[], $28::bigint[])
        as a (principal, key, fingerprint, status, first_position, last_position)
),
tiles as (
    insert into tile (level, index, hashes)
    select t.level, t.index, t.hashes
    from head, unnest($29::int[], $30::bigint[], $31::bytea[]) as t (level, index, hashes)
)
select pg_notify(current_schema(), head.epoch || ':' || head.position) from head
