"""Webhooks that vanish with an application that they name, or with the integration of both: section 3.6."""

import msgspec
import pytest

from service import errors
from service.commands import Command, bulk, removals_webhooks
from service.commands.applications import DeleteApplication
from service.commands.foretelling import Foretold
from service.commands.integrations import DeleteIntegration, DeleteIntegrationContracts, DeleteIntegrations
from service.events.applications import ApplicationDeleted, ApplicationsRemoved
from service.events.contracts import IntegrationDeleted, IntegrationsDeleted
from service.events.webhooks import SealedValue, WebhookDeleted, WebhookRequestChanged
from service.vocabulary import ApplicationId, WebhookId
from tests import facts
from tests.given import Account


@pytest.fixture
def account() -> Account:
    """Kevin administers it; Foo and Bar have a contract, and so have Foo and Baz."""
    account = Account()
    account.contract("Foo", "Bar")
    account.contract("Foo", "Baz")
    return account


def named(account: Account, name: str) -> ApplicationId:
    found = account.now.application_named(name)
    assert found is not None
    return found.id


def deleted(account: Account, command: Command) -> dict[WebhookId, str]:
    """The webhooks that an order deletes, each with what it vanishes with."""
    decided = account.do(command)
    return {one.webhook: one.because for one in decided if isinstance(one, WebhookDeleted)}


def foretold(account: Account, command: Command) -> Foretold:
    rehearsal = account.handle(command, dry_run=True).rehearsal
    assert rehearsal is not None
    assert rehearsal.foretold is not None
    return rehearsal.foretold


def test_every_webhook_that_names_an_application_goes_with_it(account: Account) -> None:
    """Section 3.6: on either side, of whatever team; the parent record first, then they, before what they name."""
    foo, bar = named(account, "Foo"), named(account, "Bar")
    going = {
        facts.webhook(account, None, foo, bar),
        facts.webhook(account, account.team("A"), bar),
        facts.webhook(account, None, None, bar),
    }
    staying = {facts.webhook(account), facts.webhook(account, None, foo)}
    decided = account.do(DeleteApplication(application=bar))
    assert isinstance(decided[0], ApplicationDeleted)
    assert going == {one.webhook for one in decided[1:4] if isinstance(one, WebhookDeleted)}
    assert {"application"} == {one.because for one in decided if isinstance(one, WebhookDeleted)}
    assert staying == {one.id for one in account.now.webhooks()}


def test_the_pairs_webhooks_go_with_an_integration(account: Account) -> None:
    """Section 3.6: those that name both sides, each on its side; deleting only the contracts keeps them."""
    foo, bar, baz = (named(account, name) for name in ("Foo", "Bar", "Baz"))
    pairs = facts.webhook(account, None, foo, bar)
    for sides in ((foo, None), (None, bar), (bar, foo), (foo, baz)):
        facts.webhook(account, None, *sides)
    assert {} == deleted(account, DeleteIntegrationContracts(consumer=foo, provider=bar))
    account.contract("Foo", "Bar")
    decided = account.do(DeleteIntegration(consumer=foo, provider=bar))
    assert isinstance(decided[0], IntegrationDeleted)
    assert {pairs: "integration"} == {
        one.webhook: one.because for one in decided if isinstance(one, WebhookDeleted)
    }
    assert 4 == len(list(account.now.webhooks()))


@pytest.mark.parametrize("side", ["consumer", "provider"])
def test_an_application_that_a_webhook_names_is_not_left_alone(account: Account, side: str) -> None:
    """Section 3.6, the orphan test: no versions, no contracts and no webhooks; one that names it keeps it."""
    foo, bar = named(account, "Foo"), named(account, "Bar")
    sides = (bar, None) if side == "consumer" else (None, bar)
    facts.webhook(account, None, *sides)
    told = foretold(account, DeleteIntegration(consumer=foo, provider=bar))
    assert [(0, 1)] == [
        (one.integrations, one.webhooks) for one in told.stays.applications if one.application == bar
    ]
    decided = account.do(DeleteIntegration(consumer=foo, provider=bar))
    assert [] == [one for one in decided if isinstance(one, ApplicationsRemoved)]
    assert bar == account.now.application(bar).id


