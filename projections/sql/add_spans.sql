-- Facts from a position on, or from one to another.
insert into span (noun, key, application, version, place, since, until, created, value)
select * from unnest(
    $1::text[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[]
)
