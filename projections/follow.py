"""Following the log: woken by notifications, and polling, because a notification can be lost.

What this replica wrote itself needs no look: its notifications are passed over. The trail and the spans are advanced
here too, by one replica at a time, and give way to appends: while they go on each takes one page now and then, unless
it is far behind. Whoever reads brings them up to the log first, so that nothing is ever missed.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from projections import span_rows, trail
from projections.replica import Replica
from service import errors
from service.log import connect, reader
from service.log.connect import Connection
from service.log.pulse import Pulse

POLL_SECONDS = 0.5
RECONNECT_SECONDS = 0.5
TRAIL_PACE_SECONDS = 0.1
"""Between two pages of the trail while it is not far behind."""
TRAIL_BEHIND_MAX = 20_000
"""Records beyond which the trail is no longer put off: a search would have to take them all in first."""
_log = structlog.get_logger("muniment.follow")


class Follower:
    """Keeps one replica at the log's head. `behind_since` says how long the database was not heard of."""

    def __init__(
        self,
        replica: Replica,
        schema: str,
        connected: Callable[[], Awaitable[Connection]],
        now: Callable[[], float],
        pulse: Pulse,
    ) -> None:
        self._replica = replica
        self._schema = schema
        self._connected = connected
        self._now = now
        self._pulse = pulse
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.heard = now()
        """When the database's head was last known to be folded here (monotonic seconds)."""
        self._away = False
        self._trail_due = 0.0

    async def start(self) -> None:
        """Begin to follow in the background."""
        self._task = asyncio.create_task(self._run(), name="muniment follower")

    async def stop(self) -> None:
        """Stop following."""
        if self._task is not None:
            await connect.end(self._task)

    def nudge(self) -> None:
        """Look now: something was appended, or somebody asks for what is not here yet."""
        self._wake.set()

    async def _run(self) -> None:
        while True:
            try:
                await self._follow()
            except errors.Broken as failure:
                # Whoever does not follow must not answer either, whatever it was that could not be read.
                self._replica.stopped = self._replica.stopped or failure.sentence
                _log.error("replica stopped", sentence=failure.sentence)
                return
            except Exception as failure:  # noqa: BLE001  # following goes on after every fault but a fork
                if connect.lost(failure) or isinstance(failure, errors.Unavailable):
                    self._lost(failure)
                else:
                    _log.exception("following failed")
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _follow(self) -> None:
        connection = await self._connected()
        try:
            with self._pulse.felt(connection):
                await connection.add_listener(self._schema, self._notified)
            while True:
                self._wake.clear()
                with self._pulse.felt(connection):
                    head = await reader.head(connection)
                    if head.position > self._replica.position or self._replica.head != head:
                        await self._replica.catch_up(connection)
                self._found()
                await self._follow_on(connection)
        finally:
            await connect.close(connection)

    async def _follow_on(self, connection: Connection) -> None:
        """Let the trail and the spans follow, page by page, until it is time to look at the head again.

        It gives way to appends by a pause between two pages, and to nobody where none come; and however often others
        wake this replica, a page is due after each pause.
        """
        until = self._now() + POLL_SECONDS
        caught_up = False
        while True:
            if not caught_up and self._now() >= self._trail_due:
                before = self._replica.position
                with self._pulse.felt(connection):
                    reached, caught_up = await trail.advance_page(connection)
                    spans_reached, spans_caught_up = await span_rows.advance_page(connection)
                reached, caught_up = min(reached, spans_reached), caught_up and spans_caught_up
                hurried = self._replica.position == before or before - reached > TRAIL_BEHIND_MAX
                self._trail_due = self._now() + (0.0 if hurried and not caught_up else TRAIL_PACE_SECONDS)
            now = self._now()
            if self._wake.is_set() or now >= until:
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(until - now if caught_up else min(until, self._trail_due) - now):
                    await self._wake.wait()

    def _notified(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        """Wake for what others wrote. What is folded here is this replica's own; should another have won the same
        position, the writer finds out by itself, and the next poll does in any case."""
        epoch, _, position = str(payload).partition(":")
        head = self._replica.head
        own = head is not None and epoch == head.epoch and position.isdigit()
        if not own or int(position) > self._replica.directory.position:
            self._wake.set()

    def _lost(self, failure: Exception) -> None:
        """One line for an outage, however often it is tried again meanwhile."""
        if not self._away:
            self._away = True
            _log.warning("database lost", position=self._replica.position, error=_told(failure))

    def _found(self) -> None:
        now = self._now()
        if self._away:
            self._away = False
            _log.info("database back", position=self._replica.position, seconds=round(now - self.heard, 1))
        self.heard = now


def _told(failure: Exception) -> str:
    """Our own sentence, or what the driver calls it."""
    return (
        failure.sentence
        if isinstance(failure, errors.MunimentError)
        else f"{type(failure).__name__}: {failure}"
    )
