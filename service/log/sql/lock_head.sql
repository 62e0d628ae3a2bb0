-- The same as `head`, holding its row lock until the transaction ends.
select account::text as account, epoch::text as epoch, position, recorded_at, frontier, key_check,
    (select system_identifier::text from pg_control_system()) as system_identifier,
    (select timeline_id from pg_control_checkpoint()) as timeline
from log_head
for update of log_head
