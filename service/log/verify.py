"""Proof that the record is what it was: every text against its leaf, tile, checkpoint and copies, in one pass.

Whoever owns the database can change rows in spite of triggers and grants; what cannot be done is to change
them unnoticed below a published checkpoint, whose signing key the database does not have. Checkpoints can be
deleted, so the log is also held against what stands outside: what this machine saw, and notes that were kept
elsewhere. Each kind of disagreement is named at its first position. What only follows from an earlier one is not
reported a second time.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

from service.log import merkle, reader, sql, verify_outside, verify_walk, witness
from service.log.connect import Connection
from service.log.keys import Keys
from service.log.verify_outside import Outside
from service.log.witness import Seen

PAGE = 2_048
"""Records a page: whole tiles, so that each page can be compared with the tiles that it completes."""
UNSIGNED_MAX = timedelta(seconds=40)
"""How old a record without a checkpoint may be: a large batch may be dated 15 s before it is sent, which may take 20,
and signing takes a moment."""
Finding = verify_walk.Finding
Kept = verify_outside.Kept
Report = verify_walk.Report


async def verify(
    connection: Connection,
    keys: Keys,
    progress: Callable[[int, int], None],
    seen: Seen | None = None,
    kept: Sequence[Kept] = (),
    unsigned_max: timedelta = UNSIGNED_MAX,
) -> Report:
    """Read the whole log as it stands now and report the first position of every kind of disagreement.

    `seen` is what this machine remembers of the log, read before; `kept` are notes from elsewhere. `progress` is
    told (positions done, positions in all) after each page. Appends go on meanwhile and are not looked at. The
    connection is in a transaction of its own throughout, so it is not one with a bound on idling. Raises Invalid
    for a note that is none.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        head = await reader.head(connection)
        outside = await verify_outside.gathered(connection, head, seen, kept)
        walk = verify_walk.Walk(head, await connection.fetchval(sql.text("trail_position")), outside)
        for finding in outside.findings:
            walk.found(*finding)
        for start in range(0, head.position, PAGE):
            end = min(start + PAGE, head.position)
            walk.page(await _page(connection, start, end))
            progress(end, head.position)
        beyond = await _beyond(connection, head.position)
        walk.finish(beyond)
        await _signed(connection, walk, beyond, outside, unsigned_max)
        await _under_keys(connection, walk, keys)
    return walk.report()


async def _signed(
    connection: Connection,
    walk: verify_walk.Walk,
    beyond: verify_walk.Beyond,
    outside: Outside,
    unsigned_max: timedelta,
) -> None:
    """Find checkpoints that are gone, by what was seen from here and by how soon each record is followed by one."""
    row = await connection.fetchrow(sql.text("unsigned"), walk.head.position, unsigned_max)
    assert row is not None, "this select always has a row"
    size = row["size"]
    if max(size, beyond.note or 0) < outside.signed:
        walk.found(size + 1, "checkpoint", witness.gone(outside.signed, size))
    if row["overdue"] and beyond.note is None:
        since = row["since"].isoformat(timespec="seconds")
        until = "no record is" if not size else f"only the records up to position {size} are"
        walk.found(
            size + 1,
            "checkpoint",
            f"Unsigned since position {size + 1}, recorded at {since}: {until} covered by a signed checkpoint. A"
            " running service signs within a second, so it was killed before it could, or a checkpoint was deleted.",
        )


async def _under_keys(connection: Connection, walk: verify_walk.Walk, keys: Keys) -> None:
    """Look at what only the key that opened the log can tell."""
    if walk.head.key_check not in (b"", keys.key_check):
        walk.found(1, "key", "The log was opened under another MUNIMENT_KEY than the one given here.")
    else:
        opened = walk.opened
        if opened is not None and keys.signer(opened.origin).verifier != opened.verifier:
            walk.found(1, "opening", "Record 1 names another verifier key than this MUNIMENT_KEY yields.")
        for position, added in walk.added[-1:]:
            if added.fingerprint not in keys.fingerprints:
                walk.found(
                    position, "key", f"The key {added.fingerprint}, added there, is missing in MUNIMENT_KEY."
                )
        for position, sentence in await walk.keys.disagreements(connection, keys):
            walk.found(position, "key", sentence)
    async for position, sentence in walk.vault.disagreements(connection, keys):
        walk.found(position, "vault", sentence)


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
