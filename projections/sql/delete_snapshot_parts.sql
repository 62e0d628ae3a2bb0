-- Parts that belong to no snapshot.
delete from snapshot_part where (fold, position) not in (select fold, position from snapshot)
