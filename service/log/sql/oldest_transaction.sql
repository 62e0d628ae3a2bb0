-- Seconds since the oldest transaction began that this role may see; all of them with pg_read_all_stats.
select coalesce(extract(epoch from max(clock_timestamp() - xact_start)), 0)::float8 as seconds
from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
