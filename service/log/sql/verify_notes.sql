-- The checkpoints whose sizes are reached there.
select size, note from checkpoint where size > $1 and size <= $2
