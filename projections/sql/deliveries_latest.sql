-- What each of these webhooks sent or owes last for a pair, one a kind of event, at a position; oldest first.
select value from (
    select distinct on (place, value::jsonb ->> 'event') value, created, key from span
    where
        noun = 'delivery' and place = any ($4::text[]) and place <> '' and application = $2::uuid
        and value::jsonb ->> 'provider' = $3::text and value::jsonb ->> 'event' <> 'test'
        and since <= $1::bigint and $1::bigint < until
    order by place, value::jsonb ->> 'event', created desc, key desc
) as latest
order by created, key