def test_an_application_whose_webhooks_all_vanish_is_left_alone(account: Account) -> None:
    """The pair's own webhooks go with the integration, and keep neither side."""
    foo, bar = named(account, "Foo"), named(account, "Bar")
    facts.webhook(account, None, foo, bar)
    decided = account.do(DeleteIntegration(consumer=foo, provider=bar))
    assert [(bar,)] == [one.applications for one in decided if isinstance(one, ApplicationsRemoved)]
    assert [] == list(account.now.webhooks())


def test_with_everything_goes_every_webhook_that_names_an_application(account: Account) -> None:
    """Section 3.6: all of it for all; what fires for any application is about none of those that vanish."""
    foo, bar = named(account, "Foo"), named(account, "Bar")
    going = {facts.webhook(account, None, foo, bar), facts.webhook(account, None, None, bar)}
    anybodys = facts.webhook(account)
    decided = account.do(DeleteIntegrations())
    assert isinstance(decided[0], IntegrationsDeleted)
    assert dict.fromkeys(going, "application") == {
        one.webhook: one.because for one in decided if isinstance(one, WebhookDeleted)
    }
    assert [anybodys] == [one.id for one in account.now.webhooks()]


def test_what_a_vanished_webhook_sent_leaves_the_vault_with_it(account: Account) -> None:
    """Every row of its request, in the transaction of the deletion; nobody reads a key of it in a backup later."""
    bar = named(account, "Bar")
    webhook = facts.webhook(account, None, None, bar)
    before = account.now.webhook(webhook).request
    sealed = (SealedValue("password", account.fresh.ref()), SealedValue("header:Token", account.fresh.ref()))
    after = msgspec.structs.replace(before, sealed=sealed)
    facts.happened(account, WebhookRequestChanged(webhook=webhook, before=before, after=after))
    draft = account.drafter.draft(account.shelf)
    draft.take(account.order(DeleteApplication(application=bar)))
    assert set(after.refs) <= set(draft.written.vault_delete)
    assert 3 == len(after.refs)
    draft.undo()


def test_a_dry_run_names_the_webhooks_that_vanish(account: Account) -> None:
    """Before anything is done: which, and how many; afterwards they are exactly those."""
    foo, bar = named(account, "Foo"), named(account, "Bar")
    going = {facts.webhook(account, None, foo, bar) for _ in range(3)}
    told = foretold(account, DeleteIntegration(consumer=foo, provider=bar))
    [kind] = [one for one in told.vanishes if one.kind == "webhooks"]
    assert (3, going) == (kind.number, {row.webhook for row in kind.rows})  # type: ignore[union-attr]  # rows of webhooks
    assert dict.fromkeys(going, "integration") == deleted(
        account, DeleteIntegration(consumer=foo, provider=bar)
    )


def test_more_webhooks_than_one_order_can_remove_are_refused(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sentence that says what to do, and nothing is done: each has a record and vault rows of its own."""
    foo, bar = named(account, "Foo"), named(account, "Bar")
    for _ in range(2):
        facts.webhook(account, None, foo, bar)
    monkeypatch.setattr(removals_webhooks, "WEBHOOKS_MAX", 1)
    for command in (
        DeleteApplication(application=bar),
        DeleteIntegration(consumer=foo, provider=bar),
        DeleteIntegrations(),
    ):
        assert bulk.is_bulk(command, lambda: account.now)
        with pytest.raises(
            errors.Refused, match=r"more than 1 webhooks .* Delete some of them first"
        ) as caught:
            account.do(command)
        assert "too_much_at_once" == caught.value.reason
    assert 2 == len(account.now.webhooks_naming(bar))
