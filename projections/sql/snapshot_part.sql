-- One part of a snapshot.
select octets from snapshot_part where fold = $1 and position = $2 and number = $3
