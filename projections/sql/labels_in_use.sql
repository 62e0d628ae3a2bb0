-- Every label that an application carries at a position, with the application.
select place as label, application::text as application from span
where noun = 'label' and place <> '' and since <= $1::bigint and $1::bigint < until
order by place, application
