-- The rows behind a name that do not stand under the secret with this beginning, in order.
select ref::text as name, ciphertext as sealed from vault
where ref > $1::uuid and substring(ciphertext for octet_length($2::bytea)) <> $2 order by ref limit $3
