"""Folding a long log at a stretch, before anybody is served: no breath, no journal, no collector."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncGenerator, Iterator

from service import errors
from service.log import reader, recorded
from service.log.connect import Connection
from service.log.recorded import Folded

STRETCH = 2_000
"""Records fetched at once: some two megabytes, and some ten milliseconds of folding."""
_LONG = 20_000
"""Records from which on a load is worth putting the collector off."""


async def stretches(
    connection: Connection, after: int, until: int
) -> AsyncGenerator[tuple[list[Folded], bytes], None]:
    """The decoded records after a position up to another, with the last one's leaf; the loop has a turn between them.

    Raises Broken where a record is missing or is none that this release knows.
    """
    position = after
    if position >= until:
        return
    async with contextlib.aclosing(reader.stretches(connection, after, until, STRETCH)) as found:
        async for stretch in found:
            records = recorded.decode_all_to_fold(stretch.entries, stretch.after, stretch.records)
            position = stretch.after + stretch.records
            yield records, stretch.leaf
            await asyncio.sleep(0)
    if position < until:
        raise errors.Broken(
            f"There is no record at position {position + 1}. `muniment verify` says what else is wrong."
        )


@contextlib.contextmanager
def uncollected(size: int, least: int = _LONG) -> Iterator[None]:
    """Load so many records, or of what else `least` counts, without the collector: it would visit them over and over.

    What was loaded stays for good, and holds no cycles: afterwards the collector never looks at it either.
    """
    if size < least or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()
