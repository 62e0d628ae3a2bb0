-- The list of what was applied. It cannot be a migration itself.
create table if not exists migration (
    number int constraint migration_pkey primary key,
    name text not null,
    sha256 bytea not null,
    applied_at timestamptz not null
)
