-- The record and what stands beside it. Everything is created in the session's search_path: no SQL names a schema.

-- One row: where the log stands. Its row lock is what puts appends in order.
create table log_head (
    only_row boolean not null default true constraint log_head_pkey primary key constraint log_head_one_row check (only_row),
    account uuid not null default gen_random_uuid(),
    epoch uuid not null default gen_random_uuid(),
    position bigint not null default 0 constraint log_head_position check (position >= 0),
    recorded_at timestamptz not null default '1970-01-01 00:00:00+00',
    frontier bytea not null default '\x0000000000000000',
    key_check bytea not null default '\x',
    beat bigint not null default 0,
    constraint log_head_frontier check (octet_length(frontier) = 8 + 32 * bit_count(position::bit(64)))
) with (fillfactor = 10);  -- updated with every append: room for heap-only updates in its page

-- The records. `entry` is the exact text that the leaf hashes; every other column is a copy, and `verify` proves it.
create table log (
    position bigint constraint log_pkey primary key constraint log_position check (position > 0),
    event_id uuid not null constraint log_event_id unique,
    kind text not null,
    recorded_at timestamptz not null constraint log_recorded_at unique,
    actor uuid,
    leaf bytea not null constraint log_leaf check (octet_length(leaf) = 32),
    entry text not null constraint log_entry check (octet_length(entry) <= 65535)
);

-- Signed notes, by the size that they cover.
create table checkpoint (
    size bigint constraint checkpoint_pkey primary key constraint checkpoint_size check (size > 0),
    note text not null,
    at timestamptz not null
);

-- Complete tiles of the Merkle tree (C2SP tlog-tiles): 256 hashes each.
create table tile (
    level int constraint tile_level check (level >= 0),
    index bigint constraint tile_index check (index >= 0),
    hashes bytea not null constraint tile_hashes check (octet_length(hashes) = 8192),
    constraint tile_pkey primary key (level, index)
);

-- Secret values, token values and contract bodies, sealed. An event names the ref; a superseded row is deleted.
create table vault (
    ref uuid constraint vault_pkey primary key,
    ciphertext bytea not null
);

-- Each person's key, wrapped by a key that the database does not have. Deleting one forgets the person.
create table person_key (
    key uuid constraint person_key_pkey primary key,
    wrapped bytea not null
);

-- What a repeated request was answered. Rows go in with the append, so either both are there or neither is.
create table idempotency (
    principal uuid,
    key text,
    fingerprint bytea not null,
    status int not null,
    first_position bigint not null,
    last_position bigint not null,
    at timestamptz not null,
    constraint idempotency_pkey primary key (principal, key)
);
create index idempotency_at on idempotency (at);

-- The searchable trail: disposable, rebuilt from the log. No person's name enters it.
create table trail_head (
    only_row boolean not null default true constraint trail_head_pkey primary key constraint trail_head_one_row check (only_row),
    position bigint not null default 0
) with (fillfactor = 10);

create table trail (
    position bigint constraint trail_pkey primary key,
    event_id uuid not null,
    recorded_at timestamptz not null,
    kind text not null,
    outcome text not null,
    actor text not null,
    actor_kind text not null,
    correlation uuid,
    subject_type text not null,
    subject text not null
);
create index trail_recorded_at on trail (recorded_at);
create index trail_actor on trail (actor, position);
create index trail_kind on trail (kind, position);
create index trail_outcome on trail (outcome, position);
create index trail_subject on trail (subject, position);
create index trail_correlation on trail (correlation, position) where correlation is not null;

create table trail_touch (
    thing text,
    position bigint,
    constraint trail_touch_pkey primary key (thing, position)
);
create index trail_touch_position on trail_touch (position);

-- Append-only for everybody, the owner included.
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'The table % is append-only: % is refused.', tg_table_name, tg_op using errcode = 'insufficient_privilege';
end
$$;

create trigger log_append_only before update or delete or truncate on log
    for each statement execute function refuse_change();
create trigger checkpoint_append_only before update or delete or truncate on checkpoint
    for each statement execute function refuse_change();
create trigger tile_append_only before update or delete or truncate on tile
    for each statement execute function refuse_change();
create trigger log_head_stays before delete or truncate on log_head
    for each statement execute function refuse_change();

create function refuse_going_back() returns trigger language plpgsql as $$
begin
    if new.account <> old.account then
        raise exception 'The log belongs to account %; that never changes.', old.account using errcode = 'insufficient_privilege';
    end if;
    if new.position < old.position or new.recorded_at < old.recorded_at then
        raise exception 'The head of the log never goes back (from % to %).', old.position, new.position
            using errcode = 'insufficient_privilege';
    end if;
    if old.key_check <> '\x' and new.key_check <> old.key_check then
        raise exception 'The log was opened under another MUNIMENT_KEY.' using errcode = 'insufficient_privilege';
    end if;
    return new;
end
$$;

create trigger log_head_goes_forward before update on log_head
    for each row execute function refuse_going_back();

insert into log_head default values;
insert into trail_head default values;
