-- A snapshot that nobody will start from any more.
delete from snapshot where fold = $1 and position = $2
