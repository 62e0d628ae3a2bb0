-- The sealed values, for a backup.
select ref, ciphertext from vault order by ref
