"""What a tree that is believed began with: the root at an earlier size, without hashing a text.

The nodes come from the stored tiles and leaves, which anybody with the database can change; so they are only taken
where a consistency proof (RFC 6962 section 2.1.2) made of them leads to the root that is believed already.
"""

from service import errors
from service.log import merkle, sql
from service.log.connect import Connection
from service.log.merkle import HASH_BYTES, TILE_WIDTH, Frontier

_TILE_HEIGHT = 8
_NOTHING = bytes(HASH_BYTES)


async def root(connection: Connection, size: int, tree: Frontier) -> bytes:
    """The root of the first `size` leaves of a believed tree. Raises Broken where the stored nodes do not prove it."""
    if not size:
        return merkle.root(_unread, 0)
    wanted: list[tuple[int, int]] = []

    def noted(level: int, index: int) -> bytes:
        wanted.append((level, index))
        return _NOTHING

    merkle.root(noted, size)
    merkle.consistency_proof(noted, size, tree.size)
    nodes = {node: await _node(connection, *node, tree.size) for node in wanted}

    def node(level: int, index: int) -> bytes:
        return nodes[level, index]

    found, proof = merkle.root(node, size), merkle.consistency_proof(node, size, tree.size)
    if not merkle.verify_consistency(size, tree.size, found, tree.root(), proof):
        raise errors.Broken(
            f"The stored tiles do not prove what the log was at position {size}. Run `muniment verify`."
        )
    return found


async def _node(connection: Connection, level: int, index: int, size: int) -> bytes:
    """The root of a perfect subtree as the database has it; anything where it lacks it."""
    tile_level, inside = divmod(level, _TILE_HEIGHT)
    first, count = index << inside, 1 << inside
    tile = first // TILE_WIDTH
    if (tile + 1) * TILE_WIDTH ** (tile_level + 1) <= size:
        rows = await connection.fetch(sql.text("tiles"), tile_level, tile, tile + 1)
        start = first % TILE_WIDTH * HASH_BYTES
        hashes = b"".join(row["hashes"] for row in rows)[start : start + count * HASH_BYTES]
    elif tile_level:
        rows = await connection.fetch(sql.text("tiles"), tile_level - 1, first, first + count)
        hashes = b"".join(merkle.tile_root(row["hashes"]) for row in rows)
    else:
        hashes = await connection.fetchval(sql.text("leaves"), first, first + count) or b""
    return merkle.tile_root(hashes) if len(hashes) == count * HASH_BYTES else _NOTHING


def _unread(_level: int, _index: int) -> bytes:
    return _NOTHING
