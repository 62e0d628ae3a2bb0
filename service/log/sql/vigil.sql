-- Where the log, its trail and its checkpoints stand, whose it is, what time it is there, and whether writes are taken.
select position, epoch::text as epoch, clock_timestamp() as clock,
    current_setting('transaction_read_only') = 'on' as read_only,
    (select position from trail_head) as trail,
    (select position from span_head) as spans,
    (select coalesce(max(size), 0) from checkpoint) as signed
from log_head
