"""Appending to the record. Only `service.handling` may import this module: there is one door for writing.

An append is one statement and so one transaction (a bulk deletion is several statements in one): head, records, vault
rows, person keys, idempotency rows and completed tiles are all there or none is. It moves the head only from exactly
where the caller believed it, under the head's row lock; so positions are gapless, and two replicas never both win. A
crash in the middle leaves nothing. A lost reply leaves the question open: the caller reads the log again, as a follower
does, and looks for its event ids, after `barrier` proved that commits are durable.
"""

import time
from collections.abc import Sequence
from datetime import timedelta

import asyncpg
import msgspec

from service import errors
from service.log import batches, merkle, sql
from service.log.batches import Batch
from service.log.connect import Connection
from service.log.reader import Head, head_of
from service.vocabulary import KeyId

BEHIND_MAX = timedelta(seconds=5)
BEHIND_LARGE_MAX = timedelta(seconds=15)
"""The same of a batch that takes several statements. Its records are all dated when their sealing and encoding begins,
which on a busy machine takes seconds: whoever deletes or restores a hundred thousand things must get through there."""
AHEAD_MAX = timedelta(seconds=1)
PIECES_SECONDS_MAX = 20.0
"""How long the pieces of one batch may take: what is recorded later than its date by more is never settled."""
_IDEMPOTENCY_KEY = "idempotency_pkey"
_NO_ROOM = (asyncpg.InsufficientResourcesError, asyncpg.PostgresSystemError)
"""What Postgres says where a disk is full or broken: the statement, and with it all of the batch, was not done."""


class KeyUsed(Exception):
    """An idempotency key of the batch was used before, by another replica: nothing of the batch was written."""


class Prepared(msgspec.Struct, frozen=True):
    """A batch on its way: what is sent, and the head that will stand after it."""

    head: Head
    batch: Batch
    key_check: bytes
    leaves: list[bytes]
    after: Head
    behind_max: timedelta
    arguments: tuple[object, ...]
    further: tuple[tuple[object, ...], ...] = ()
    """Records beyond the first statement, each with its arguments."""


async def append(connection: Connection, head: Head, batch: Batch, key_check: bytes) -> Head | None:
    """Write the batch behind `head` in one statement and return the new head; None when the head had moved.

    Works in autocommit, as the first try, and inside a transaction after `lock`. Raises KeyUsed, Unavailable
    when the batch's time is more than 5 s (15 s, if it is large) behind or 1 s ahead of the database's clock, Broken
    when the log belongs to another account or MUNIMENT_KEY, and asyncpg's own errors when the connection is lost
    (`connect.lost`).
    """
    return await append_prepared(connection, prepared(head, batch, key_check))


def prepared(head: Head, batch: Batch, key_check: bytes) -> Prepared:
    """What an append sends, computed: leaves, the new head, one array a column. Pure, so a thread can do it as well."""
    leaves = _check(head, batch)
    after = _grown(head, batch, leaves, key_check)
    first, *more = batches.pieces(batch)
    behind_max = BEHIND_LARGE_MAX if more else BEHIND_MAX
    arguments = (
        *_head_arguments(head, batch, after, behind_max),
        *batches.record_arguments(batch, leaves, first),
    )
    further = tuple(
        (*batches.record_arguments(batch, leaves, piece), batch.entries[0][0].recorded_at) for piece in more
    )
    return Prepared(head, batch, key_check, leaves, after, behind_max, arguments, further)


async def append_prepared(connection: Connection, ready: Prepared) -> Head | None:
    """`append` of what was prepared. A batch too large for one statement is several in one transaction."""
    try:
        return await _append_whole(connection, ready)
    except _NO_ROOM as failure:
        raise errors.Unavailable(
            f"Postgres has no room left, or cannot write ({type(failure).__name__}). Nothing was written."
        ) from failure


async def _append_whole(connection: Connection, ready: Prepared) -> Head | None:
    if not ready.further:
        return await _append(connection, ready)
    began = time.monotonic()
    async with connection.transaction():
        after = await _append(connection, ready)
        if after is not None:
            for arguments in ready.further:
                await connection.execute(sql.text("append_more"), *arguments)
                if time.monotonic() - began > PIECES_SECONDS_MAX:
                    raise errors.Unavailable(
                        f"Postgres took more than {PIECES_SECONDS_MAX:.0f} s for a part of this deletion. Nothing was"
                        " written; delete less at once.",
                        5,
                    )
    return after


async def _append(connection: Connection, ready: Prepared) -> Head | None:
    head, batch, after = ready.head, ready.batch, ready.after
    tiles = await _completed(connection, head, ready.leaves)
    arguments = ready.arguments
    statement = "append_records"
    if tiles or batch.vault_put or batch.vault_delete or batch.person_keys or batch.idempotency:
        statement = "append"
        arguments += (*batches.beside_arguments(batch), *batches.columns(tiles, 3))
    try:
        row = await connection.fetchrow(sql.text(statement), *arguments)
    except asyncpg.UniqueViolationError as failure:
        if failure.constraint_name == _IDEMPOTENCY_KEY:
            raise KeyUsed from failure
        raise
    if row is not None:
        return after
    await _refuse(connection, ready)
    return None


