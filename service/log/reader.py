"""Reading the record: the head, and records in their order. Nothing here can write.

Every read that matters names positions, and a position that was read once never changes. The tail after a
position is read by key, so it neither misses nor repeats while others append.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime

import asyncpg
import msgspec

from service.log import recorded, sql
from service.log.connect import Connection
from service.vocabulary import EventId, PrincipalId, VaultRef


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """Where the log stands, and of which log and server it is.

    `epoch` changes when a person says that the database was restored; `system_identifier` and `timeline` come
    from the server itself and tell of another copy or a failover. `key_check` is empty until the account was opened.
    """

    account: str
    epoch: str
    position: int
    recorded_at: datetime
    frontier: bytes
    key_check: bytes
    system_identifier: str
    timeline: int


class Row(msgspec.Struct, frozen=True):
    """One stored record: its exact text and the leaf that was computed when it was written."""

    position: int
    event_id: EventId
    entry: str
    leaf: bytes


class Stretch(msgspec.Struct, frozen=True):
    """Records that follow each other after the position `after`, a line each, and the last one's leaf.

    A line is the record's text up to its event and `}`: what stands behind the event no fold reads.
    """

    after: int
    records: int
    entries: str
    leaf: bytes


class IdempotencyRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a request with a key was answered: rendered again from the state at `last_position`."""

    principal: PrincipalId
    key: str
    fingerprint: bytes
    status: int
    first_position: int
    last_position: int


async def head(connection: Connection) -> Head:
    """The committed head as this connection's server sees it."""
    row = await connection.fetchrow(sql.text("head"))
    assert row is not None, "the migration inserts the one row, and a trigger keeps it"
    return head_of(row)


async def page(connection: Connection, after: int, limit: int) -> list[Row]:
    """Up to `limit` records after a position, in order."""
    return [Row(*row) for row in await connection.fetch(sql.text("page"), after, limit)]


async def page_of_bytes(connection: Connection, after: int, limit: int, bytes_max: int) -> list[Row]:
    """`page`, ended by the record that reaches so many bytes: records of a bulk deletion are large."""
    return [Row(*row) for row in await connection.fetch(sql.text("page_of_bytes"), after, limit, bytes_max)]


async def stretches(
    connection: Connection, after: int, until: int, limit: int
) -> AsyncGenerator[Stretch, None]:
    """Every record after a position up to another that is in the log, `limit` at a time; the last stretch may be short.

    While the caller works on one stretch the next is on its way, so the connection must not be used for anything else.
    Ends early where records are missing.
    """

    async def fetched(position: int) -> Stretch:
        row = await connection.fetchrow(sql.text("stretch"), position, until, limit, recorded.BEHIND)
        assert row is not None, "an aggregate is always one row"
        return Stretch(position, row["records"], row["entries"], row["leaf"] or b"")

    ahead = asyncio.create_task(fetched(after))
    try:
        while (stretch := await ahead).records:
            position = stretch.after + stretch.records
            if position >= until:
                yield stretch
                return
            ahead = asyncio.create_task(fetched(position))
            await asyncio.sleep(0)  # the request leaves before the caller begins
            yield stretch
    finally:
        ahead.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await ahead


async def entry_at(connection: Connection, position: int) -> Row | None:
    """The record at a position, or None beyond the head."""
    row = await connection.fetchrow(sql.text("entry_at"), position)
    return None if row is None else Row(*row)


async def position_of_event(connection: Connection, event_id: EventId) -> int | None:
    """Where the event with this id stands, or None."""
    position: int | None = await connection.fetchval(sql.text("position_of_event"), event_id)
    return position


async def position_at_time(connection: Connection, at: datetime) -> int:
    """The last position recorded at or before an instant; 0 before the first."""
    position: int | None = await connection.fetchval(sql.text("position_at_time"), at)
    return position or 0


async def idempotent(
    connection: Connection, principal: PrincipalId, keys: Sequence[str]
) -> dict[str, IdempotencyRow]:
    """What this principal's requests with these keys were answered; keys that were never used are absent."""
    rows = await connection.fetch(sql.text("idempotent"), principal, list(keys))
    return {row["key"]: IdempotencyRow(**row) for row in rows}


async def vault(connection: Connection, ref: VaultRef) -> bytes | None:
    """The ciphertext under a ref, or None once it was superseded."""
    ciphertext: bytes | None = await connection.fetchval(sql.text("vault_row"), ref)
    return ciphertext


async def vault_rows(connection: Connection, refs: Sequence[VaultRef]) -> dict[VaultRef, bytes]:
    """The ciphertexts under several refs; superseded ones are absent."""
    rows = await connection.fetch(sql.text("vault_rows"), list(refs))
    return {VaultRef(row["ref"]): row["ciphertext"] for row in rows}


def head_of(row: asyncpg.Record) -> Head:
    """The head in a row of `head.sql` or `lock_head.sql`."""
    return Head(**row)
