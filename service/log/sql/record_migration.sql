-- Goes in with the migration itself.
insert into migration (number, name, sha256, applied_at) values ($1, $2, $3, clock_timestamp())
