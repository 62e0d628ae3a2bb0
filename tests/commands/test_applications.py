"""Applications: sections 3.3, 3.4 and 3.6 of the vendor's rules."""

import msgspec
import pytest

from service import errors
from service.catalogue.compiled import DEFAULT_TEAM
from service.commands.applications import CreateApplication, DeleteApplication, EditApplication
from service.commands.teams import ChangeMembers, DeleteTeam, EditTeam
from service.events.applications import ApplicationCreated, ApplicationDeleted, ApplicationEdited, Change
from service.events.contracts import ContractsRemoved
from service.events.teams import TeamApplicationsChanged
from service.events.versions import VersionsRemoved
from service.vocabulary import ApplicationId, PrincipalId, TeamId
from tests import given
from tests.given import Account

BULK_TEAM = ("contract_data:manage:team", "contract_data:bulk_delete:team")


def person(account: Account, name: str, *scopes: str, team: TeamId | None = None) -> PrincipalId:
    """Somebody who holds exactly these scopes, in this team or in none."""
    return account.person(
        name, roles=[account.role(f"role of {name}", *scopes)], teams=[team] if team else []
    )


def test_a_new_application_belongs_to_its_creator_and_the_default_team(account: Account) -> None:
    """Section 3.3 and seed 002: the creator holds `own`, the Default team receives it."""
    sally = account.person("Sally")
    application = ApplicationId(account.fresh.id())
    made = account.do(CreateApplication(application=application, name=" Foo ", main_branch="main"), sally)
    assert [
        ApplicationCreated(application=application, name="Foo", creator=sally, main_branch="main"),
        TeamApplicationsChanged(team=TeamId(DEFAULT_TEAM), added=(application,)),
    ] == made


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        ("contract_data:manage:*", True),
        ("contract_data:manage:own", True),
        ("contract_data:manage:team", False),
        ("contract_data:read:*", False),
        ("contract_data:bulk_delete:*", False),
    ],
)
def test_creating_takes_manage_of_all_or_of_own(account: Account, scope: str, allowed: bool) -> None:
    """Section 3.4: `manage:team` alone never suffices."""
    sally = person(account, "Sally", scope, team=TeamId(DEFAULT_TEAM))
    command = given.application(account.fresh, "Foo")
    if allowed:
        assert account.do(command, sally)
    else:
        with pytest.raises(errors.Forbidden) as caught:
            account.do(command, sally)
        assert "contract_data:manage on Foo" == caught.value.missing


def test_a_name_is_taken_by_a_living_application(account: Account) -> None:
    """Unique while it lives, exactly as spelt; renaming respects it too."""
    foo = account.application("Foo")
    bar = account.application("Bar")
    for command in (given.application(account.fresh, "Foo"), EditApplication(application=bar, name="Foo")):
        with pytest.raises(errors.Refused) as caught:
            account.do(command)
        assert "name_taken" == caught.value.reason
    account.do(DeleteApplication(application=foo))
    assert account.do(EditApplication(application=bar, name="Foo"))


def test_an_edit_records_before_and_after(account: Account) -> None:
    """A field that is not named stays, None takes it away, and what is so already is no fact."""
    foo = account.application("Foo")
    edit = EditApplication(application=foo, main_branch="main", repository_url="https://example.org")
    assert [
        ApplicationEdited(
            application=foo,
            changes=(
                Change(field="repository_url", before=None, after="https://example.org"),
                Change(field="main_branch", before=None, after="main"),
            ),
        )
    ] == account.do(edit)
    assert [] == account.do(edit)
    gone = Change(field="main_branch", before="main", after=None)
    assert [ApplicationEdited(application=foo, changes=(gone,))] == account.do(
        EditApplication(application=foo, main_branch=None)
    )


@pytest.mark.parametrize("field", ["display_name", "repository_url", "main_branch", "name"])
def test_every_field_is_a_bounded_line(account: Account, field: str) -> None:
    """No control character and no endless text enters a record."""
    foo = account.application("Foo")
    for text in ("a\x00b", "x" * 3_000, "\udfff"):
        with pytest.raises(errors.Invalid) as caught:
            account.do(msgspec.structs.replace(EditApplication(application=foo), **{field: text}))
        assert caught.value.pointer


def test_editing_takes_reach_over_that_application(account: Account) -> None:
    """W of section 3.4: `*`, a shared team, or having made it."""
    team = account.team("A")
    maker = person(account, "Maker", "contract_data:manage:own")
    member = person(account, "Member", "contract_data:manage:team", team=team)
    outsider = person(account, "Outsider", "contract_data:manage:team", "contract_data:manage:own")
    foo = account.application("Foo", by=maker)
    account.do(EditTeam(team=team, applications=(foo,)))
    for number, by in enumerate((maker, member, account.kevin)):
        assert account.do(EditApplication(application=foo, main_branch=f"b{number}"), by)
    with pytest.raises(errors.Forbidden):
        account.do(EditApplication(application=foo, main_branch="mine"), outsider)
    account.do(ChangeMembers(team=team, how="remove", members=(member,)))
    with pytest.raises(errors.Forbidden):
        account.do(EditApplication(application=foo, main_branch="still mine"), member)


def test_deleting_an_empty_application_takes_no_bulk_permission(account: Account) -> None:
    """Section 3.6: without contracts, manage suffices."""
    maker = person(account, "Maker", "contract_data:manage:own")
    foo = account.application("Foo", by=maker)
    expected = ApplicationDeleted(application=foo, name="Foo", contracts=0)
    assert [expected] == account.do(DeleteApplication(application=foo), maker)


def test_deleting_with_contracts_takes_reach_over_every_consumer(account: Account) -> None:
    """Section 3.6: an application deleted as a provider would otherwise wipe another team's contracts."""
    account.team("Other")
    account.do(DeleteTeam(team=TeamId(DEFAULT_TEAM)))
    foo, bar = account.application("Foo"), account.application("Bar")
    team = account.team("A", [foo])
    sally = person(account, "Sally", *BULK_TEAM, team=team)
    mere = person(account, "Mere", "contract_data:manage:team", team=team)
    account.contract("Foo", "Bar")
    with pytest.raises(errors.Forbidden) as caught:
        account.do(DeleteApplication(application=foo), mere)
    assert "contract_data:bulk_delete on Foo/Bar" == caught.value.missing
    account.contract("Bar", "Foo")
    with pytest.raises(errors.Forbidden) as caught:
        account.do(DeleteApplication(application=foo), sally)
    assert "contract_data:bulk_delete on Bar/Foo" == caught.value.missing
    account.do(EditTeam(team=team, applications=(foo, bar)))
    parent, child, versions = account.do(DeleteApplication(application=foo), sally)
    assert isinstance(child, ContractsRemoved)
    assert isinstance(versions, VersionsRemoved)
    assert isinstance(parent, ApplicationDeleted)
    assert (2, 2) == (parent.contracts, len(child.contracts))
    assert account.now.application_named("Bar") is not None
