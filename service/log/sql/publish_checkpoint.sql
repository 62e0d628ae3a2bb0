-- One note a size, and never one below what is published. Two replicas may publish the same size: both notes are true.
insert into checkpoint (size, note, at)
select $1::bigint, $2::text, clock_timestamp()
where not exists (select from checkpoint where size >= $1)
on conflict (size) do nothing
