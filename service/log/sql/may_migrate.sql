-- The owner of an existing schema (or a member of its owner), or who may create a missing one.
select coalesce(
    (select pg_has_role(nspowner, 'usage') from pg_namespace where nspname = $1::text),
    has_database_privilege(current_database(), 'create')
)
