"""Labels: section 3.4 of the vendor's rules."""

import pytest

from projections.labels import Label
from service import errors
from service.commands.labels import AddLabel, RemoveLabel
from service.events.applications import ApplicationCreated
from service.events.labels import LabelAdded, LabelRemoved
from service.vocabulary import ApplicationId
from tests.given import Account


def add(account: Account, application: str, label: str) -> AddLabel:
    return AddLabel(application=application, application_id=ApplicationId(account.fresh.id()), label=label)


def test_a_label_is_given_once_and_taken(account: Account) -> None:
    """A label that is there already leaves no record; one that is not there cannot be taken."""
    foo = account.application("Foo")
    assert [LabelAdded(application=foo, label="web")] == account.do(add(account, "Foo", "web"))
    assert [] == account.do(add(account, "Foo", "web"))
    assert ["web"] == [one.name for one in account.now.shelf.of_application(Label, foo)]
    assert [LabelRemoved(application=foo, label="web")] == account.do(
        RemoveLabel(application=foo, label="web")
    )
    assert [] == account.now.shelf.of_application(Label, foo)
    with pytest.raises(errors.NotFound):
        account.do(RemoveLabel(application=foo, label="web"))


def test_labelling_makes_an_application_that_is_not_here_yet(account: Account) -> None:
    """As a Pact Broker does; it takes the right to make one, and whoever made it holds `own` over it."""
    sally = account.person("Sally")
    made = account.do(add(account, "Foo", "web"), sally)
    assert [sally] == [event.creator for event in made if isinstance(event, ApplicationCreated)]


def test_only_who_may_change_the_application_may_label_it(account: Account) -> None:
    """Section 3.4: W on that application."""
    foo = account.application("Foo")
    account.do(add(account, "Foo", "web"))
    sally = account.person("Sally", roles=[account.role("reads", "contract_data:read:*")])
    for command in (add(account, "Foo", "other"), RemoveLabel(application=foo, label="web")):
        with pytest.raises(errors.Forbidden, match="contract_data:manage"):
            account.do(command, sally)
