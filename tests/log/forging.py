"""What a superuser of the database can do who has everything but MUNIMENT_KEY: rewrite history without a seam."""

from service.log import merkle
from service.log.connect import Connection


async def rewrite(connection: Connection, position: int, before: str, after: str) -> None:
    """Let a record say something else, and make its leaf, every tile and the head's tree anew. Checkpoints stay."""
    await connection.execute("set session_replication_role = replica")
    entry = await connection.fetchval("select entry from log where position = $1", position)
    assert before in entry, "the record says what is to be forged"
    forged = entry.replace(before, after)
    await connection.execute(
        "update log set entry = $2, leaf = $3 where position = $1",
        position,
        forged,
        merkle.leaf_hash(forged.encode()),
    )
    await remake(connection)


async def remake(connection: Connection) -> None:
    """Leaves' tree as the records now make it, in the head and in the tiles of the lowest level."""
    await connection.execute("set session_replication_role = replica")
    leaves = [row["leaf"] for row in await connection.fetch("select leaf from log order by position")]
    tree = merkle.Frontier()
    for leaf in leaves:
        tree.append(leaf)
    for index in range(len(leaves) // merkle.TILE_WIDTH):
        hashes = b"".join(leaves[index * merkle.TILE_WIDTH : (index + 1) * merkle.TILE_WIDTH])
        await connection.execute("update tile set hashes = $2 where level = 0 and index = $1", index, hashes)
    await connection.execute(
        "update log_head set frontier = $1, position = $2,"
        " recorded_at = (select recorded_at from log where position = $2)",
        tree.encode(),
        tree.size,
    )


async def cut(connection: Connection, position: int) -> None:
    """Take away every record, tile and checkpoint behind a position, as if it had never been."""
    await connection.execute("set session_replication_role = replica")
    await connection.execute("delete from log where position > $1", position)
    await connection.execute("delete from checkpoint where size > $1", position)
    await connection.execute("delete from tile where (index + 1) * 256 > $1", position)
    await remake(connection)
