-- Whether nothing was ever written to these tables: a restore adds to nothing that is there.
select (select position = 0 and key_check = '\x' from log_head) and not exists (select from log)
    and not exists (select from checkpoint) and not exists (select from tile) and not exists (select from vault)
    and not exists (select from person_key) and not exists (select from idempotency)
