-- How many rows stand under which secret: empty for the first one, the fingerprint of a later one.
select place, fingerprint, count(*) as count from (
    select 'vault' as place, case get_byte(ciphertext, 0) when 2 then encode(substring(ciphertext from 2 for 4), 'hex') else '' end
        as fingerprint from vault
    union all
    select 'person_key', case get_byte(wrapped, 0) when 2 then encode(substring(wrapped from 2 for 4), 'hex') else '' end
        from person_key
) as sealed group by place, fingerprint order by place, fingerprint
