-- How much a webhook sent or owes at a position; in one state, unless that is empty.
select count(*) from span
where
    noun = 'delivery' and place = $2::text and place <> ''
    and ($3::text = '' or value::jsonb ->> 'state' = $3::text)
    and since <= $1::bigint and $1::bigint < until
