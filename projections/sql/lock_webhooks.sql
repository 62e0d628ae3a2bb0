-- One at a time sends what webhooks owe; whoever is not first asks again. The lock is the session's: it ends with it.
select pg_try_advisory_lock(hashtextextended('muniment webhooks of ' || current_schema(), 0))
