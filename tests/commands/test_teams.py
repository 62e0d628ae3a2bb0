"""Teams: seed 002, section 3.2 of the vendor's rules."""

import msgspec
import pytest

from projections import things
from service import errors
from service.catalogue.compiled import DEFAULT_TEAM
from service.commands.teams import ChangeMembers, CreateTeam, DeleteTeam, EditTeam
from service.commands.users import EditUser
from service.events.teams import (
    TeamAdministratorsChanged,
    TeamApplicationsChanged,
    TeamCreated,
    TeamDeleted,
    TeamEnvironmentsChanged,
    TeamMembersChanged,
    TeamRenamed,
)
from service.log import recorded
from service.vocabulary import ApplicationId, TeamId
from tests import given
from tests.given import Account

DEFAULT = TeamId(DEFAULT_TEAM)


def test_a_team_is_made_with_what_belongs_to_it(account: Account) -> None:
    """Each relation is a fact of its own, that holds what was added."""
    foo, production = account.application("Foo"), account.environment("production")
    sally = account.person("Sally")
    team = TeamId(account.fresh.id())
    command = CreateTeam(
        team=team, name="A", applications=(foo,), administrators=(sally,), environments=(production,)
    )
    assert [
        TeamCreated(team=team, name="A", default=False),
        TeamApplicationsChanged(team=team, added=(foo,)),
        TeamAdministratorsChanged(team=team, added=(sally,)),
        TeamEnvironmentsChanged(team=team, added=(production,)),
    ] == account.do(command)


def test_an_edit_records_only_what_was_added_and_removed(account: Account) -> None:
    """A relation's fact never holds the whole set; what was so already is no fact."""
    foo, bar, baz = (account.application(name) for name in ("Foo", "Bar", "Baz"))
    team = account.team("A", [foo, bar])
    made = account.do(EditTeam(team=team, name="B", applications=(bar, baz, baz)))
    assert [
        TeamRenamed(team=team, before="A", after="B"),
        TeamApplicationsChanged(team=team, added=(baz,), removed=(foo,)),
    ] == made
    assert [] == account.do(EditTeam(team=team, name="B", applications=(baz, bar)))


@pytest.mark.parametrize("field", ["applications", "administrators", "environments"])
def test_an_unknown_thing_cannot_belong_to_a_team(account: Account, field: str) -> None:
    """Nothing is half done: the whole order is refused, and says which."""
    team = account.team("A")
    with pytest.raises(errors.Invalid) as caught:
        account.do(msgspec.structs.replace(EditTeam(team=team), **{field: (account.fresh.id(),)}))
    assert caught.value.pointer.endswith("/0")


def test_a_team_s_name_is_its_own(account: Account) -> None:
    """Names of teams are unique."""
    team = account.team("A")
    for command in (given.team(account.fresh, "A"), EditTeam(team=DEFAULT, name="A")):
        with pytest.raises(errors.Refused) as caught:
            account.do(command)
        assert "name_taken" == caught.value.reason
    assert [] == account.do(EditTeam(team=team, name="A"))


def test_members_are_replaced_added_and_removed(account: Account) -> None:
    """The three ways to change a set, each recorded as what it came to; a system account may be a member too."""
    sally, billy, robot = account.person("Sally"), account.person("Billy"), account.robot("Robot")
    team = account.team("A")
    assert [TeamMembersChanged(team=team, added=(sally,))] == account.do(
        ChangeMembers(team=team, how="add", members=(sally, sally))
    )
    assert [] == account.do(ChangeMembers(team=team, how="add", members=(sally,)))
    assert [
        TeamMembersChanged(team=team, added=tuple(sorted((billy, robot))), removed=(sally,))
    ] == account.do(ChangeMembers(team=team, how="replace", members=(billy, robot)))
    assert [TeamMembersChanged(team=team, removed=(billy,))] == account.do(
        ChangeMembers(team=team, how="remove", members=(billy, sally, "nobody"))
    )


def test_an_unknown_person_cannot_join(account: Account) -> None:
    """An id that names nobody is a mistake of the caller's, with its place."""
    with pytest.raises(errors.Invalid) as caught:
        account.do(ChangeMembers(team=DEFAULT, how="add", members=(account.fresh.id(),)))
    assert "/users/0" == caught.value.pointer


def test_disabled_people_may_stay_and_join(account: Account) -> None:
    """1.24.0: updating a team that holds an inactive user must work."""
    sally = account.person("Sally", teams=[])
    account.do(EditUser(principal=sally, active=False))
    team = account.team("A", members=[sally])
    assert [] == account.do(ChangeMembers(team=team, how="replace", members=(sally,)))


