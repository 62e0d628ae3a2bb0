-- One sealed value.
select ciphertext from vault where ref = $1::uuid
