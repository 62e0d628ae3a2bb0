-- Where the log stands, for a backup. What the tables' own upkeep counts is left out.
select account, epoch, position, recorded_at, frontier, key_check from log_head
