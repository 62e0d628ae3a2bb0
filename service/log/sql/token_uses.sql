-- When these tokens were last used, as far as it was kept.
select token, used_at from token_use where token = any($1::uuid[])
