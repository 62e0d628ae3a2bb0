-- The rows behind a name that do not stand under the secret with this beginning, in order.
select key::text as name, wrapped as sealed from person_key
where key > $1::uuid and substring(wrapped for octet_length($2::bytea)) <> $2 order by key limit $3
