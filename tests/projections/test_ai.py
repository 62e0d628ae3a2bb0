"""AI features that are off for the account (section 1.2, rule 7), in every way of asking."""

import msgspec
import pytest

from projections import access, asking, things
from projections.view import View
from service.commands.roles import EditRole
from service.events.account import CatalogueAdopted
from service.vocabulary import RoleId
from tests.commands.test_preferences import prefer
from tests.given import Account

CODE, OPENAPI = "ai:generation:code", "ai:generation:openapi"
AI = things.anything("ai")


@pytest.fixture
def account() -> Account:
    return Account()


def every_answer(view: View, principal: str, action: str) -> set[bool]:
    """What each way of asking says."""
    return {
        access.may(view, principal, action, AI),
        access.explain(view, principal, action, AI).allowed,
        access.grant(view, principal, action, AI) is not None,
        asking.Asker(view).judges(principal, action, AI),
    }


def test_while_it_is_off_no_ai_feature_is_anybodys(account: Account) -> None:
    """Seed 001 gives the User role `ai:*`; off, it is no for all, says why, and takes nothing else; the past stays."""
    sally = account.person("Sally")
    before = account.now.position
    assert {True} == every_answer(account.now, sally, CODE)
    prefer(account, aiEnabled=False)
    off = account.now.position
    assert {False} == every_answer(account.now, sally, CODE)
    verdict = access.explain(account.now, sally, CODE, AI)
    assert "aiEnabled" in verdict.note
    assert ["ai:*"] == [miss.scope for miss in verdict.near_misses]
    assert access.may(account.now, sally, "role:read", things.anything("role"))
    assert {True} == every_answer(account.replica.view(before), sally, CODE)
    prefer(account, aiEnabled=True)
    assert {True} == every_answer(account.now, sally, CODE)
    assert {False} == every_answer(account.replica.view(off), sally, CODE)


def test_what_is_granted_meanwhile_waits_for_it(account: Account) -> None:
    """A role that is made, edited or given while AI is off reaches its AI features from when it is on again."""
    prefer(account, aiEnabled=False)
    role = account.role("Generator", CODE)
    sally = account.person("Sally", roles=[role])
    account.do(EditRole(role=RoleId(role), scopes=(OPENAPI, "ai:generation:*")))
    assert {False} == every_answer(account.now, sally, CODE)
    prefer(account, aiEnabled=True)
    assert {True} == every_answer(account.now, sally, CODE)
    account.do(EditRole(role=RoleId(role), scopes=(OPENAPI,)))
    assert {False} == every_answer(account.now, sally, CODE)
    assert "" == access.explain(account.now, sally, CODE, AI).note


def test_a_new_catalogue_does_not_switch_it_on(account: Account) -> None:
    """What roles mean is compiled anew with a catalogue; the preference goes on counting."""
    sally = account.person("Sally")
    prefer(account, aiEnabled=False)
    directory, adopted = account.replica.directory, account.log[1]
    assert isinstance(adopted.data, CatalogueAdopted)
    again = msgspec.structs.replace(adopted, position=directory.position + 1, recorded_at=account.clock.at)
    directory.apply(again)
    later = View(directory, account.replica.people, again.position, account.clock.at)
    assert {False} == every_answer(later, sally, CODE)
    assert access.may(later, sally, "role:read", things.anything("role"))
