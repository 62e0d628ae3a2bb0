-- Folded state to start from: disposable, and believed by nobody who cannot check its MAC. Nothing in it is in the clear.

-- One row a snapshot: the fold that it fits, the position that it stands at, and what it says of itself under a MAC.
create table snapshot (
    fold bytea constraint snapshot_fold check (octet_length(fold) = 32),
    position bigint constraint snapshot_position check (position > 0),
    header text not null,
    mac bytea not null,
    at timestamptz not null default now(),
    constraint snapshot_pkey primary key (fold, position)
);

-- Its octets, compressed, in parts of a few megabytes. The header names the digest of each.
create table snapshot_part (
    fold bytea,
    position bigint,
    number int constraint snapshot_part_number check (number >= 0),
    octets bytea not null,
    constraint snapshot_part_pkey primary key (fold, position, number)
);
alter table snapshot_part alter column octets set storage external;  -- they are compressed already
