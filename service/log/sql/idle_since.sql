-- Since when a backend of ours waits for its client, `gone` where there is none; null while it works on something.
select case when pid is null then 'gone' when state like 'idle%' then state_change::text end
from (select 1) as asked left join pg_stat_activity on pid = $1 and usename = current_user
