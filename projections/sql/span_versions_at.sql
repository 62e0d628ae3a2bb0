-- Which versions of these applications are at these places at a position: tagged so, on such a branch, in an environment.
select place, application, version from span
where
    noun = $2::text and place = any ($3::text[]) and place <> '' and application = any ($4::uuid[])
    and since <= $1::bigint and $1::bigint < until