def test_the_default_team_receives_everybody_and_everything_new(account: Account) -> None:
    """Seed 002: while it lives, every new person, system account and application joins; afterwards nothing does."""
    sally, robot = account.person("Sally"), account.robot("Robot")
    foo = account.application("Foo")
    assert {account.kevin, sally, robot} == {one.id for one in account.now.members(DEFAULT)}
    assert [foo] == [one.id for one in account.now.team_applications(DEFAULT)]
    account.team("A")
    account.do(DeleteTeam(team=DEFAULT))
    billy, bar = account.person("Billy"), account.application("Bar")
    assert ((), ()) == (account.principal(billy).teams, account.now.application(bar).teams)


def test_the_default_team_cannot_be_the_only_one_deleted(account: Account) -> None:
    """Deletable only once there are other teams; a renamed Default team is still the Default team."""
    account.do(EditTeam(team=DEFAULT, name="Everybody"))
    with pytest.raises(errors.Refused) as caught:
        account.do(DeleteTeam(team=DEFAULT))
    assert "default_team" == caught.value.reason
    account.team("A")
    assert [
        TeamMembersChanged(team=DEFAULT, removed=(account.kevin,)),
        TeamDeleted(team=DEFAULT, name="Everybody", default=True),
    ] == account.do(DeleteTeam(team=DEFAULT))


def test_a_team_administrator_manages_that_team_alone(account: Account) -> None:
    """Name, members, applications and environments of the one team; no creation, no deletion, no other team."""
    lead = account.person("Lead")
    foo = account.application("Foo")
    mine, other = given.team(account.fresh, "Mine", administrators=[lead]), account.team("Other")
    account.do(mine)
    assert account.do(EditTeam(team=mine.team, name="Ours", applications=(foo,)), lead)
    assert lead not in {one.id for one in account.now.members(mine.team)}
    for command in (
        EditTeam(team=other, name="Mine too"),
        ChangeMembers(team=other, how="add", members=(lead,)),
        given.team(account.fresh, "New"),
        DeleteTeam(team=mine.team),
    ):
        with pytest.raises(errors.Forbidden) as caught:
            account.do(command, lead)
        assert caught.value.missing.startswith("team:manage")


def test_a_team_administrator_adds_only_people_whom_they_may_see(account: Account) -> None:
    """2.2.0: adding somebody needs `user:read:*` too; taking somebody out does not."""
    blind = account.person("Blind", roles=[account.role("Nothing", "token:manage:own")])
    sally, billy = account.person("Sally"), account.person("Billy")
    team = given.team(account.fresh, "A", administrators=[blind])
    account.do(team)
    account.do(ChangeMembers(team=team.team, how="add", members=(sally,)))
    with pytest.raises(errors.Forbidden) as caught:
        account.do(ChangeMembers(team=team.team, how="add", members=(billy,)), blind)
    assert "user:read" == caught.value.missing
    assert account.do(ChangeMembers(team=team.team, how="remove", members=(sally,)), blind)


def test_a_team_administrator_sees_the_team_s_environments(account: Account) -> None:
    """1.31.0: and nobody else's."""
    lead = account.person("Lead", roles=[account.role("Nothing", "token:manage:own")], teams=[])
    seen, other = account.environment("production"), account.environment("test")
    account.do(given.team(account.fresh, "A", administrators=[lead], environments=[seen]))
    allowed = [
        account.may(lead, "environment:read", things.of_environment(account.now.environment(one)))
        for one in (seen, other)
    ]
    assert [True, False] == allowed


def test_thousands_of_changes_are_split_into_records_that_fit(account: Account) -> None:
    """An entry stays under 65,535 bytes however long the list and the names are, and the pieces add up to the whole."""
    names = [f"{'€' * 250}{n:04}" for n in range(120)]
    applications = [account.application(name) for name in names]
    command = given.team(account.fresh, "A", applications)
    records = account.handle(command, reason="€" * 2_000).records
    sizes = [len(recorded.encode(record)) for record in records]
    assert max(sizes) <= recorded.ENTRY_BYTES_MAX
    added: list[ApplicationId] = []
    for record in records[1:]:
        assert isinstance(record.data, TeamApplicationsChanged)
        added += record.data.added
    assert sorted(applications) == sorted(added)
    assert 1 < len(records) < 20


def test_whoever_is_disabled_leads_no_team(account: Account) -> None:
    """The caution of seed 000: a team is left alone where its last active administrator goes, in whatever way."""

    def alone(command: EditTeam | EditUser) -> list[str]:
        tried = account.handle(command, dry_run=True).rehearsal
        assert tried is not None
        return [one.code for one in tried.weighed.cautions]

    gone, leader = account.person("Gone"), account.person("Leader")
    team = account.team("Led")
    account.do(EditTeam(team=team, administrators=(gone, leader)))
    assert [] == alone(EditUser(principal=leader, active=False))
    account.do(EditUser(principal=gone, active=False))
    assert ["team_without_administrator"] == alone(EditUser(principal=leader, active=False))
    assert ["team_without_administrator"] == alone(EditTeam(team=team, administrators=(gone,)))
    assert [] == alone(EditTeam(team=team, administrators=(leader,)))
