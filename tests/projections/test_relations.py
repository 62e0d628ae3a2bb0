"""A relation counts only while both ends live, so a deletion is one step in the fold."""

import pytest

from projections import access, things
from service import errors
from service.catalogue.compiled import DEFAULT_TEAM
from service.commands.applications import DeleteApplication
from service.commands.integrations import DeleteIntegration
from service.commands.roles import DeleteRole, EditRole
from service.commands.teams import ChangeMembers, DeleteTeam
from service.commands.users import DeleteUser, EditUser
from service.vocabulary import ApplicationId, PrincipalId, RoleId, TeamId, Thing
from tests import given
from tests.given import Account

MANAGE = "contract_data:manage"


@pytest.fixture
def account() -> Account:
    """Without the Default team, so that only what a test says relates anything."""
    account = Account()
    other = account.team("Other")
    account.do(DeleteTeam(team=TeamId(DEFAULT_TEAM)))
    account.do(DeleteTeam(team=other))
    return account


def manages(account: Account, who: PrincipalId, application: ApplicationId) -> bool:
    return account.may(who, MANAGE, things.of_application(account.now.application(application)))


def test_deleting_a_team_ends_what_it_related(account: Account) -> None:
    """Members, administrators, applications and environments are out with its records; before them they were in."""
    foo = account.application("Foo")
    sally = account.person("Sally")
    production = account.environment("production")
    team = given.team(account.fresh, "A", [foo], [sally], [production])
    account.do(team)
    account.do(ChangeMembers(team=team.team, how="add", members=(sally,)))
    assert manages(account, sally, foo)
    before = account.replica.position
    outcome = account.handle(DeleteTeam(team=team.team))
    assert "team.deleted" == outcome.records[-1].data.__struct_config__.tag
    assert not manages(account, sally, foo)
    for view, there in ((account.now, False), (account.replica.view(before), True)):
        related = (view.members, view.administrators, view.team_applications, view.team_environments)
        assert [there] * 4 == [bool(of(team.team)) for of in related]
        assert there == bool(view.live_teams(view.application(foo).teams))
        principal = view.principal(sally)
        assert there == access.may(view, principal.id, "team:manage", things.Target(Thing("team", team.team)))


def test_deleting_a_role_ends_what_only_it_gave(account: Account) -> None:
    """Its holders lose it with the one record, and what they held before is still known for before."""
    role = account.role("Keeper", "secret:manage:*")
    sally = account.person("Sally", roles=[role])
    secret = things.Target(Thing("secret", "s"))
    assert account.may(sally, "secret:manage", secret)
    before = account.replica.position
    account.do(DeleteRole(role=role))
    assert not account.may(sally, "secret:manage", secret)
    assert ([], []) == (account.now.holders(role), account.now.roles_of(account.principal(sally)))
    assert access.may(account.replica.view(before), sally, "secret:manage", secret)
    assert [sally] == [one.id for one in account.replica.view(before).holders(role)]


def test_a_role_made_again_under_its_name_has_no_holders(account: Account) -> None:
    """Identity is the id: the old holders do not come back with the name."""
    sally = account.person("Sally", roles=[account.role("Keeper", "secret:manage:*")])
    first = account.now.role_named("Keeper")
    assert first is not None
    account.do(DeleteRole(role=RoleId(first.id)))
    again = account.role("Keeper", "secret:manage:*")
    assert [] == account.now.holders(again)
    assert not account.may(sally, "secret:manage", things.Target(Thing("secret", "s")))


def test_a_team_made_again_under_its_name_is_empty(account: Account) -> None:
    """Neither people nor applications return with the name."""
    sally = account.person("Sally")
    foo = account.application("Foo")
    account.do(DeleteTeam(team=account.team("A", [foo], [sally])))
    again = account.team("A")
    assert ([], []) == (account.now.members(again), account.now.team_applications(again))


