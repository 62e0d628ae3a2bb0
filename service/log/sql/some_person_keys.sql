-- Those of the named person keys that still live.
select key::text as key, wrapped from person_key where key = any($1::uuid[])
