-- One at a time migrates a schema; the lock is the session's, so that it spans the files' transactions.
select pg_advisory_lock(hashtextextended('muniment migration of ' || $1::text, 0))
