"""Section 3.5: who may record deployments and releases. Two conditions, each judged by itself."""

from itertools import combinations_with_replacement
from typing import Final

import pytest

from projections.deployments import Deployment, Release
from service import errors
from service.catalogue.compiled import DEFAULT_TEAM
from service.commands import Command
from service.commands.deployments import EndDeployment, EndSupport, RecordDeployment, RecordRelease
from service.commands.teams import ChangeMembers, DeleteTeam, EditTeam
from service.queries import access
from service.queries.access import Question
from service.vocabulary import DeploymentId, ReleaseId, TeamId
from tests import given
from tests.given import Account
from tests.service import Client, Running

RECORD: Final = "deployment_and_release:record"
RECORDS: Final = ("", f"{RECORD}:team", f"{RECORD}:*")
READS: Final = (
    "", "environment:read:team", "environment:read:team*", "environment:read:*", "environment:manage:*"
)  # fmt: skip
HELD: Final = (
    "", "user", "application", "environment", "user application", "user environment",
    "application environment", "user application environment",
)  # fmt: skip
"""What a team may hold of the three."""


def naive(records: str, reads: str, teams: tuple[str, str]) -> tuple[bool, bool]:
    """The two conditions, spelt out: may record the application there, may see the environment."""
    held = [set(team.split()) for team in teams]
    together = any({"user", "application", "environment"} <= team for team in held)
    beside = any({"user", "environment"} <= team for team in held)
    return (
        records.endswith(":*") or (records.endswith(":team") and together),
        reads.endswith(":*") or ("read:team" in reads and beside),
    )


class World:
    """Sally, Foo and an environment, each in whichever of two teams a case puts them; Kevin records what she ends."""

    def __init__(self, *scopes: str) -> None:
        self.account = account = Account()
        account.contract("Foo", "Bar")
        foo = account.now.application_named("Foo")
        assert foo is not None
        self.foo, self.test = foo.id, account.environment("test")
        account.do(EditTeam(team=TeamId(DEFAULT_TEAM), applications=()))
        self.teams = account.team("A"), account.team("B")
        self.sally = account.person("Sally", roles=[account.role("Alone", *filter(None, scopes))], teams=[])

    def place(self, teams: tuple[str, str]) -> None:
        """Put what each team is to hold into it, and take the rest out."""
        for team, held in zip(self.teams, teams, strict=True):
            members = (self.sally,) if "user" in held else ()
            self.account.do(ChangeMembers(team=team, how="replace", members=members))
            edit = EditTeam(
                team=team,
                applications=(self.foo,) if "application" in held else (),
                environments=(self.test,) if "environment" in held else (),
            )
            self.account.do(edit)

    def orders(self) -> list[Command]:
        """Everything that the rule is about: recording, and ending what is recorded."""
        fresh, shelf = self.account.fresh, self.account.shelf
        deployment = RecordDeployment(
            deployment=DeploymentId(fresh.id()), application=self.foo, version="1", environment=self.test
        )
        release = RecordRelease(
            release=ReleaseId(fresh.id()), application=self.foo, version="1", environment=self.test
        )
        self.account.do(deployment)
        self.account.do(release)
        (deployed,), (released,) = shelf.at_place(Deployment, self.test), shelf.at_place(Release, self.test)
        return [deployment, release, EndDeployment(deployment=deployed.id), EndSupport(release=released.id)]

    def missing(self, order: Command) -> str:
        """What the refusal names as missing when Sally gives the order; empty where she may."""
        try:
            self.account.do(order, self.sally)
        except errors.Forbidden as denied:
            return denied.missing
        return ""

    def asked(self) -> tuple[bool, str]:
        """The answer of AuthZEN to the same question, with why and without."""
        question = Question(
            subject=self.sally,
            action=RECORD,
            resource_type="application",
            resource_id="Foo",
            environment="test",
        )
        answer = access.evaluate(self.account.now, question)
        assert answer.decision is access.decide(self.account.now, question).decision
        return answer.decision, answer.reason


