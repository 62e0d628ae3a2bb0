-- A copy reads the same wherever it is made, whatever the role's own settings are; for this transaction.
select set_config('datestyle', 'ISO, YMD', true), set_config('bytea_output', 'hex', true),
    set_config('timezone', 'UTC', true), set_config('statement_timeout', '0', true),
    set_config('idle_in_transaction_session_timeout', '0', true)
