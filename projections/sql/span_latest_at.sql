-- The newest fact of a noun at each of these places at a position.
select distinct on (place) place, value from span
where
    noun = $2::text and place = any ($3::text[]) and place <> ''
    and since <= $1::bigint and $1::bigint < until
order by place, created desc, key desc
