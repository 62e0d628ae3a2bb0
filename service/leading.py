"""Which replica sends what webhooks owe: the one whose session in Postgres holds a lock.

The lock ends with the session, so whoever dies, or whose connection is lost, makes room within a second. One that was
frozen makes room too: Postgres ends a session of which it hears nothing for some seconds. And whoever leads learns of
it by the next statement, which comes twice a second.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from projections import span_rows
from service.log import connect
from service.log.connect import Connection

ASK_SECONDS: Final = 1.0
"""Between two questions of somebody who does not lead, whether the lock is free."""
SILENCE_SECONDS_MAX: Final = 10
"""After so long without a word Postgres ends the session of whoever leads."""
REPLY_SECONDS_MAX: Final = 5.0


@asynccontextmanager
async def leading(
    connected: Callable[[], Awaitable[Connection]], wanted: Callable[[], bool], *, watching: bool = False
) -> "AsyncIterator[Connection | None]":
    """The connection that holds the lock, once it does; None where it is no longer `wanted` before.

    With `watching` it holds none: whoever must not send leaves the lead to those who may.

    Raises what a lost connection raises (`connect.lost`), Unavailable where there is none.
    """
    connection = await connected()
    try:
        locked = watching
        while wanted() and not locked:
            async with asyncio.timeout(REPLY_SECONDS_MAX):
                locked = await connection.fetchval(span_rows.statement("lock_webhooks"))
            if not locked:
                await asyncio.sleep(ASK_SECONDS)
        if locked and not watching:
            async with asyncio.timeout(REPLY_SECONDS_MAX):
                await connection.execute(
                    span_rows.statement("lock_no_longer_than_heard"), f"{SILENCE_SECONDS_MAX}s"
                )
        yield connection if locked else None
    finally:
        await connect.close(connection)
