-- Of the versions of one application that carry a tag at a position, the one that came last.
select version.value
from span as tag join span as version on
    version.noun = 'version' and version.application = tag.application and version.version = tag.version
    and version.since <= $1::bigint and $1::bigint < version.until
where
    tag.noun = 'tag' and tag.application = $2::uuid and tag.place = $3::text and tag.place <> ''
    and tag.since <= $1::bigint and $1::bigint < tag.until
order by version.created desc, version.key desc
limit 1
