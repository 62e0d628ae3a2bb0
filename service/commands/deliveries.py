"""What the service itself records of the requests that webhooks owe: each attempt, and those that are given up.

Whoever sends may be a replica that was cut off, or one that another has taken over from: what it tells counts only
while the request is still owed, and only for the attempt that is next. So each attempt stands in the record once, and
telling it again changes nothing.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Final, Literal

import msgspec

from projections import spans
from projections.deliveries import Delivery, Owed
from projections.spans import Want
from projections.view import View
from service import errors
from service.commands.order import Caller, Need
from service.events import Event
from service.events.webhooks import WebhookDeliveryAbandoned, WebhookExecuted
from service.vocabulary import DeliveryId

UNRESOLVED_BYTES_MAX: Final = 4_096
"""Of the names that nothing stood for: a body may be full of them, and every attempt must fit into a record."""


class RecordExecution(msgspec.Struct, frozen=True, kw_only=True):
    """Record what came of an attempt (from 1 on). Nobody can order it but the service (`service.deliveries`)."""

    word: ClassVar[str] = "record_execution"
    delivery: DeliveryId
    attempt: int
    success: bool
    status: int | None
    problem: str
    sent_at: datetime
    milliseconds: int
    response_bytes: int | None
    unresolved: tuple[str, ...] = ()
    next_at: datetime | None = None
    """When it is tried again; None where it is not."""

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return ()

    def arguments(self) -> dict[str, str]:
        return {"delivery": self.delivery, "attempt": str(self.attempt)}

    def reads(self, view: View) -> tuple[Want, ...]:
        return _of(self.delivery)


class AbandonDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """Give up a request that is owed, for its webhook is deleted or disabled. Nobody can order it but the service."""

    word: ClassVar[str] = "abandon_delivery"
    delivery: DeliveryId

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return ()

    def arguments(self) -> dict[str, str]:
        return {"delivery": self.delivery}

    def reads(self, view: View) -> tuple[Want, ...]:
        return _of(self.delivery)


def record_execution(command: RecordExecution, view: View, caller: Caller) -> list[Event]:
    """Decide it. An attempt that is recorded already, or of a request that is not owed any more, changes nothing."""
    _require_service(caller)
    owed, delivery = _found(command.delivery, view)
    if delivery is None or command.attempt != len(delivery.attempts) + 1:
        return []
    if owed is None and not _is_waited_for(delivery):
        return []
    return [
        WebhookExecuted(
            delivery=delivery.id,
            webhook=delivery.webhook,
            event=delivery.event,
            attempt=command.attempt,
            success=command.success,
            status=command.status,
            problem=command.problem,
            sent_at=command.sent_at,
            milliseconds=command.milliseconds,
            response_bytes=command.response_bytes,
            unresolved=_bounded(command.unresolved),
            next_at=None if command.success else command.next_at,
        )
    ]


def abandon_delivery(command: AbandonDelivery, view: View, caller: Caller) -> list[Event]:
    """Decide it. Why follows from the webhook as it is; one that may be sent after all stays owed."""
    _require_service(caller)
    owed, _ = _found(command.delivery, view)
    if owed is None:
        return []
    webhook = view.webhook_by_own_id(owed.webhook)
    if webhook is not None and webhook.settings.enabled:
        return []
    because: Literal["deleted", "disabled"] = "deleted" if webhook is None else "disabled"
    return [
        WebhookDeliveryAbandoned(
            delivery=owed.id, webhook=owed.webhook, attempts=owed.attempts, because=because
        )
    ]


def _is_waited_for(delivery: Delivery) -> bool:
    """Whether it is a test that nothing came of yet: one is sent once, while its orderer waits, and owed to nobody."""
    return delivery.event == "test" and not delivery.attempts


def _bounded(names: Iterable[str]) -> tuple[str, ...]:
    """The first of the names, as many as fit."""
    left, found = UNRESOLVED_BYTES_MAX, []
    for one in names:
        left -= len(msgspec.json.encode(one))
        if left < 0:
            break
        found.append(one)
    return tuple(found)


def _found(delivery: DeliveryId, view: View) -> tuple[Owed | None, Delivery | None]:
    return view.shelf.get(Owed, delivery), view.shelf.get(Delivery, delivery)


def _of(delivery: DeliveryId) -> tuple[Want, ...]:
    return (spans.by_key(Owed, delivery), spans.by_key(Delivery, delivery))


def _require_service(caller: Caller) -> None:
    if not caller.system:
        raise errors.Forbidden("Only the service itself records what it sent.", "being the service")
