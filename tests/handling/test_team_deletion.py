"""What follows from a team's deletion: section 3.2 of the vendor's rules, «the event trail must show every effect»."""

import asyncio
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from projections import things
from projections.view import View
from service import errors
from service.commands import bulk, relations
from service.commands.teams import ChangeMembers, DeleteTeam, EditTeam
from service.events.teams import (
    TeamAdministratorsChanged,
    TeamApplicationsChanged,
    TeamDeleted,
    TeamEnvironmentsChanged,
    TeamMembersChanged,
)
from service.log import recorded
from service.vocabulary import PrincipalId
from tests import given, postgres
from tests.given import Account
from tests.handling import doors


@pytest.fixture
def account() -> Account:
    """Kevin administers it; the Default team is there and has him in it."""
    return Account()


def test_each_link_that_goes_is_a_fact_before_the_deletion(account: Account) -> None:
    """Members, administrators, applications and environments are unlinked in records of the same request."""
    sally, lead = account.person("Sally"), account.person("Lead")
    foo, production = account.application("Foo"), account.environment("production")
    command = given.team(account.fresh, "A", [foo], [lead], [production])
    account.do(command)
    account.do(ChangeMembers(team=command.team, how="add", members=(sally,)))
    outcome = account.handle(DeleteTeam(team=command.team))
    assert [
        TeamMembersChanged(team=command.team, removed=(sally,)),
        TeamAdministratorsChanged(team=command.team, removed=(lead,)),
        TeamApplicationsChanged(team=command.team, removed=(foo,)),
        TeamEnvironmentsChanged(team=command.team, removed=(production,)),
        TeamDeleted(team=command.team, name="A", default=False),
    ] == [record.data for record in outcome.records]
    first, *others = outcome.records
    assert {first.id} == {record.correlation for record in others}
    for one in (sally, lead, foo, production):  # the trail of each of them shows it, with the team's name
        touching = [record for record in outcome.records if one in {thing.id for thing in record.touches}]
        assert [(command.team, "A")] == [
            (thing.id, thing.name) for record in touching for thing in record.touches if thing.type == "team"
        ]


def test_what_belonged_to_the_team_lives_on_without_it(account: Account) -> None:
    """Section 3.2: people, applications and environments survive; its administrators lose their permission."""
    lead = account.person("Lead", roles=[account.role("Nothing", "token:manage:own")], teams=[])
    foo, production = account.application("Foo"), account.environment("production")
    command = given.team(account.fresh, "A", [foo], [lead], [production])
    account.do(command)
    environment = things.of_environment(account.now.environment(production))
    assert account.may(lead, "environment:read", environment)
    account.do(DeleteTeam(team=command.team))
    assert not account.may(lead, "environment:read", environment)
    assert () == account.principal(lead).administers
    assert command.team not in account.now.application(foo).teams
    assert () == account.now.environment(production).teams


def test_a_team_of_which_nothing_is_left_leaves_one_fact(account: Account) -> None:
    """What links nothing unlinks nothing; who left before is not told again."""
    sally = account.person("Sally")
    team = account.team("A", members=[sally])
    account.do(ChangeMembers(team=team, how="remove", members=(sally,)))
    assert [TeamDeleted(team=team, name="A", default=False)] == account.do(DeleteTeam(team=team))


def test_thousands_of_links_are_split_into_records_that_fit(account: Account) -> None:
    """An entry stays under 65,535 bytes however many belong to the team and however long their names are."""
    robots = [account.robot(f"robot {number}", teams=[]) for number in range(700)]
    applications = [account.application(f"{'€' * 250}{number:04}") for number in range(120)]
    team = account.team("A", applications, robots)
    records = account.handle(DeleteTeam(team=team), reason="€" * 2_000).records
    assert max(len(recorded.encode(record)) for record in records) <= recorded.ENTRY_BYTES_MAX
    gone: list[PrincipalId] = []
    for record in records:
        if isinstance(record.data, TeamMembersChanged):
            gone += record.data.removed
    assert sorted(robots) == sorted(gone)
    assert isinstance(records[-1].data, TeamDeleted)


