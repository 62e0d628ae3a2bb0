"""A watch over the database's head, on a connection of its own, and from it whether requests should be sent here.

What follows the log may itself be what hangs. So readiness is measured against the database, by somebody who does
nothing else: each look asks where the log stands and what time it is there, and gives up after a second.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from projections.replica import Replica
from service import errors, handling
from service.handling import Handler
from service.log import connect, sql
from service.log.connect import Connection

INTERVAL_SECONDS: Final = 0.5
LOOK_SECONDS_MAX: Final = 1.0
READY_SECONDS_MAX: Final = 2.0
"""How old the last look, and how far behind it this replica, may be where it is called ready."""
APPEND_SECONDS_MAX: Final = 5.0
"""How long an append may wait for its commit before it counts as stuck: a standby that is waited for is gone, say."""
TRANSACTIONS_EVERY_SECONDS: Final = 10.0
_WANTED_MAX: Final = 64
_log = structlog.get_logger("muniment.vigil")


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What the database said, and when (monotonic seconds). `skew`: how far this machine's clock is ahead."""

    at: float
    position: int
    epoch: str
    trail: int
    spans: int
    signed: int
    skew: timedelta
    read_only: bool


class Backlog:
    """Since when something has been wanted that is not reached yet, by the positions that were seen and when."""

    def __init__(self) -> None:
        self._wanted: deque[tuple[float, int]] = deque()

    def want(self, at: float, position: int) -> None:
        """A position was seen at this moment (monotonic seconds, never earlier than the one before)."""
        if self._wanted and position <= self._wanted[-1][1]:
            return
        if len(self._wanted) >= _WANTED_MAX:
            self._wanted.pop()  # so far behind, it is the oldest wish that tells
        self._wanted.append((at, position))

    def seconds(self, reached: int, now: float) -> float:
        """For how long the oldest wanted position beyond `reached` has been wanted; 0.0 where there is none."""
        while self._wanted and reached >= self._wanted[0][1]:
            self._wanted.popleft()
        return now - self._wanted[0][0] if self._wanted else 0.0


class Vigil:
    """Watches for one replica. `stopping` is set once the service was told to stop: it is not ready from then on."""

    def __init__(
        self,
        replica: Replica,
        handler: Handler,
        connected: Callable[[], Awaitable[Connection]],
        clock: Callable[[], datetime],
    ) -> None:
        self.stopping = False
        self.last: Look | None = None
        self.oldest_transaction_seconds: float | None = None
        self._replica = replica
        self._handler = handler
        self._connected = connected
        self._clock = clock
        self._connection: Connection | None = None
        self._began: float | None = None
        self._transactions_at = 0.0
        self._unfolded = Backlog()
        self._unsigned = Backlog()
        self._task: asyncio.Task[None] | None = None
        self._proof: asyncio.Task[None] | None = None

    # -- what it says ------------------------------------------------------------------------------------

    def why_not(self) -> str:
        """Why requests should not be sent here now, in one sentence; empty where they should."""
        if self.stopping:
            return "The service is shutting down."
        if self._replica.stopped:
            return f"This replica has stopped: {self._replica.stopped}"
        last, now = self.last, time.monotonic()
        if last is None or now - last.at > READY_SECONDS_MAX:
            return "The database does not answer."
        if (behind := self.behind_seconds()) > READY_SECONDS_MAX:
            return (
                f"This replica is at position {self._replica.position} and has been behind the log's, "
                f"{last.position}, for {behind:.0f} s."
            )
        if not -handling.CLOCK_BEHIND_MAX < last.skew < handling.CLOCK_AHEAD_MAX:
            return (
                f"This machine's clock is {abs(last.skew.total_seconds()):.1f} s "
                f"{'ahead of' if last.skew > timedelta() else 'behind'} the database's: nothing can be recorded."
            )
        if last.read_only:
            return "The database takes no writes: it is a standby, or was set to be read only."
        if self._handler.appending_seconds() > APPEND_SECONDS_MAX:
            return f"An append has been waiting for its commit for {self._handler.appending_seconds():.0f} s."
        if self._handler.failing:
            return "The database did not take the last write, and none has succeeded since."
        return ""

    def behind_seconds(self) -> float:
        """How long the database has had a record that is not committed here; 0.0 at its head."""
        return self._unfolded.seconds(self._replica.position, time.monotonic())

    def age_seconds(self) -> float:
        """How long ago what is held here was all that the database held, as far as is known; 0.0 before `start`.

        Where no look has succeeded it was all there was when this began to watch, right after the log was read.
        """
        heard = self.last.at if self.last is not None else self._began
        return max(time.monotonic() - heard, self.behind_seconds()) if heard is not None else 0.0

    def unsigned_seconds(self) -> float:
        """How long the log has had a record that no checkpoint covers; 0.0 where all are covered."""
        return self._unsigned.seconds(self.last.signed if self.last else 0, time.monotonic())

    # -- how it knows ------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Look once, so that there is something to say, and go on in the background."""
        self._began = time.monotonic()
        await self._quietly()
        self._task = asyncio.create_task(self._run(), name="muniment vigil")

    async def stop(self) -> None:
        """Stop watching."""
        for task in (self._task, self._proof):
            if task is not None:
                await connect.end(task)
        if self._connection is not None:
            await connect.close(self._connection)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            await self._quietly()

    async def _quietly(self) -> None:
        try:
            async with asyncio.timeout(LOOK_SECONDS_MAX):
                await self._look()
        except Exception as failure:  # noqa: BLE001  # the watch goes on after every fault; what it says grows old
            if self._connection is not None:
                self._connection.terminate()  # a half-open one would never answer
                self._connection = None
            if not (connect.lost(failure) or isinstance(failure, errors.MunimentError)):
                _log.exception("vigil failed")

    async def _look(self) -> None:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._connected()
        before, began = self._clock(), time.monotonic()
        row = await self._connection.fetchrow(sql.text("vigil"))
        assert row is not None, "the migration inserts the one row, and a trigger keeps it"
        took = time.monotonic() - began
        look = Look(
            at=began,
            position=row["position"],
            epoch=row["epoch"],
            trail=row["trail"],
            spans=row["spans"],
            signed=row["signed"],
            skew=before + timedelta(seconds=took / 2) - row["clock"],
            read_only=row["read_only"],
        )
        self._unfolded.want(look.at, look.position)
        self._unsigned.want(look.at, look.position)
        self.last = look
        if self._handler.failing and (self._proof is None or self._proof.done()):
            self._proof = asyncio.create_task(self._prove(), name="muniment proof")
        if began - self._transactions_at >= TRANSACTIONS_EVERY_SECONDS:
            self._transactions_at = began
            self.oldest_transaction_seconds = await self._connection.fetchval(sql.text("oldest_transaction"))

    async def _prove(self) -> None:
        """Find out whether writes are taken again. While this replica is not ready nobody else would try."""
        try:
            await self._handler.prove()
        except Exception as failure:  # noqa: BLE001  # the next look tries again
            if not (connect.lost(failure) or isinstance(failure, errors.MunimentError)):
                _log.exception("proof failed")
