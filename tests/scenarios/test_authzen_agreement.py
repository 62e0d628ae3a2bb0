"""AuthZEN 1.0 over HTTP, in a company that changes between its questions: every endpoint says what a naive model does.

What the service keeps of the moment, of whom it looked up and of who asks must never outlive what it is true of.
"""

import contextlib
import random
from typing import Any, Final

import msgspec
import pytest

from service import errors
from service.catalogue.compiled import DECISION_CLIENT
from service.catalogue.own import OwnAction, OwnCatalogue
from service.commands import Command
from service.commands.aliases import SetAliases
from service.commands.own_catalogues import AdoptOwnCatalogue, WithdrawOwnCatalogue
from service.commands.resources import EditResource, NewResource, RegisterResource, RemoveResource
from service.commands.roles import EditRole
from service.commands.teams import ChangeMembers, DeleteTeam
from service.commands.users import ChangeRoles, DeleteUser, EditUser
from service.vocabulary import AliasId, PrincipalId, ResourceId, RoleId, TeamId
from tests import given, own_types, postgres
from tests.handling import doors
from tests.projections.naive import Model
from tests.queries import naive_questions
from tests.queries.test_agreement import NAMES, World
from tests.service import Client, Running

RECORDS: Final = msgspec.structs.replace(
    own_types.RECORDS,
    actions=(
        *own_types.RECORDS.actions[:3],
        msgspec.structs.replace(own_types.RECORDS.actions[3], called=("see",)),
    ),
)
SHELVES: Final = OwnCatalogue(
    name="archive",
    number=1,
    actions=(OwnAction(name="shelf:tidy", types=("team",), extents=("*", "team"), called=("tidy",)),),
)
DEEDS: Final = 60
EVALUATION, EVALUATIONS, SEARCH = "/access/v1/evaluation", "/access/v1/evaluations", "/access/v1/search"


class Served(World):
    """A running company. What it is asked comes from the same draw as in the worlds that are only in memory."""

    def __init__(self, running: Running, seed: int) -> None:
        self.running = running
        self.draw = random.Random(seed)  # noqa: S311  # repeatable on purpose
        self.emails, self.kinds, self.aliases = {}, {}, {}
        self.roles: list[RoleId] = []
        self.teams, self.applications = [], []
        self.number = 1

    async def begin(self) -> Client:
        """People, roles and teams; whoever asks is one of them."""
        running, draw, fresh = self.running, self.draw, self.running.app.fresh
        await self.do(AdoptOwnCatalogue(catalogue=RECORDS))
        await self.do(AdoptOwnCatalogue(catalogue=SHELVES))
        for number in range(4):
            command = given.role(fresh, f"R{number}", *self.some_scopes())
            await self.do(command)
            self.roles.append(command.role)
        for number in range(4):
            self.teams.append(TeamId(await running.team(f"T{number}")))
        for name in ("Foo", "Bar"):
            application = given.application(fresh, name)
            await self.do(application)
            self.applications.append(application.application)
        for number in range(5):
            invited = given.invite(fresh, f"P{number}")
            await self.do(invited)
            await self.do(
                ChangeRoles(principal=invited.new.id, how="replace", roles=(draw.choice(self.roles),))
            )
            self.emails[invited.new.id], self.kinds[invited.new.id] = f"p{number}@example.org", "user"
        kevin = doors.kevin(running.app)
        self.emails[kevin], self.kinds[kevin] = "admin@example.org", "user"
        asker = await running.system_account("asker", roles=[DECISION_CLIENT])
        self.kinds[asker.id] = "system_account"
        return asker

    async def do(self, command: Command) -> None:
        await doors.do(self.running.app, command)

    def some_scopes(self) -> list[str]:
        compiled = self.running.app.replica.now().compiled
        known = [scope for scope in own_types.SCOPES if compiled.known(scope)]
        return self.draw.sample(known, min(len(known), self.draw.randint(15, 30)))

    def somebody(self) -> PrincipalId:
        living = self.running.app.replica.now().principals()
        return PrincipalId(self.draw.choice([one.id for one in living if one.id in self.emails]))

    def some_teams(self) -> tuple[TeamId, ...]:
        view = self.running.app.replica.now()
        living = [team for team in self.teams if view.team_or_none(team) is not None]
        return tuple(self.draw.sample(living, min(len(living), self.draw.randint(0, 2))))

    def deed(self) -> Command | None:  # one of many, which is the point
        """Anything that could change an answer."""
        draw, view, fresh = self.draw, self.running.app.replica.now(), self.running.app.fresh
        held, person = [one.id for one in view.resources()], self.somebody()
        kevin = person == doors.kevin(self.running.app)
        match draw.randrange(12):
            case 0 | 1 | 2:
                name, type_ = draw.choice(NAMES), draw.choice(("record", "record", "note"))
                if view.resource_named(type_, name) is not None or type_ not in view.compiled.types:
                    return None
                return RegisterResource(
                    thing=NewResource(
                        resource=ResourceId(fresh.id()),
                        type=type_,
                        name=name,
                        owner=person,
                        teams=self.some_teams(),
                        properties=self.properties(),
                    )
                )
            case 3 | 4 if held:
                status = draw.choice((None, "active", "archived"))
                owner = draw.choice((None, person))
                return EditResource(
                    resource=draw.choice(held),
                    owner=owner,
                    teams=self.some_teams(),
                    changes={"status": status},
                )
            case 5 if held:
                return RemoveResource(resource=draw.choice(held))
            case 6 if not kevin:
                text = draw.choice(("CiRmOne", "CiRmTwo", "else@example.net"))
                known = view.principal_with_alias(text)
                wanted = (text,) if known is None else ()
                alias = AliasId(fresh.id())
                if wanted:
                    self.aliases[alias] = text
                return SetAliases(principal=person, aliases=wanted, ids=(alias,) if wanted else ())
            case 7 if not kevin:
                return EditUser(principal=person, active=draw.random() < 0.6)
            case 8 if not kevin:
                roles = tuple(draw.sample(self.roles, 2))
                return ChangeRoles(principal=person, how="replace", roles=roles)
            case 9:
                teams = self.some_teams()
                how: Any = draw.choice(("add", "add", "remove"))
                return ChangeMembers(team=teams[0], how=how, members=(person,)) if teams else None
            case 10 if draw.random() < 0.5:
                return EditRole(role=draw.choice(self.roles), scopes=tuple(self.some_scopes()))
            case 10:
                if draw.random() < 0.3 and view.own_catalogue_or_none("records") is not None:
                    return WithdrawOwnCatalogue(name="records")
                self.number += 1
                content = draw.choice((RECORDS, own_types.RECORDS_2))
                return AdoptOwnCatalogue(catalogue=msgspec.structs.replace(content, number=self.number))
            case 11 if draw.random() < 0.3 and not kevin:
                return DeleteUser(principal=person)
            case 11 if draw.random() < 0.3 and (teams := self.some_teams()):
                return DeleteTeam(team=teams[0])
            case _:
                return None


