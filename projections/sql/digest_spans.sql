-- How many rows there were at a position, and a digest of them in whatever order they are found.
select count(*) as rows, coalesce(bit_xor(('x' || left(md5(
    format(
        '%s|%s|%s|%s|%s|%s|%s|%s|%s', noun, key, application, version, place, since,
        case when until <= $1::bigint then until end, created, value
    )
), 16))::bit(64)::bigint), 0) as digest
from span where since <= $1::bigint
