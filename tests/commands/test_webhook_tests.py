"""Orders to try a webhook: section 4.6 of the vendor's rules, and of 3.7 that executing is managing."""

from typing import Any

import msgspec
import pytest

from service import errors
from service.commands import webhook_tests
from service.commands.deliveries import RecordExecution
from service.commands.order import Caller
from service.commands.webhook_tests import Described, TestWebhook
from service.commands.webhooks import Side
from service.events.webhooks import WebhookExecuted, WebhookTestOrdered
from service.vocabulary import DeliveryId, TeamId
from tests import given
from tests.given import START, Account


def saved(account: Account, webhook: str) -> TestWebhook:
    """The order to try one that is saved."""
    return TestWebhook(delivery=DeliveryId(account.fresh.id()), webhook=webhook)


def described(account: Account, team: TeamId | None = None, **request: Any) -> TestWebhook:
    """The order to try one that is not."""
    made = given.webhook(account.fresh, **request)
    unsaved = Described(settings=made.settings, request=made.request, team=team)
    return TestWebhook(delivery=DeliveryId(account.fresh.id()), webhook=unsaved)


def outcome(delivery: DeliveryId) -> RecordExecution:
    """What the service records of it."""
    return RecordExecution(
        delivery=delivery,
        attempt=1,
        success=False,
        status=500,
        problem="status",
        sent_at=START,
        milliseconds=7,
        response_bytes=0,
    )


def test_the_order_says_where_it_goes_and_no_more(account: Account) -> None:
    """Method, destination and the names of secrets are recorded before anything is sent, and nothing else."""
    team = account.team("A")
    webhook = account.webhook(team=team, url="https://ci.example.org/planted", body="${user.Token}")
    order = saved(account, webhook)
    (event,) = account.do(order)
    assert (
        WebhookTestOrdered(
            delivery=order.delivery,
            webhook=webhook,
            method="POST",
            destination="https://ci.example.org",
            references=("Token",),
            team=team,
        )
        == event
    )
    assert b"planted" not in msgspec.json.encode(event)


def test_what_came_of_a_test_is_recorded_once(account: Account) -> None:
    """Nothing of it is owed: one attempt, which is told once, however often the service tells it."""
    order = described(account)
    account.do(order)
    service = Caller(system="a webhook was tried")
    (event,) = account.do(outcome(order.delivery), service)
    assert isinstance(event, WebhookExecuted)
    assert (None, "test", 1, None) == (event.webhook, event.event, event.attempt, event.next_at)
    assert [] == account.do(outcome(order.delivery), service)
    assert [] == account.do(msgspec.structs.replace(outcome(order.delivery), attempt=2), service)


def test_one_that_could_not_be_saved_is_not_tried(account: Account) -> None:
    """The check of references on saving holds here too, and asterisks stand for nothing that there is."""
    here, elsewhere = account.team("A"), account.team("B")
    account.secret("Token", team=elsewhere)
    for order in (
        described(account, here, body="${user.Token}"),
        described(account, None, body="${user.Token}"),
        described(account, password="**********"),
        described(account, headers={"Authorization": "**********"}),
        described(account, TeamId(account.fresh.id())),
    ):
        with pytest.raises(errors.Invalid):
            account.do(order)
    assert 1 == len(account.do(described(account, elsewhere, body="${user.Token}")))
    unknown = described(account)
    assert isinstance(unknown.webhook, Described)
    side = msgspec.structs.replace(unknown.webhook.settings, consumer=Side(name="Nobody"))
    with pytest.raises(errors.Invalid):
        account.do(
            msgspec.structs.replace(unknown, webhook=msgspec.structs.replace(unknown.webhook, settings=side))
        )


def test_executing_is_managing(account: Account) -> None:
    """Who manages their teams' webhooks tries these, saved or described, and no others (section 3.7, point 14)."""
    mine, other = account.team("Mine"), account.team("Other")
    role = account.role("Under test", "webhook:manage:team")
    sally = account.person("Sally", roles=[role], teams=[mine])
    nobody = account.person("Nobody", roles=[account.role("None")], teams=[mine])
    ours, theirs, free = account.webhook(team=mine), account.webhook(team=other), account.webhook()
    assert 1 == len(account.do(saved(account, ours), by=sally))
    assert 1 == len(account.do(described(account, mine), by=sally))
    for order, who in (
        (saved(account, theirs), sally),
        (saved(account, free), sally),
        (described(account, other), sally),
        (saved(account, ours), nobody),
        (described(account, mine), nobody),
    ):
        with pytest.raises(errors.Forbidden):
            account.do(order, by=who)
    with pytest.raises(errors.Invalid):
        account.do(described(account), by=sally)


def test_nothing_is_tried_where_nothing_is_sent() -> None:
    """A service that holds its webhooks says why, in words."""
    webhook_tests.require_sending("")
    with pytest.raises(errors.Refused) as refused:
        webhook_tests.require_sending("This is a copy.")
    assert "This is a copy." in refused.value.sentence
