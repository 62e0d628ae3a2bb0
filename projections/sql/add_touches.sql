-- Which things those records touch.
insert into trail_touch (thing, position) select * from unnest($1::text[], $2::bigint[])
