-- The version that was put last on each of these branches of one application, at a position.
select distinct on (place) place as branch, version from span
where
    application = $2::uuid and noun = 'branch_version' and place = any ($3::text[]) and place <> ''
    and since <= $1::bigint and $1::bigint < until
order by place, created desc, key desc
