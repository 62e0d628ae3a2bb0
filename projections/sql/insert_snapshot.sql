-- A snapshot, once its parts are there.
insert into snapshot (fold, position, header, mac) values ($1, $2, $3, $4)
