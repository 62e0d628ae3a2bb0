-- Whether the session's schema is this one, and has a list of migrations that may be read.
select current_schema() = $1::text and to_regclass('migration') is not null
    and has_table_privilege(to_regclass('migration'), 'select')
