"""Reads that see what other replicas wrote: clients of PactFlow write to one and read from another, and never wait.

Before such a read the database's head is learned and waited for. One query serves all who wait; whoever
comes while it runs waits for the next, since the running one may have looked before they wrote.
"""

import asyncio
import time

import structlog

from service import errors
from service.http.edge import Edge
from service.log import connect

WAIT_SECONDS_MAX = 2.0
"""After this, and as long for the look itself, a read goes on with what is here; its answer names its position."""
TOLD_SECONDS = 1.5
"""From this age on an answer says its age. While the database is heard, one is half a second old at most."""
_log = structlog.get_logger("muniment.freshness")


class Heads:
    """Learns the head for everybody who waits. One for each application."""

    def __init__(self) -> None:
        self._next: asyncio.Event | None = None
        self._learning: asyncio.Task[None] | None = None
        self._failed_at: float | None = None
        self._missed = 0
        """A position that did not arrive in time. Until it has, nobody waits for anything."""

    async def caught_up(self, edge: Edge) -> None:
        """Return once this replica holds all that was committed when this was called, or after some seconds.

        A database that is away is no error: reads go on, and say their position and age. While it is known to be
        away nobody waits for it; what watches it (`service.vigil`) says when it is back.
        """
        if self._failed_at is not None:
            last = edge.vigil.last
            if last is None or last.at <= self._failed_at:
                return
            self._failed_at = None
        if edge.replica.position < self._missed:
            return
        if self._next is None:
            self._next = asyncio.Event()
        waiting = self._next
        if self._learning is None or self._learning.done():
            self._learning = asyncio.create_task(self._learn(edge), name="muniment head")
        await waiting.wait()  # bounded, since what it waits for is

    async def _learn(self, edge: Edge) -> None:
        while self._next is not None:
            asked, self._next = self._next, None
            wanted = 0
            try:
                wanted = (await edge.reader.head()).position
                if wanted > edge.replica.position:
                    await edge.replica.wait_for(wanted, WAIT_SECONDS_MAX)
            except errors.TooLate:
                self._missed = wanted
            except Exception as failure:  # noqa: BLE001  # whatever it is, those who wait go on with what is here
                self._failed_at = time.monotonic()
                if not (connect.lost(failure) or isinstance(failure, errors.Unavailable)):
                    _log.exception("the head was not learned")
            finally:
                asked.set()


def require_fresh(edge: Edge) -> None:
    """Raise Unavailable where the database was not heard of for longer than the setting allows.

    For questions that somebody acts on: an answer that is too old is no answer, and never a yes.
    """
    age = edge.vigil.age_seconds()
    if age > edge.settings.staleness_seconds_max:
        raise errors.Unavailable(
            f"What is held here is {age:.0f} s old, and questions are answered from what is "
            f"{edge.settings.staleness_seconds_max} s old at most.",
            2,
        )