def test_an_application_made_again_under_its_name_inherits_nothing(account: Account) -> None:
    """Not its team, not its owner, not its contracts."""
    sally, billy = account.person("Sally"), account.person("Billy")
    foo = account.application("Foo", by=sally)
    account.team("A", [foo], [billy])
    account.contract("Foo", "Bar")
    assert manages(account, sally, foo)
    assert manages(account, billy, foo)
    account.do(DeleteApplication(application=foo))
    again = account.application("Foo")
    assert again != foo
    assert not manages(account, sally, again)
    assert not manages(account, billy, again)
    assert [] == account.now.integrations_of(again)
    assert () == account.now.application(again).teams


def test_deleting_an_application_ends_its_integrations_at_once(account: Account) -> None:
    """No moment of the record shows a contract whose consumer or provider is gone."""
    account.contract("Foo", "Bar")
    contract = account.contract("Baz", "Foo")
    foo = account.now.application_named("Foo")
    assert foo is not None
    first, *_ = account.handle(DeleteApplication(application=foo.id)).records
    at = account.replica.view(first.position)
    assert [] == list(at.integrations())
    assert at.contract_or_none(contract) is None
    with pytest.raises(errors.NotFound) as caught:
        at.contract(contract)
    assert caught.value.gone


def test_an_integration_published_again_is_a_new_beginning(account: Account) -> None:
    """After a bulk deletion took the applications too, publishing makes both anew, owned by who published."""
    sally = account.person("Sally")
    account.contract("Foo", "Bar")
    before = [account.now.application_named(name) for name in ("Foo", "Bar")]
    assert before[0] is not None
    assert before[1] is not None
    account.do(DeleteIntegration(consumer=before[0].id, provider=before[1].id))
    account.contract("Foo", "Bar", by=sally)
    after = account.now.application_named("Foo")
    assert after is not None
    assert (True, sally) == (after.id != before[0].id, after.creator)


def test_a_deleted_person_is_in_no_team_and_holds_no_role(account: Account) -> None:
    """Tokens, roles and memberships end with the person; what they did stays theirs."""
    sally = account.person("Sally")
    team = account.team("A", members=[sally])
    foo = account.application("Foo", by=sally)
    tokens = [account.now.token(token) for token in account.principal(sally).tokens]
    account.do(DeleteUser(principal=sally))
    assert [] == account.now.members(team)
    assert [None, None] == [account.now.token_with_digest(token.digest) for token in tokens]
    assert not manages(account, sally, foo)
    assert sally == account.now.application(foo).creator
    assert account.now.principal_with_email("sally@example.org") is None
    account.person("Sally")


def test_a_disabled_member_stays_a_member(account: Account) -> None:
    """Disabling takes the power, not the place (section 3.2): enabled again, everything is as before."""
    sally = account.person("Sally")
    foo = account.application("Foo")
    team = account.team("A", [foo], [sally])
    account.do(EditUser(principal=sally, active=False))
    assert [sally] == [one.id for one in account.now.members(team)]
    assert not manages(account, sally, foo)
    account.do(EditUser(principal=sally, active=True))
    assert manages(account, sally, foo)


def test_names_resolve_as_they_were(account: Account) -> None:
    """A name that moved from one thing to another names each in its time."""
    first = account.role("Keeper")
    at_first = account.replica.position
    account.do(EditRole(role=first, name="Former Keeper"))
    second = account.role("Keeper")
    then, now = account.replica.view(at_first).role_named("Keeper"), account.now.role_named("Keeper")
    assert (first, second) == (then and then.id, now and now.id)
    assert account.replica.view(at_first).role_named("Former Keeper") is None


def test_people_are_found_under_the_name_and_address_they_had(account: Account) -> None:
    """E-mail and name are looked up as of the moment, whatever the case."""
    sally = account.person("Sally")
    before = account.replica.position
    account.do(EditUser(principal=sally, email="s@example.net", name="Sarah"))
    then = account.replica.view(before)
    for view, address, name in (
        (then, "SALLY@example.org", "sally"),
        (account.now, "s@example.NET", "Sarah"),
    ):
        found = view.principal_with_email(address)
        assert sally == (found and found.id)
        assert [sally] == [one.id for one in view.principals_named(name)]
    assert account.now.principal_with_email("sally@example.org") is None
    assert then.principal_with_email("s@example.net") is None
