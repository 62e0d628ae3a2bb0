-- Let the next one migrate.
select pg_advisory_unlock(hashtextextended('muniment migration of ' || $1::text, 0))
