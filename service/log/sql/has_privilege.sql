-- Whether this role has the privilege on the table.
select has_table_privilege($1::text, $2)
