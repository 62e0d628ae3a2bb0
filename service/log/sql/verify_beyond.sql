-- The first record and the largest checkpoint and tile behind the head, where nothing may be.
select (select min(position) from log where position > $1::bigint) as record,
    (select max(size) from checkpoint where size > $1) as note,
    (select max((index + 1) * (256::numeric ^ (level + 1)))::bigint from tile
        where (index + 1) * (256::numeric ^ (level + 1)) > $1) as tile