def test_an_older_log_in_which_the_deletion_stands_alone_folds_to_the_same(account: Account) -> None:
    """Before this release only `team.deleted` was recorded: from it on nothing is linked to the team either."""
    sally, lead = account.person("Sally", teams=[]), account.person("Lead", teams=[])
    foo, production = account.application("Foo"), account.environment("production")
    command = given.team(account.fresh, "A", [foo], [lead], [production])
    account.do(command)
    account.do(ChangeMembers(team=command.team, how="add", members=(sally,)))
    last = account.log[-1]
    older = msgspec.structs.replace(
        last,
        position=last.position + 1,
        id=account.fresh.event_id(last.recorded_at),
        recorded_at=last.recorded_at + timedelta(microseconds=1),
        data=TeamDeleted(team=command.team, name="A", default=False),
    )
    directory = account.replica.directory
    directory.begin()
    directory.apply(older)
    view = account.replica.drafting(older.recorded_at)
    assert None is view.team_or_none(command.team)
    assert ([], []) == (view.members(command.team), view.administrators(command.team))
    assert [] == view.live_teams(view.principal(sally).teams)
    assert [] == view.live_teams(view.principal(lead).administers)
    assert [] == view.team_applications(command.team)
    assert [] == view.live_teams(view.environment(production).teams)
    directory.undo()


def test_more_links_than_one_order_can_cut_are_refused(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sentence at once, rather than an append that Postgres would refuse after seconds; in parts it goes."""
    robots = [account.robot(f"robot {number}", teams=[]) for number in range(3)]
    team = account.team("A", [account.application("Foo")], robots)
    monkeypatch.setattr(relations, "LINKS_MAX", 2)
    for command in (
        DeleteTeam(team=team),
        ChangeMembers(team=team, how="replace", members=()),
        ChangeMembers(team=team, how="remove", members=tuple(robots)),
    ):
        with pytest.raises(errors.Refused, match="one order can 2") as caught:
            account.do(command)
        assert "too_many_links" == caught.value.reason
    for some in (robots[:2], robots[2:]):
        account.do(ChangeMembers(team=team, how="remove", members=tuple(some)))
    assert isinstance(account.do(DeleteTeam(team=team))[-1], TeamDeleted)


@pytest.mark.parametrize("many", [0, 1, 1_024, 1_025, 5_000])
def test_a_difference_is_in_the_order_of_ids_however_long(many: int) -> None:
    """The same sets make the same facts, and none comes twice or is lost."""
    ids = [f"{number * 7_919 % 100_003:06}" for number in range(many)]
    expected = tuple(sorted(ids))
    assert (expected, ()) == relations.difference([], ids)
    assert ((), expected) == relations.difference(ids, [])


def test_orders_about_a_team_of_many_go_apart(account: Account) -> None:
    """What may unlink hundreds is drafted beside the event loop; one who joins or leaves goes with the others."""
    robots = [account.robot(f"robot {number}", teams=[]) for number in range(bulk.REMOVED_MIN)]
    team, small = account.team("A", members=robots), account.team("B", members=robots[:3])

    def now() -> View:
        return account.now

    assert bulk.is_bulk(DeleteTeam(team=team), now)
    assert bulk.is_bulk(ChangeMembers(team=team, how="replace", members=()), now)
    assert bulk.is_bulk(EditTeam(team=team, applications=()), now)
    assert not bulk.is_bulk(ChangeMembers(team=team, how="remove", members=(robots[0],)), now)
    assert not bulk.is_bulk(DeleteTeam(team=small), now)


async def test_readers_see_a_team_of_many_whole_or_not_at_all(
    database: postgres.Database, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the deletion is drafted in a thread, every answer is of a committed position, and others are answered."""
    monkeypatch.setattr(bulk, "REMOVED_MIN", 20)
    async with doors.opened(database, place, follow=True) as app:
        robots = [given.system_account(app.fresh, f"robot {number}") for number in range(60)]
        await asyncio.gather(*(doors.do(app, robot) for robot in robots))
        team = given.team(app.fresh, "A")
        await doors.do(app, team)
        members = tuple(robot.new.id for robot in robots)
        await doors.do(app, ChangeMembers(team=team.team, how="add", members=members))
        deletion = asyncio.create_task(doors.do(app, DeleteTeam(team=team.team)))
        seen = set()
        while not deletion.done():
            view = app.replica.now()
            seen.add((view.team_or_none(team.team) is not None, len(view.members(team.team))))
            await asyncio.sleep(0)
        outcome = await deletion
        assert {(True, len(members))} == seen - {(False, 0)}
        assert 2 == len(outcome.records)
        assert [] == app.replica.now().members(team.team)
