-- A restoration that a person accepted begins a new epoch; its record follows in the same transaction.
update log_head set epoch = $2::uuid where epoch = $1::uuid
