"""Whether Postgres still works on what is waited for: a connection may fall silent for good without ever being closed.

A firewall that forgets a connection, or a machine that vanishes, sends no word of it, and what was sent last is tried
again by the kernel for a quarter of an hour. No bound on the statement would do instead: a commit that waits for its
standby, or for another replica's lock, is alive however long it takes. So after some seconds without a reply Postgres
is asked over another connection what the first one's backend does. If it twice had nothing to do, since the same
moment, the reply or the statement was lost on the way. The connection is then ended, and whoever waits learns of it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

import structlog

from service import errors
from service.log import connect, sql
from service.log.connect import Connection

FIRST_SECONDS: Final = 2.0
"""Most statements are answered within milliseconds; only what takes longer is asked about."""
INTERVAL_SECONDS: Final = 1.0
"""Between two looks: a reply that was on its way during the first one has arrived by the second."""
LOOK_SECONDS_MAX: Final = 5.0
_log = structlog.get_logger("muniment.pulse")


class Pulse:
    """Feels connections. `connected` opens the one that asks, which is closed again after each look."""

    def __init__(self, connected: Callable[[], Awaitable[Connection]]) -> None:
        self._connected = connected
        self._feeling: set[asyncio.Task[None]] = set()
        self._resting: set[Connection] = set()

    @contextmanager
    def felt(self, connection: Connection) -> Iterator[None]:
        """Statements on the connection for as long as the context lasts end by `connect.lost` if it is dead."""
        feeling: list[asyncio.Task[None]] = []

        def begin() -> None:
            task = asyncio.create_task(self._feel(connection), name="muniment pulse")
            feeling.append(task)
            self._feeling.add(task)
            task.add_done_callback(self._feeling.discard)

        timer = asyncio.get_running_loop().call_later(FIRST_SECONDS, begin)
        try:
            yield
        finally:
            timer.cancel()
            for task in feeling:
                task.cancel()

    @contextmanager
    def resting(self, connection: Connection) -> Iterator[None]:
        """Nothing is waited for meanwhile: a backend without anything to do is no sign then."""
        self._resting.add(connection)
        try:
            yield
        finally:
            self._resting.discard(connection)

    async def _feel(self, connection: Connection) -> None:
        backend = connection.get_server_pid()
        before = None
        while not connection.is_closed():
            now = None if connection in self._resting else await self._idle_since(backend)
            if now is not None and now == before and connection not in self._resting:
                _log.warning("connection fell silent", backend=backend)
                connection.terminate()
                return
            before = now
            await asyncio.sleep(INTERVAL_SECONDS)

    async def _idle_since(self, backend: int) -> str | None:
        """Since when the backend has nothing to do, or that it is gone; None while it works, or nobody answers."""
        asking: Connection | None = None
        try:
            async with asyncio.timeout(LOOK_SECONDS_MAX):
                asking = await self._connected()
                since: str = await asking.fetchval(sql.text("idle_since"), backend)
                return since
        except Exception as failure:  # noqa: BLE001  # whatever keeps it from asking, the next look tries again
            if not (connect.lost(failure) or isinstance(failure, errors.MunimentError)):
                _log.exception("pulse failed")
            return None
        finally:
            if asking is not None:
                asking.terminate()
