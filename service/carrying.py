"""One request that is owed, from the log to its receiver, and what came of it into the log.

The request is put together from what holds now: the webhook as it is, the secrets that it may use, and the variables as
of the record that brought it about. What cannot be put together is an attempt too, that failed: so it is told, tried
again, and given up in the end. Only where Postgres is away there was none.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from projections import span_reading, spans
from projections.deliveries import Delivery, Owed
from projections.replica import Replica
from service import errors, sending
from service.commands.deliveries import AbandonDelivery, RecordExecution
from service.commands.order import Caller
from service.handling import Handler
from service.log.keys import Keys
from service.orders import Order
from service.queries import outgoing
from service.queries.reading import Reader
from service.reaching import Client
from service.sending import Attempted, Problem
from service.settings import Settings
from service.vocabulary import DeliveryId

AGAIN_SECONDS: Final = 1.0
"""Between two tries of what needs Postgres, while that is away."""
_WHY: Final = "a webhook was sent"
_log = structlog.get_logger("muniment.webhooks")


class Carried(msgspec.Struct, frozen=True):
    """Where it is recorded what came of it. `problem` is None where nothing was sent, since the webhook is gone."""

    position: int
    problem: Problem | None = None


class Carrying:
    """Carries requests out for one replica, several at a time. `close` it at the end."""

    def __init__(
        self,
        replica: Replica,
        handler: Handler,
        keys: Keys,
        client: Client,
        reader: Reader,
        settings: Settings,
        clock: Callable[[], datetime],
    ) -> None:
        self.attempted: Callable[[Problem], None] = lambda _problem: None
        """Told what came of every attempt, for whoever counts: empty for a success."""
        self._replica = replica
        self._handler = handler
        self._keys = keys
        self._client = client
        self._reader = reader
        self._base_url = settings.base_url
        self._delays = settings.webhook_retry_seconds
        self._clock = clock

    async def close(self) -> None:
        """Close what was opened for it."""
        await self._reader.close()

    async def carry(self, owed: Owed, known: int) -> Carried:
        """Send it once and have that recorded; or have it given up, if its webhook is deleted or disabled.

        `known` is a position at which it was owed. Raises Unavailable where nothing was sent.
        """
        webhook = self._replica.now().webhook_by_own_id(owed.webhook)
        if webhook is None or not webhook.settings.enabled:
            return Carried(await self._recorded(AbandonDelivery(delivery=owed.id)))
        attempt = owed.attempts + 1
        attempted = await self._sent(owed, attempt, known)
        if attempted is None:
            return Carried(await self._recorded(AbandonDelivery(delivery=owed.id)))
        self.attempted(attempted.problem)
        next_at = retried_at(attempted, attempt, self._delays)
        if not attempted.success:
            _tell(owed, attempt, attempted, next_at)
        fields = msgspec.structs.asdict(attempted)
        command = RecordExecution(delivery=owed.id, attempt=attempt, next_at=next_at, **fields)
        return Carried(await self._recorded(command), attempted.problem)

    async def _sent(self, owed: Owed, attempt: int, known: int) -> Attempted | None:
        """What came of an attempt; None where the webhook is gone by now."""
        try:
            delivery = await self._delivery(owed.id, known)
            rendered = await outgoing.request(
                self._reader, self._keys, self._replica.now, self._replica.view, delivery, self._base_url
            )
        except errors.NotFound:
            if self._replica.now().webhook_by_own_id(owed.webhook) is None:
                return None
            return self._unsent("vault")
        except errors.Invalid:
            return self._unsent("bad_request")
        except errors.Broken:
            return self._unsent("vault")
        return await sending.send(self._client, rendered, delivery=owed.id, attempt=attempt)

    async def _delivery(self, delivery: DeliveryId, known: int) -> Delivery:
        async with self._reader.connection() as connection:
            shelf = await span_reading.shelf(connection, known, (spans.by_key(Delivery, delivery),))
        found = shelf.get(Delivery, delivery)
        if found is None:
            raise errors.Broken(f"The delivery {delivery} is owed and is not known.")
        return found

    def _unsent(self, problem: Problem) -> Attempted:
        return Attempted(
            success=False,
            status=None,
            problem=problem,
            sent_at=self._clock(),
            milliseconds=0,
            response_bytes=None,
        )

    async def _recorded(self, command: RecordExecution | AbandonDelivery) -> int:
        """Have it recorded, however long Postgres is away; the position at which it is.

        Repeating it is safe: an attempt that is recorded changes nothing any more.
        """
        order = Order(command=command, caller=Caller(system=_WHY))
        while True:
            try:
                return (await self._handler.handle(order)).position
            except errors.Unavailable:
                if self._replica.stopped:
                    raise
                await asyncio.sleep(AGAIN_SECONDS)


def retried_at(attempted: Attempted, attempt: int, delays: tuple[int, ...]) -> datetime | None:
    """When it is tried again: so long after the end of the attempt (from 1 on) as the delays say, without chance.

    None for a success, for a target that is denied, since that is no accident, and after the last delay.
    """
    if attempted.success or attempted.problem == "target_denied" or attempt > len(delays):
        return None
    ended = attempted.sent_at + timedelta(milliseconds=attempted.milliseconds)
    return ended + timedelta(seconds=delays[attempt - 1])


def _tell(owed: Owed, attempt: int, attempted: Attempted, next_at: datetime | None) -> None:
    _log.info(
        "a webhook failed",
        webhook=owed.webhook,
        delivery=owed.id,
        attempt=attempt,
        problem=attempted.problem,
        status=attempted.status,
        next_at="" if next_at is None else next_at.isoformat(timespec="seconds"),
    )
