-- One at a time takes a snapshot of a log; whoever is not first goes without. The lock is the session's.
select pg_try_advisory_lock(hashtextextended('muniment snapshot of ' || current_schema(), 0))
