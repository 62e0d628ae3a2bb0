-- What a rebuild begins with. The serving role may not truncate.
delete from span
