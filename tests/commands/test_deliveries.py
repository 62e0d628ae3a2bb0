"""What the service records of requests that are owed: each attempt once, whoever tells it and how often."""

from datetime import timedelta

import msgspec
import pytest

from projections.deliveries import Delivery, Owed
from service import errors
from service.commands.deliveries import AbandonDelivery, RecordExecution
from service.commands.order import Caller
from service.events import webhooks as events
from service.vocabulary import DeliveryId, WebhookId
from tests import facts
from tests.given import START, Account

SERVICE = Caller(system="a webhook was sent")
RETRY = START + timedelta(seconds=10)


@pytest.fixture
def webhook(account: Account) -> WebhookId:
    return facts.webhook(account)


@pytest.fixture
def delivery(account: Account, webhook: WebhookId) -> DeliveryId:
    return facts.triggered(account, webhook)[0]


def failed(delivery: DeliveryId, attempt: int, *, last: bool = False) -> RecordExecution:
    return RecordExecution(
        delivery=delivery,
        attempt=attempt,
        success=False,
        status=500,
        problem="status",
        sent_at=START,
        milliseconds=7,
        response_bytes=0,
        next_at=None if last else RETRY,
    )


def succeeded(delivery: DeliveryId, attempt: int) -> RecordExecution:
    return RecordExecution(
        delivery=delivery,
        attempt=attempt,
        success=True,
        status=204,
        problem="",
        sent_at=START,
        milliseconds=7,
        response_bytes=0,
        unresolved=("user.Nobody",),
        next_at=RETRY,
    )


def owed(account: Account, delivery: DeliveryId) -> Owed | None:
    return account.shelf.get(Owed, delivery)


def state(account: Account, delivery: DeliveryId) -> str:
    found = account.shelf.get(Delivery, delivery)
    assert found is not None
    return found.state


def test_a_success_ends_what_is_owed(account: Account, webhook: WebhookId, delivery: DeliveryId) -> None:
    """The record names the webhook, the trigger and the attempt, and says nothing of a next one."""
    (event,) = account.do(succeeded(delivery, 1), SERVICE)
    assert (
        events.WebhookExecuted(
            delivery=delivery,
            webhook=webhook,
            event="contract_published",
            attempt=1,
            success=True,
            status=204,
            problem="",
            sent_at=START,
            milliseconds=7,
            response_bytes=0,
            unresolved=("user.Nobody",),
        )
        == event
    )
    assert owed(account, delivery) is None
    assert "succeeded" == state(account, delivery)


def test_a_failure_is_owed_until_its_last_attempt(account: Account, delivery: DeliveryId) -> None:
    """It is due again when the record says so; once no next attempt is named, nothing is owed any more."""
    account.do(failed(delivery, 1), SERVICE)
    again = owed(account, delivery)
    assert again is not None
    assert (1, RETRY) == (again.attempts, again.due_at)
    account.do(failed(delivery, 2, last=True), SERVICE)
    assert owed(account, delivery) is None
    assert "failed" == state(account, delivery)


def test_an_attempt_is_recorded_once(account: Account, delivery: DeliveryId) -> None:
    """Told again, told by who was cut off meanwhile, or told out of turn, it changes nothing."""
    assert 1 == len(account.do(failed(delivery, 1), SERVICE))
    for late in (failed(delivery, 1), succeeded(delivery, 1), failed(delivery, 3)):
        assert [] == account.do(late, SERVICE)
    assert 1 == len(account.do(succeeded(delivery, 2), SERVICE))
    assert [] == account.do(succeeded(delivery, 3), SERVICE)
    assert [] == account.do(failed(DeliveryId(account.fresh.id()), 1), SERVICE)


def test_an_attempt_fits_into_a_record_whatever_nothing_stood_for(
    account: Account, delivery: DeliveryId
) -> None:
    """A body may be full of names, and of characters that JSON writes with six: of these the first are told."""
    many = (*(f"pactbroker.{one}" for one in range(9_000)), "\x01" * 20_000)
    for number, names in enumerate((many, many[::-1]), start=1):
        command = msgspec.structs.replace(failed(delivery, number), unresolved=names)
        (event,) = account.do(command, SERVICE)
        assert isinstance(event, events.WebhookExecuted)
        assert names[: len(event.unresolved)] == event.unresolved
        assert len(msgspec.json.encode(event)) < 8_192


def test_what_a_deleted_or_disabled_webhook_owes_is_given_up(account: Account) -> None:
    """Why is told by the webhook as it is; what is owed by a webhook that sends stays owed."""
    one, two, three = (facts.webhook(account) for _ in range(3))
    first, second, third = facts.triggered(account, one, two, three)
    account.do(failed(first, 1), SERVICE)
    held = account.now.webhook(one)
    off = msgspec.structs.replace(held.settings, enabled=False)
    facts.happened(account, events.WebhookEdited(webhook=one, before=held.settings, after=off))
    gone = account.now.webhook(two)
    facts.happened(
        account,
        events.WebhookDeleted(webhook=two, settings=gone.settings, request=gone.request, team=None),
    )
    told = [account.do(AbandonDelivery(delivery=one), SERVICE) for one in (first, second, third)]
    assert [
        [events.WebhookDeliveryAbandoned(delivery=first, webhook=one, attempts=1, because="disabled")],
        [events.WebhookDeliveryAbandoned(delivery=second, webhook=two, attempts=0, because="deleted")],
        [],
    ] == told
    assert ["abandoned", "abandoned", "owed"] == [state(account, each) for each in (first, second, third)]
    assert [] == account.do(AbandonDelivery(delivery=first), SERVICE)


def test_what_a_deleted_webhook_owes_is_not_owed_by_one_that_is_called_so_later(account: Account) -> None:
    """A client may choose the id of a deleted one (section 4.6): what that owed is given up, as deleted."""
    old = facts.webhook(account)
    (delivery,) = facts.triggered(account, old)
    gone = account.now.webhook(old)
    facts.happened(
        account, events.WebhookDeleted(webhook=old, settings=gone.settings, request=gone.request, team=None)
    )
    facts.webhook(account, account.team("B"), given=old)
    (told,) = account.do(AbandonDelivery(delivery=delivery), SERVICE)
    assert (
        events.WebhookDeliveryAbandoned(delivery=delivery, webhook=old, attempts=0, because="deleted") == told
    )


def test_an_attempt_of_a_deleted_webhook_is_recorded_all_the_same(
    account: Account, webhook: WebhookId, delivery: DeliveryId
) -> None:
    """It was under way when the webhook went: what was sent is told, and what is left of it is given up then."""
    gone = account.now.webhook(webhook)
    facts.happened(
        account,
        events.WebhookDeleted(webhook=webhook, settings=gone.settings, request=gone.request, team=None),
    )
    assert 1 == len(account.do(failed(delivery, 1), SERVICE))
    assert 1 == len(account.do(AbandonDelivery(delivery=delivery), SERVICE))


def test_nobody_but_the_service_orders_it(account: Account, delivery: DeliveryId) -> None:
    """Not even an Administrator tells what was sent, and the attempt to is recorded."""
    for command in (succeeded(delivery, 1), AbandonDelivery(delivery=delivery)):
        with pytest.raises(errors.Forbidden):
            account.do(command)
    assert owed(account, delivery) is not None
