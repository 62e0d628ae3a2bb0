-- One part of a snapshot that is being taken.
insert into snapshot_part (fold, position, number, octets) values ($1, $2, $3, $4)
