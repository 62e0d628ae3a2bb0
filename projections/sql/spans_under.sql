-- The facts at a position whose place begins with a text, the end of which is the second text.
select noun, value from span
where
    noun = any ($2::text[]) and place >= $3::text and place < $4::text and place <> ''
    and since <= $1::bigint and $1::bigint < until
limit $5::bigint
