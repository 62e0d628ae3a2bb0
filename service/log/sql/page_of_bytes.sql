-- The records after a position, in order, as many as fit into so many bytes, but one at least.
select position, event_id, entry, leaf from (
    select position, event_id, entry, leaf, sum(octets) over (order by position) - octets as before
    from (
        select position, event_id::text, entry, leaf, octet_length(entry) as octets
        from log where position > $1 order by position limit $2
    ) as next
) as sized
where before < $3 order by position
