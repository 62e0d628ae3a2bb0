-- What was kept of tokens that are gone.
delete from token_use where token = any($1::uuid[])