@pytest.mark.parametrize("reads", READS)
@pytest.mark.parametrize("records", RECORDS)
def test_both_conditions_are_judged_by_themselves(records: str, reads: str) -> None:
    """Section 3.5: in every way in which user, application and environment share teams, and of every order alike.

    `record:team` needs one team with all three; what is missing is named, the right to record first.
    """
    world = World(records, reads)
    for teams in combinations_with_replacement(HELD, 2):
        world.place(teams)
        record, read = naive(records, reads, teams)
        named = f"{RECORD} on Foo" if not record else f"environment:read on {world.test}" if not read else ""
        for order in world.orders():
            assert named == world.missing(order), (teams, order)
        decision, reason = world.asked()
        assert (record and read) is decision, teams
        assert decision is (reason == "")
        if record and not read:
            assert "environment:read on test" in reason


def test_a_team_that_is_gone_holds_nothing_together() -> None:
    """Section 3.5: the one team must live; what it held together is apart once it is deleted."""
    world = World(f"{RECORD}:team", "environment:read:*")
    world.place(("user application environment", ""))
    assert ["", "", "", ""] == [world.missing(order) for order in world.orders()]
    world.account.do(DeleteTeam(team=world.teams[0]))
    assert [f"{RECORD} on Foo"] * 4 == [world.missing(order) for order in world.orders()]


def test_administering_a_team_shows_its_environments_and_records_nothing() -> None:
    """Section 3.5: the environments of a team that one administers may be read; recording there is another thing."""
    world = World(f"{RECORD}:*")
    world.place(("application environment", ""))
    denied = [world.missing(order) for order in world.orders()]
    assert [f"environment:read on {world.test}"] * 4 == denied
    world.account.do(EditTeam(team=world.teams[0], administrators=(world.sally,), applications=(world.foo,)))
    assert [""] * 4 == [world.missing(order) for order in world.orders()]
    world.account.do(given.roles(world.sally))
    assert [f"{RECORD} on Foo"] * 4 == [world.missing(order) for order in world.orders()]


async def test_the_403_names_which_of_the_two_is_missing(running: Running) -> None:
    """Section 3.5, over HTTP: of all four orders, and the attempts are on the record with what was missing."""
    place, ids = await _recorded(running)
    for scope, missing in (
        ("environment:read:*", f"{RECORD} on Foo"),
        (f"{RECORD}:*", f"environment:read on {ids['test']}"),
    ):
        sally = await running.person(f"With {scope}", roles=[await running.role(scope, scope)])
        for method, path, body in _orders(place, ids):
            accept = {"Accept": "application/problem+json"}
            answer = await sally.ask(method, path, json=body, headers=accept)
            assert 403 == answer.status, answer.text
            assert missing in answer.json["detail"]
        told = await running.admin.get(f"/audit?kind=attempt.denied&actor=user:{sally.id}")
        assert {missing} == {one["missing"] for one in told.json["events"]}


async def test_the_roles_of_pipelines_record(running: Running) -> None:
    """Section 3.5: CI/CD and Administrator hold both for everything; a read-only token records nothing."""
    place, ids = await _recorded(running)
    robot = await running.system_account("robot")
    for method, path, body in _orders(place, ids):
        assert 403 == (await robot.read_only().ask(method, path, json=body)).status
        assert (await robot.ask(method, path, json=body)).status in (200, 201)


async def _recorded(running: Running) -> tuple[str, dict[str, str]]:
    """Foo 1 deployed and released to an environment of no team: where that is recorded, and the ids."""
    admin: Client = running.admin
    assert 201 == (await admin.put("/pacts/provider/Bar/consumer/Foo/version/1", {})).status
    ids = {"test": (await admin.post("/environments", {"name": "test", "production": False})).json["uuid"]}
    place = f"/pacticipants/Foo/versions/1/{{}}-versions/environment/{ids['test']}"
    for noun in ("deployed", "released"):
        ids[noun] = (await admin.post(place.format(noun), {})).json["uuid"]
    return place, ids


def _orders(place: str, ids: dict[str, str]) -> list[tuple[str, str, dict[str, bool]]]:
    return [
        ("POST", place.format("deployed"), {}),
        ("POST", place.format("released"), {}),
        ("PATCH", f"/deployed-versions/{ids['deployed']}", {"currentlyDeployed": False}),
        ("PATCH", f"/released-versions/{ids['released']}", {"currentlySupported": False}),
    ]
