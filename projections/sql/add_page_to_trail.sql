-- A page of records and what they touch, read out of their texts by Postgres itself: as many as fit, but one at least.
with next as (
    select position, event_id, recorded_at, kind, entry, octet_length(entry) as octets
    from log where position > $1::bigint order by position limit $2::bigint
),
page as materialized (
    select position, event_id, recorded_at, kind, octets, entry::jsonb as record
    from (select *, sum(octets) over (order by position) - octets as before from next) as sized
    where before < $3::bigint
),
rows as (
    insert into trail (
        position, event_id, recorded_at, kind, outcome, actor, actor_kind, correlation, subject_type, subject
    )
    select
        position, event_id, recorded_at, kind,
        case when kind = 'attempt.denied' then 'denied' else 'done' end,
        coalesce(record #>> '{actor,principal}', actor_kind), actor_kind,
        (record ->> 'correlation')::uuid,
        coalesce(record #>> '{touches,0,type}', 'account'),
        coalesce(record #>> '{touches,0,id}', '')
    from page cross join lateral (
        select case
            when record -> 'actor' ? 'principal' then 'principal'
            when record -> 'actor' ? 'console' then 'console'
            when record -> 'actor' ? 'system' then 'system'
            else 'code'
        end
    ) as who (actor_kind)
),
touches as (
    insert into trail_touch (thing, position)
    select distinct thing, position
    from page cross join lateral (
        select touched ->> 'id' from jsonb_array_elements(record -> 'touches') as touched
        union all
        select unnest(array[
            gone ->> 0, gone ->> 1, gone ->> 2, (gone ->> 1) || '/' || (gone ->> 2)  -- what it was, consumer, provider
        ])
        from jsonb_array_elements(case kind
            when 'contracts.removed' then record #> '{data,contracts}'
            when 'contracts.restored' then record #> '{data,contracts}'
            when 'verification_results.removed' then record #> '{data,results}'
        end) as gone
    ) as touched (thing)
)
select max(position) as reached, count(*) as records, sum(octets) as octets from page