async def lock(connection: Connection) -> Head:
    """The head, locked until the transaction ends: nobody else appends meanwhile.

    The tail is read by a second statement, whose snapshot is younger than the lock (READ COMMITTED).
    """
    assert connection.is_in_transaction(), "a lock outside a transaction is gone at once"
    row = await connection.fetchrow(sql.text("lock_head"))
    assert row is not None, "the migration inserts the one row, and a trigger keeps it"
    return head_of(row)


async def barrier(connection: Connection) -> None:
    """Returns once a commit of its own is durable, and so every commit that was visible before it.

    After a lost reply a record may be visible before it reached the standby; behind a barrier it may be acknowledged.
    """
    await connection.execute(sql.text("barrier"))


async def adopt_epoch(connection: Connection, locked: Head, epoch: str) -> Head:
    """The locked head under a new epoch, for the record of a restoration that follows in the same transaction."""
    await connection.execute(sql.text("adopt_epoch"), locked.epoch, epoch)
    return msgspec.structs.replace(locked, epoch=epoch)


async def destroy(connection: Connection, keys: Sequence[KeyId]) -> None:
    """Delete people's keys for good, in the transaction of the record that says so, under the head's lock."""
    assert connection.is_in_transaction(), "a key must not go without its record"
    await connection.execute(sql.text("destroy_person_keys"), list(keys))


def _check(head: Head, batch: Batch) -> list[bytes]:
    """The leaves; ValueError for a batch that does not follow the head, which is a defect of the caller."""
    if not batch.entries:
        raise ValueError("a batch without a record appends nothing")
    position, at = head.position, head.recorded_at
    for record, _ in batch.entries:
        position += 1
        if record.position != position:
            raise ValueError(f"the record for position {position} says {record.position}")
        if record.recorded_at <= at:
            raise ValueError(f"the record at position {position} is not later than the one before it")
        at = record.recorded_at
    return [merkle.leaf_hash(entry) for _, entry in batch.entries]


def _grown(head: Head, batch: Batch, leaves: Sequence[bytes], key_check: bytes) -> Head:
    frontier = merkle.Frontier.decode(head.frontier)
    for leaf in leaves:
        frontier.append(leaf)
    last, _ = batch.entries[-1]
    return msgspec.structs.replace(
        head,
        position=last.position,
        recorded_at=last.recorded_at,
        frontier=frontier.encode(),
        key_check=key_check,
    )


async def _completed(
    connection: Connection, head: Head, leaves: Sequence[bytes]
) -> list[tuple[int, int, bytes]]:
    """The tiles that the batch completes, which is rare: only then are earlier hashes read. They can never change."""
    tiles: dict[tuple[int, int], bytes] = {}
    for level, index in merkle.completed_tiles(head.position, head.position + len(leaves)):
        first, end = index * merkle.TILE_WIDTH, (index + 1) * merkle.TILE_WIDTH
        if level == 0:
            own = leaves[max(first - head.position, 0) : end - head.position]
            stored = (
                await connection.fetchval(sql.text("leaves"), first, end - len(own))
                if len(own) < end - first
                else b""
            )
            hashes = stored + b"".join(own)
        else:
            below = [tiles[level - 1, at] for at in range(first, end) if (level - 1, at) in tiles]
            rows = await connection.fetch(sql.text("tiles"), level - 1, first, end - len(below))
            hashes = b"".join(merkle.tile_root(tile) for tile in [*(row["hashes"] for row in rows), *below])
        tiles[level, index] = hashes
    return [(level, index, hashes) for (level, index), hashes in tiles.items()]


def _head_arguments(head: Head, batch: Batch, after: Head, behind_max: timedelta) -> tuple[object, ...]:
    first, _ = batch.entries[0]
    return (
        head.account, head.epoch, head.position, first.recorded_at,
        after.position, after.recorded_at, after.frontier, after.key_check, behind_max, AHEAD_MAX,
    )  # fmt: skip


async def _refuse(connection: Connection, ready: Prepared) -> None:
    """Why the head did not move: silent when somebody else moved it, an error for what trying again will not cure."""
    head, batch, key_check, behind_max = ready.head, ready.batch, ready.key_check, ready.behind_max
    found = await connection.fetchrow(sql.text("head_and_clock"))
    assert found is not None, "the migration inserts the one row, and a trigger keeps it"
    if found["account"] != head.account:
        raise errors.Broken(
            f"This database holds the log of account {found['account']}, not of {head.account}."
        )
    if found["key_check"] not in (b"", key_check):
        raise errors.Broken(
            "The log was opened under another MUNIMENT_KEY. Start with that one; nothing was written."
        )
    if found["epoch"] != head.epoch or found["position"] != head.position:
        return
    skew = batch.entries[-1][0].recorded_at - found["clock"]
    if skew < -behind_max:
        raise errors.Unavailable(
            f"This machine's clock is {-skew.total_seconds():.1f} s behind the database's (or the append waited that"
            f" long); at most {behind_max.total_seconds():.0f} s are allowed. Nothing was written."
        )
    if skew > AHEAD_MAX:
        raise errors.Unavailable(
            f"This machine's clock is {skew.total_seconds():.1f} s ahead of the database's; at most"
            f" {AHEAD_MAX.total_seconds():.0f} s are allowed. Nothing was written."
        )
