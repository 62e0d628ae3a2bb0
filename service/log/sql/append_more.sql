-- Further records of a batch too large for one statement, behind `append` and in its transaction: its lock is held.
insert into log (position, event_id, kind, recorded_at, actor, leaf, entry)
select r.position, r.event_id, r.kind, $8::timestamptz + r.later * interval '1 microsecond', r.actor, r.leaf, r.entry
from unnest($1::bigint[], $2::uuid[], $3::text[], $4::bigint[], $5::uuid[], $6::bytea[], $7::text[])
    as r (position, event_id, kind, later, actor, leaf, entry)
