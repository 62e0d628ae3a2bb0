-- Which of these contents some version of their provider passed at a position: any one, or one at the place $4 of the
-- noun $3 (on that branch, with that tag).
select distinct result.place from span as result
where
    result.noun = 'verification_result' and result.place = any ($2::text[]) and result.place <> ''
    and result.since <= $1::bigint and $1::bigint < result.until
    and (result.value::json ->> 'success')::boolean
    and (
        $3::text = '' or exists (
            select from span as version
            where
                version.noun = $3::text and version.place = $4::text and version.application = result.application
                and version.version = result.version and version.version <> ''
                and version.since <= $1::bigint and $1::bigint < version.until
        )
    )
