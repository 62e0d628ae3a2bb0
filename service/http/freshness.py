"""Reads that see what other replicas wrote: clients of PactFlow write to one and read from another, and never wait.

Before such a read the database's head is learned and waited for. One query serves all who wait; whoever
comes while it runs waits for the next, since the running one may have looked before they wrote.
"""

import asyncio

from service import errors
from service.http.edge import Edge
from service.log import reader

WAIT_SECONDS_MAX = 2.0
"""After this a read goes on with what is here; its answer names its position."""


class Heads:
    """Learns the head for everybody who waits. One for each application."""

    def __init__(self) -> None:
        self._next: asyncio.Future[None] | None = None
        self._learning: asyncio.Task[None] | None = None

    async def caught_up(self, edge: Edge) -> None:
        """Return once this replica holds all that was committed when this was called, or after two seconds.

        A database that is away is no error: reads go on, and say their position.
        """
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
        waiting = self._next
        if self._learning is None or self._learning.done():
            self._learning = asyncio.create_task(self._learn(edge), name="muniment head")
        await asyncio.wait({waiting}, timeout=WAIT_SECONDS_MAX)

    async def _learn(self, edge: Edge) -> None:
        while self._next is not None:
            asked, self._next = self._next, None
            try:
                async with asyncio.timeout(WAIT_SECONDS_MAX), edge.reader.connection() as connection:
                    head = await reader.head(connection)
                await edge.replica.wait_for(head.position, WAIT_SECONDS_MAX)
            except (TimeoutError, errors.Unavailable):
                pass  # the answer's own position says how far it got
            finally:
                if not asked.done():
                    asked.set_result(None)
