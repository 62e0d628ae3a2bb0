-- What an append that changed nothing ran into.
select account::text as account, epoch::text as epoch, position, key_check, clock_timestamp() as clock from log_head
