-- Of the facts of a noun, of an application, at a place, the one that came last at a position: for each of these three.
select found.noun, found.value
from
    unnest($2::text[], $3::uuid[], $4::text[]) as asked (noun, application, place)
    cross join lateral (
        select span.noun, span.value from span
        where
            span.noun = asked.noun and span.application = asked.application
            and span.place = asked.place and span.place <> ''
            and span.since <= $1::bigint and $1::bigint < span.until
        order by span.created desc, span.key desc
        limit 1
    ) as found
