"""Orders that wait for their answer: a bounded queue, and how long whoever gave them waits."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable

import msgspec

from service import errors
from service.orders import Order, Outcome

QUEUE_ORDERS_MAX = 4_096
ANSWER_SECONDS_MAX = 15.0
_LOOK_SECONDS = 0.5
"""How late, at most, somebody learns that the wait is over: one look at all of them instead of a timer each."""

Answer = Outcome | errors.MunimentError


class Pending(msgspec.Struct, eq=False):
    """An order in the queue. `begun`: its batch was sent, so a caller who gives up learns «unknown», not «not done».

    `since` is in monotonic seconds. An order whose future is done was answered or given up: nobody waits for it.
    """

    order: Order
    future: asyncio.Future[Answer]
    since: float
    begun: bool = False


class Waiting:
    """The queue. `give` puts an order in and waits; the writer `take`s what is there."""

    def __init__(self) -> None:
        self._queue: deque[Pending] = deque()
        self._unanswered: set[Pending] = set()
        self._arrived = asyncio.Event()
        self._look: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._queue)

    async def give(self, order: Order) -> Answer:
        """The order's answer. Raises Unavailable when too many wait, or OutcomeUnknown or Unavailable after 15 s.

        Whoever is cancelled before the batch began has given up: the order is certainly not done.
        """
        if len(self._queue) >= QUEUE_ORDERS_MAX:
            raise errors.Unavailable("Too many orders are waiting; nothing was done.", 1)
        loop = asyncio.get_running_loop()
        pending = Pending(order, loop.create_future(), time.monotonic())
        self._queue.append(pending)
        self._unanswered.add(pending)
        self._arrived.set()
        if self._look is None:
            self._look = loop.call_later(_LOOK_SECONDS, self._let_go, loop)
        try:
            return await pending.future
        finally:
            self._unanswered.discard(pending)

    def take(self, orders_max: int, apart: Callable[[Order], bool]) -> tuple[list[Pending], bool]:
        """What waits, oldest first, without what was given up; and whether it is one order that goes `apart`."""
        taken: list[Pending] = []
        while self._queue and len(taken) < orders_max:
            pending = self._queue.popleft()
            if pending.future.done():
                continue
            if apart(pending.order):
                if not taken:
                    return [pending], True
                self._queue.appendleft(pending)
                break
            taken.append(pending)
        return taken, False

    def put_back(self, pendings: Iterable[Pending]) -> None:
        """To the head of the queue, in their order: they did not fit."""
        self._queue.extendleft(reversed(list(pendings)))
        self._arrived.set()

    async def something(self) -> None:
        """Return once something arrived, or `wake` was called, since the last time."""
        await self._arrived.wait()
        self._arrived.clear()

    def wake(self) -> None:
        """Let the writer look, although no order arrived."""
        self._arrived.set()

    def _let_go(self, loop: asyncio.AbstractEventLoop) -> None:
        """Answer those who have waited long enough; look again while anybody waits."""
        until = time.monotonic() - ANSWER_SECONDS_MAX
        for pending in self._unanswered:
            if pending.since <= until and not pending.future.done():
                pending.future.set_result(_gave_up(pending))
        self._look = loop.call_later(_LOOK_SECONDS, self._let_go, loop) if self._unanswered else None


def _gave_up(pending: Pending) -> errors.Unavailable:
    if pending.begun and not pending.order.dry_run:
        return errors.OutcomeUnknown(
            "The database has not answered: this may or may not have been done. Retry with the same "
            "Idempotency-Key.",
            2,
        )
    return errors.Unavailable("The database is not answering; nothing was done.", 2)
