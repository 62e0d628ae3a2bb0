"""Reading what is not in memory: the stored entries, the vault, the trail. A small pool that never writes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from service import errors
from service.log import connect, reader
from service.log.connect import Connection
from service.log.pulse import Pulse
from service.log.reader import Head

CONNECTIONS_MAX = 4
READ_SECONDS_MAX = 15.0
"""How long somebody may wait for a connection, connecting included, and again how long use it."""
HEAD_SECONDS_MAX = 2.0
"""How long a look at the log's head may take, connecting included."""


class Reader:
    """A few connections, opened when they are needed and thrown away when they fail."""

    def __init__(self, connected: Callable[[], Awaitable[Connection]], pulse: Pulse) -> None:
        self._connected = connected
        self._pulse = pulse
        self._idle: list[Connection] = []
        self._places = asyncio.Semaphore(CONNECTIONS_MAX)
        self._looking = asyncio.Lock()
        self._looks: Connection | None = None

    @asynccontextmanager
    async def connection(self, seconds_max: float | None = READ_SECONDS_MAX) -> AsyncIterator[Connection]:
        """A connection for some reads, for `seconds_max` at most; None: for as long as they take.

        Raises Unavailable when Postgres is away or does not answer, also in the middle of them.
        """
        async with self._place():
            connection = await self._taken()
            try:
                async with asyncio.timeout(seconds_max):
                    with self._pulse.felt(connection):
                        yield connection
            except BaseException as failure:
                if connect.lost(failure):
                    connection.terminate()
                    raise errors.Unavailable("The database is away.", 1) from failure
                if isinstance(failure, asyncio.CancelledError):
                    connection.terminate()  # abandoned in the middle of a statement, perhaps a half-open one
                else:
                    await self._give_back(connection)
                raise
            await self._give_back(connection)

    async def head(self) -> Head:
        """Where the log stands, on a connection of its own, so that no slow read delays it. One look at a time.

        Raises Unavailable when Postgres is away or does not answer within HEAD_SECONDS_MAX.
        """
        async with self._looking:
            try:
                async with asyncio.timeout(HEAD_SECONDS_MAX):
                    if self._looks is None or self._looks.is_closed():
                        self._looks = await self._connected()
                    return await reader.head(self._looks)
            except BaseException as failure:
                if self._looks is not None:
                    self._looks.terminate()
                    self._looks = None
                if connect.lost(failure):
                    raise errors.Unavailable("The database is away.", 1) from failure
                raise

    async def close(self) -> None:
        """Close what is idle."""
        if self._looks is not None:
            await connect.close(self._looks)
            self._looks = None
        while self._idle:
            await connect.close(self._idle.pop())

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        """One of the places for a connection."""
        try:
            async with asyncio.timeout(READ_SECONDS_MAX):
                await self._places.acquire()
        except TimeoutError as failure:
            raise errors.Unavailable("Too many reads are waiting for the database.", 1) from failure
        try:
            yield
        finally:
            self._places.release()

    async def _taken(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        try:
            async with asyncio.timeout(READ_SECONDS_MAX):
                return await self._connected()
        except TimeoutError as failure:
            raise errors.Unavailable("The database does not answer.", 1) from failure

    async def _give_back(self, connection: Connection) -> None:
        if connection.is_in_transaction():
            await connect.close(connection)  # abandoned in the middle: its transaction must not stay open
        elif not connection.is_closed():
            self._idle.append(connection)
