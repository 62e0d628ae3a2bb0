"""Requests that webhooks owe or sent: one a webhook and trigger, through all its attempts. None decides a permission.

`Delivery` stays, so that it can be asked what was sent and what came of it; `Owed` is there until it was sent for the
last time, so that whoever sends finds what is still to be sent however long the history is.
"""

from datetime import datetime
from typing import ClassVar, Literal, assert_never

import msgspec

from service.events import webhooks as events
from service.log.recorded import Foldable
from service.vocabulary import (
    ApplicationId,
    ContractId,
    DeliveryId,
    PrincipalId,
    ResultId,
    WebhookId,
    interned,
)

State = Literal["owed", "succeeded", "failed", "abandoned"]
OwingEvent = events.WebhooksTriggered | events.WebhookExecuted | events.WebhookDeliveryAbandoned
NO_APPLICATION = ApplicationId("00000000-0000-0000-0000-000000000000")
"""Whose the test of a webhook is that fires for any application."""


class Attempt(msgspec.Struct, frozen=True, gc=False):
    """One request that was sent, or could not be, and what came of it."""

    sent_at: datetime
    milliseconds: int
    success: bool
    status: int | None
    problem: str
    response_bytes: int | None
    unresolved: tuple[str, ...] = ()


class Delivery(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One request through all its attempts. `position` is that of the record that brought it about."""

    noun: ClassVar[str] = "delivery"
    id: DeliveryId
    webhook: WebhookId | None
    event: events.Trigger | Literal["test"]
    position: int
    consumer: ApplicationId | None
    provider: ApplicationId | None
    consumer_version: str
    contract: ContractId | None = None
    result: ResultId | None = None
    provider_version: str | None = None
    descriptions: tuple[str, ...] = ()
    state: State = "owed"
    attempts: tuple[Attempt, ...] = ()
    next_at: datetime | None = None
    orderer: PrincipalId | None = None
    """Who had it executed as a test."""
    created_at: datetime

    @property
    def key(self) -> str:
        return self.id

    @property
    def application(self) -> ApplicationId:
        return self.consumer or NO_APPLICATION

    @property
    def version(self) -> str:
        return self.consumer_version

    @property
    def place(self) -> str:
        """Its webhook."""
        return self.webhook or ""


class Owed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A request that is still to be sent, and when. What it is about stands in its Delivery."""

    noun: ClassVar[str] = "owed"
    id: DeliveryId
    webhook: WebhookId
    consumer: ApplicationId
    attempts: int = 0
    due_at: datetime
    triggered_at: datetime

    @property
    def key(self) -> str:
        return self.id

    @property
    def application(self) -> ApplicationId:
        return self.consumer

    @property
    def version(self) -> str:
        return ""

    @property
    def place(self) -> str:
        return self.webhook


def fold(
    delivery: Delivery | None, event: events.DeliveryEvent, recorded: Foldable, key: str
) -> Delivery | None:
    """The delivery `key` after the event."""
    match event:
        case events.WebhooksTriggered():
            return Delivery(
                id=interned(DeliveryId(key)),
                webhook=interned(_webhook_of(event, key)),
                event=event.event,
                position=recorded.position,
                consumer=interned(event.consumer),
                provider=interned(event.provider),
                consumer_version=event.consumer_version,
                contract=event.contract,
                result=event.result,
                provider_version=event.provider_version,
                descriptions=event.descriptions,
                next_at=recorded.recorded_at,
                created_at=recorded.recorded_at,
            )
        case events.WebhookTestOrdered():
            return Delivery(
                id=interned(DeliveryId(key)),
                webhook=event.webhook,
                event="test",
                position=recorded.position,
                consumer=event.consumer,
                provider=event.provider,
                consumer_version="",
                orderer=recorded.actor.principal,
                created_at=recorded.recorded_at,
            )
        case events.WebhookExecuted():
            return delivery and _attempted(delivery, event)
        case events.WebhookDeliveryAbandoned():
            return delivery and msgspec.structs.replace(delivery, state="abandoned", next_at=None)
        case _:
            assert_never(event)


def fold_owed(owed: Owed | None, event: OwingEvent, recorded: Foldable, key: str) -> Owed | None:
    """What is owed after the event: nothing any more once it was sent for the last time, or given up."""
    match event:
        case events.WebhooksTriggered():
            return Owed(
                id=interned(DeliveryId(key)),
                webhook=interned(_webhook_of(event, key)),
                consumer=interned(event.consumer),
                due_at=recorded.recorded_at,
                triggered_at=recorded.recorded_at,
            )
        case events.WebhookExecuted():
            if owed is None or event.next_at is None:
                return None
            return msgspec.structs.replace(owed, attempts=event.attempt, due_at=event.next_at)
        case events.WebhookDeliveryAbandoned():
            return None
        case _:
            assert_never(event)


def keys(event: events.DeliveryEvent) -> list[str]:
    """The deliveries that the event is about."""
    if isinstance(event, events.WebhooksTriggered):
        return [one.delivery for one in event.deliveries]
    return [event.delivery]


class _Webhooks(msgspec.Struct, frozen=True):
    """The webhooks of one event by their deliveries."""

    event: events.WebhooksTriggered | None
    by_delivery: dict[str, WebhookId]


_last = [_Webhooks(None, {})]
"""Of the event that was folded last: each of its some hundred deliveries is asked for, one after the other."""


def _webhook_of(event: events.WebhooksTriggered, key: str) -> WebhookId:
    last = _last[0]
    if last.event is not event:
        last = _last[0] = _Webhooks(event, {one.delivery: one.webhook for one in event.deliveries})
    return last.by_delivery[key]


def _attempted(delivery: Delivery, event: events.WebhookExecuted) -> Delivery:
    attempt = Attempt(
        sent_at=event.sent_at,
        milliseconds=event.milliseconds,
        success=event.success,
        status=event.status,
        problem=event.problem,
        response_bytes=event.response_bytes,
        unresolved=event.unresolved,
    )
    state: State = "succeeded" if event.success else "failed" if event.next_at is None else "owed"
    return msgspec.structs.replace(
        delivery, state=state, attempts=(*delivery.attempts, attempt), next_at=event.next_at
    )
