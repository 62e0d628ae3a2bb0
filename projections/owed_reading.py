"""Reading what is owed out of Postgres: all of it at a position, page by page, and what changed it since."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

import msgspec

from projections import span_rows
from projections.deliveries import Owed, OwingEvent
from service.log import recorded
from service.log.connect import Connection
from service.log.recorded import Folded

PAGE: Final = 1_000
RECORDS: Final = 100
"""Of the log at a time: each may bring about hundreds of requests, and they are decoded at one stroke."""
PAGE_SECONDS_MAX: Final = 30.0
"""What is owed no more lies between what is, however long the history is."""
KINDS: Final = tuple(sorted(str(one.__struct_config__.tag) for one in OwingEvent.__args__))
"""The kinds of record that change what is owed."""


class Count(msgspec.Struct, frozen=True):
    """How many requests are owed, and since when the oldest one is (ISO 8601); empty where there is none."""

    owed: int
    since: str


async def position(connection: Connection) -> int:
    """Up to where the rows are written: a position at which they can be read as they were."""
    reached: int = await connection.fetchval(span_rows.statement("span_position"))
    return reached


async def pages(connection: Connection, at: int) -> AsyncGenerator[list[Owed], None]:
    """Everything that was owed at a position, in one pass over the rows, page by page; the last one may be empty.

    Raises TimeoutError where a page takes too long.
    """
    async with connection.transaction(readonly=True):
        cursor = await connection.cursor(span_rows.statement("owed_at"), at)
        rows = None
        while rows is None or len(rows) == PAGE:
            async with asyncio.timeout(PAGE_SECONDS_MAX):
                rows = await cursor.fetch(PAGE)
            yield [span_rows.decoded(Owed.noun, row["value"]) for row in rows]


async def changes(connection: Connection, after: int, until: int) -> list[Folded]:
    """The next records that change what is owed; fewer than RECORDS are the last.

    Raises Broken for an unreadable one.
    """
    rows = await connection.fetch(span_rows.statement("owed_records"), after, until, KINDS, RECORDS)
    return [recorded.decode_to_fold(row["entry"], row["position"]) for row in rows]


async def count(connection: Connection) -> Count:
    """How many are owed as far as the rows are written."""
    row = await connection.fetchrow(span_rows.statement("owed_count"))
    assert row is not None, "an aggregate is always one row"
    return Count(row["owed"], "" if row["since"] is None else row["since"].isoformat(timespec="seconds"))
