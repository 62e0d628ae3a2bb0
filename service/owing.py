"""What is owed, in the order in which it is sent: each webhook in turn, and of each what is due first. Pure.

One webhook may owe a hundred thousand requests to a receiver that is away. It waits in its own row, so the others' come
as soon as they are due.
"""

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from projections import deliveries
from projections.deliveries import Owed
from service.events.webhooks import WebhookDeliveryAbandoned, WebhookExecuted, WebhooksTriggered
from service.log.recorded import Foldable
from service.vocabulary import DeliveryId, WebhookId


class Owing:
    """Everything that is owed. What was taken is not handed out again before it is settled."""

    def __init__(self, owed: Iterable[Owed] = ()) -> None:
        self._owed: dict[DeliveryId, Owed] = {}
        self._rows: dict[WebhookId, list[tuple[datetime, DeliveryId]]] = {}
        self._turns: deque[WebhookId] = deque()
        self._taken: dict[DeliveryId, int | None] = {}
        for one in owed:
            self.put(one)

    def __len__(self) -> int:
        return len(self._owed)

    def __iter__(self) -> Iterator[Owed]:
        return iter(self._owed.values())

    def put(self, owed: Owed) -> None:
        """It is owed, as is said here."""
        self._owed[owed.id] = owed
        if owed.id not in self._taken:
            self._line_up(owed)

    def fold(self, record: Foldable) -> None:
        """Take in a record of the log. One that was taken in before changes nothing."""
        event = record.data
        if not isinstance(event, WebhooksTriggered | WebhookExecuted | WebhookDeliveryAbandoned):
            return
        for key in deliveries.keys(event):
            before = self._owed.get(DeliveryId(key))
            after = deliveries.fold_owed(before, event, record, key)
            if after is None:
                self._owed.pop(DeliveryId(key), None)
            elif after != before:
                self.put(after)

    def take(self, now: datetime, free: Callable[[WebhookId], bool]) -> Owed | None:
        """What is sent next, if anything is due whose webhook is `free`: of the webhook that has waited longest."""
        for _ in range(len(self._turns)):
            webhook = self._turns.popleft()
            first = self._first(webhook)
            if first is None:
                del self._rows[webhook]
                continue
            self._turns.append(webhook)
            if first.due_at <= now and free(webhook):
                heapq.heappop(self._rows[webhook])
                self._taken[first.id] = None
                return first
        return None

    def hold(self, delivery: DeliveryId) -> None:
        """One is under way that was taken elsewhere: it is not handed out before it is settled or put back."""
        self._taken[delivery] = None

    def settled(self, delivery: DeliveryId, position: int) -> None:
        """What came of one that was taken is recorded: it is known here once the log was taken in to that position."""
        self._taken[delivery] = position

    def reached(self, position: int) -> None:
        """The log was taken in up to here."""
        for delivery in [one for one, at in self._taken.items() if at is not None and at <= position]:
            self.put_back(delivery)

    def put_back(self, delivery: DeliveryId) -> None:
        """Hand one out again that was taken, when it is due, if it is still owed."""
        self._taken.pop(delivery, None)
        if (owed := self._owed.get(delivery)) is not None:
            self._line_up(owed)

    def _line_up(self, owed: Owed) -> None:
        row = self._rows.get(owed.webhook)
        if row is None:
            row = self._rows[owed.webhook] = []
            self._turns.append(owed.webhook)
        heapq.heappush(row, (owed.due_at, owed.id))

    def _first(self, webhook: WebhookId) -> Owed | None:
        """What a webhook sends next. What was settled, moved or taken since it was lined up is left out here."""
        row = self._rows[webhook]
        while row:
            due_at, delivery = row[0]
            owed = self._owed.get(delivery)
            if owed is not None and owed.due_at == due_at and delivery not in self._taken:
                return owed
            heapq.heappop(row)
        return None
