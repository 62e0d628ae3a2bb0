-- Where the log stands, with the identity of the server that says so.
select account::text as account, epoch::text as epoch, position, recorded_at, frontier, key_check,
    (select system_identifier::text from pg_control_system()) as system_identifier,
    (select timeline_id from pg_control_checkpoint()) as timeline
from log_head
