"""Proof that the record is what it was: every text against its leaf, tile, checkpoint and copies, in one pass.

Whoever owns the database can change rows in spite of triggers and grants; what cannot be done is to change
them unnoticed below a published checkpoint, whose signing key the database does not have. Each kind of disagreement is
named at its first position. What only follows from an earlier one is not reported a second time.
"""

from collections.abc import Callable

from service.log import merkle, reader, sql, verify_walk
from service.log.connect import Connection
from service.log.keys import Keys

PAGE = 2_048
"""Records a page: whole tiles, so that each page can be compared with the tiles that it completes."""
Finding = verify_walk.Finding
Report = verify_walk.Report


async def verify(connection: Connection, keys: Keys, progress: Callable[[int, int], None]) -> Report:
    """Read the whole log as it stands now and report the first position of every kind of disagreement.

    `progress` is told (positions done, positions in all) after each page. Appends go on meanwhile and are not
    looked at. The connection is in a transaction of its own throughout, so it is not one with a bound on idling.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        head = await reader.head(connection)
        walk = verify_walk.Walk(head, await connection.fetchval(sql.text("trail_position")))
        if head.key_check not in (b"", keys.key_check):
            walk.found(1, "key", "The log was opened under another MUNIMENT_KEY than the one given here.")
        for start in range(0, head.position, PAGE):
            end = min(start + PAGE, head.position)
            walk.page(await _page(connection, start, end))
            progress(end, head.position)
        walk.finish(await _beyond(connection, head.position))
        async for position, sentence in walk.vault.disagreements(connection, keys):
            walk.found(position, "vault", sentence)
    return walk.report()


async def _page(connection: Connection, start: int, end: int) -> verify_walk.Page:
    tiles = list(merkle.completed_tiles(start, end))
    levels, indexes = [level for level, _ in tiles], [index for _, index in tiles]
    return verify_walk.Page(
        start=start,
        end=end,
        rows={row["position"]: row for row in await connection.fetch(sql.text("verify_page"), start, end)},
        trail={row["position"]: row for row in await connection.fetch(sql.text("verify_trail"), start, end)},
        notes={
            row["size"]: row["note"] for row in await connection.fetch(sql.text("verify_notes"), start, end)
        },
        tiles={
            (row["level"], row["index"]): row["hashes"]
            for row in await connection.fetch(sql.text("verify_tiles"), levels, indexes)
        },
    )


async def _beyond(connection: Connection, position: int) -> verify_walk.Beyond:
    row = await connection.fetchrow(sql.text("verify_beyond"), position)
    assert row is not None, "this select always has a row"
    return verify_walk.Beyond(**row)
