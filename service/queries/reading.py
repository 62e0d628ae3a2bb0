"""Reading what is not in memory: the stored entries, the vault, the trail. A small pool that never writes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from service import errors
from service.log import connect
from service.log.connect import Connection

CONNECTIONS_MAX = 4


class Reader:
    """A few connections, opened when they are needed and thrown away when they fail."""

    def __init__(self, connected: Callable[[], Awaitable[Connection]]) -> None:
        self._connected = connected
        self._idle: list[Connection] = []
        self._places = asyncio.Semaphore(CONNECTIONS_MAX)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for some reads. Raises Unavailable when Postgres is away, also in the middle of them."""
        async with self._places:
            connection = await self._taken()
            try:
                yield connection
            except BaseException as failure:
                if connect.lost(failure):
                    connection.terminate()
                    raise errors.Unavailable("The database is away.", 1) from failure
                await self._give_back(connection)
                raise
            await self._give_back(connection)

    async def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            await connect.close(self._idle.pop())

    async def _taken(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return await self._connected()

    async def _give_back(self, connection: Connection) -> None:
        if connection.is_in_transaction():
            await connect.close(connection)  # abandoned in the middle: its transaction must not stay open
        elif not connection.is_closed():
            self._idle.append(connection)
