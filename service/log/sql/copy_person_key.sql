-- The people's keys, still wrapped, for the backup's file of keys.
select key, wrapped from person_key order by key
