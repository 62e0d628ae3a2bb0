-- What repeated requests were answered, for a backup.
select principal, key, fingerprint, status, first_position, last_position, at from idempotency order by principal, key
