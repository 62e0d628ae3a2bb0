-- What a person.forgotten record names; the record follows in the same transaction.
delete from person_key where key = any($1::uuid[])
