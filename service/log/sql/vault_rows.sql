-- Several sealed values at once; those that were superseded are absent.
select ref::text as ref, ciphertext from vault where ref = any($1::uuid[])
