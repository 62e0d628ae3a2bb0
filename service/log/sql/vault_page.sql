-- The vault's rows after a ref, in order.
select ref::text as ref, ciphertext from vault where ref > $1::uuid order by ref limit $2
