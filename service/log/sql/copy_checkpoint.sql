-- The signed notes by size, for a backup.
select size, note, at from checkpoint order by size
