"""Long lists without a long breath held: whoever else waits for the event loop, a decision first, gets its turn.

A list is filtered, ordered and encoded row by row; what is handed on is encoded already, so that joining the answer
costs no more than copying it. The rows are of one view, which stays what it is while others write. What cannot be
done in pieces, such as reading a large body, is done beside the loop.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

import msgspec

T = TypeVar("T")
R = TypeVar("R")
HELD_SECONDS_MAX: Final = 0.004
"""How long the event loop is held between two breaths, apart from the one row that outlasts it."""

LARGE_BYTES: Final = 65_536
"""From where on it takes long enough to read a body, or to compare two, to hold others up."""


async def beside(size: int, work: Callable[[], R]) -> R:
    """What `work` makes of that many bytes: beside the event loop where they are many. It must share nothing."""
    return work() if size < LARGE_BYTES else await asyncio.to_thread(work)


async def each(rows: Iterable[T], do: Callable[[T], R]) -> list[R]:
    """What `do` makes of every row, in their order."""
    found: list[R] = []
    until = time.monotonic() + HELD_SECONDS_MAX
    for row in rows:
        found.append(do(row))
        if time.monotonic() >= until:
            await asyncio.sleep(0)
            until = time.monotonic() + HELD_SECONDS_MAX
    return found


async def kept(rows: Iterable[T], wanted: Callable[[T], bool]) -> list[T]:
    """The rows that are wanted, in their order."""
    found: list[T] = []

    def look(row: T) -> None:
        if wanted(row):
            found.append(row)

    await each(rows, look)
    return found


async def drawn(rows: Iterable[T], draw: Callable[[T], object]) -> list[msgspec.Raw]:
    """Every row as its document, encoded: they stand in a document around them as they are."""
    return await each(rows, lambda row: msgspec.Raw(msgspec.json.encode(draw(row))))
