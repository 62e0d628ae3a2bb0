-- Every living person key, still wrapped.
select key::text as key, wrapped from person_key
