-- A commit of no consequence: once it is durable, so is every earlier one.
update log_head set beat = beat + 1
