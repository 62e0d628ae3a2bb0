-- The records in their order, for a backup.
select position, event_id, kind, recorded_at, actor, leaf, entry from log order by position
