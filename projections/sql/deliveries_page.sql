-- A page of what a webhook sent or owes at a position, the newest first; in one state, unless that is empty.
select value from span
where
    noun = 'delivery' and place = $2::text and place <> ''
    and ($3::text = '' or value::jsonb ->> 'state' = $3::text)
    and since <= $1::bigint and $1::bigint < until
order by created desc, key desc
offset $4::bigint limit $5::bigint