Told = tuple[int, dict[str, Any], bool, list[str], list[str]]
"""Where the log stood, the question, its answer, and which subjects and things were found."""


async def asked(asker: Client, body: dict[str, Any]) -> Told:
    """One question in every way. All agree about the moment, and the same question again has the same answer."""
    once, again = await asker.post(EVALUATION, body), await asker.post(EVALUATION, body)
    several = await asker.post(EVALUATIONS, {**body, "evaluations": [{}, {"context": {}}, {}]})
    assert {200} == {one.status for one in (once, again, several)}, once.text
    decisions = {one["decision"] for one in several.json["evaluations"]}
    assert {once.json["decision"]} == decisions | {again.json["decision"]}
    assert once.octets == again.octets
    found = []
    for part in ("subject", "resource"):
        answer = await asker.post(f"{SEARCH}/{part}", body)
        assert (200, once.position) == (answer.status, answer.position), answer.text
        found.append(sorted(one["id"] for one in answer.json["results"]))
    assert {once.position} == {again.position, several.position}
    return once.position, body, once.json["decision"], found[0], found[1]


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
async def test_every_endpoint_says_what_a_naive_reading_says(
    running: Running, database: postgres.Database, seed: int
) -> None:
    """Whatever happened since the last question, and whatever happens afterwards: then is answered as it was."""
    served = Served(running, seed)
    asker = await served.begin()
    told: list[Told] = []
    for _ in range(DEEDS):
        command = served.deed()
        if command is not None:
            with contextlib.suppress(errors.Refused):  # a thing whose catalogue was withdrawn is not edited
                await served.do(command)
        told += [await asked(asker, served.body(running.app.replica.now())) for _ in range(3)]
    for position, body, decision, _, _ in told:
        for then in (
            await asker.post(f"{EVALUATION}?as_of={position}", body),
            await asker.post(EVALUATION, {**body, "context": {"as_of": position}}),
        ):
            assert (decision, position) == (then.json["decision"], then.position), body
    model, log = Model(), iter(await doors.log_of(database))
    at = 0
    for position, body, decision, subjects, things in told:
        while at < position:
            record = next(log)
            model.apply(record.data)
            at = record.position
        calls = naive_questions.calls(model, served.emails, served.aliases)

        def naive(question: dict[str, Any], calls: naive_questions.Calls = calls) -> bool:
            return naive_questions.decision(model, calls, served.kinds, question)

        assert (body, naive(body)) == (body, decision)
        assert (body, subjects) == (
            body,
            sorted(
                naive_questions.called(model, served.aliases, one)
                for one in model.principals
                if naive({**body, "subject": {**body["subject"], "id": one}})
            ),
        )
        type_ = body["resource"]["type"]
        if type_ in model.own.types():
            there = [name for held, name, *_ in model.own.resources.values() if held == type_]
            found = [one for one in there if naive({**body, "resource": {**body["resource"], "id": one}})]
            assert (body, sorted(found)) == (body, things)
    answers = [decision for _, _, decision, _, _ in told]
    assert 15 < sum(answers) < 0.9 * len(answers), "a company in which most is one answer proves little"
