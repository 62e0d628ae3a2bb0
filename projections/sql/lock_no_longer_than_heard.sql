-- Let this session end by itself, and its lock with it, once nothing was heard of it for so many milliseconds.
select set_config('idle_session_timeout', $1::text, false)
