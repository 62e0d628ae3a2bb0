-- The same values under another secret, wherever a row is still what it was when it was read.
update vault set ciphertext = one.after
from unnest($1::uuid[], $2::bytea[], $3::bytea[]) as one (name, before, after)
where vault.ref = one.name and vault.ciphertext = one.before
