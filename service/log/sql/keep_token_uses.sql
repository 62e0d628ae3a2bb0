-- Of what several replicas saw of a token the latest counts.
insert into token_use (token, used_at)
select * from unnest($1::uuid[], $2::timestamptz[])
on conflict (token) do update set used_at = excluded.used_at where token_use.used_at < excluded.used_at
