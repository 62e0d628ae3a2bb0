"""The scenarios of the AuthZEN working group, played over HTTP without a line of code: catalogues, roles and vectors.

Each file of `authzen/` is one: a to-do application, an API gateway's routes, records with owners and departments (which
an identity provider asks about too), and the certification fixture of AuthZEN 1.0, with its records registered and not.
The vectors are our own, written from what the scenarios say in prose.
"""

import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from service.catalogue import own_reading
from service.catalogue.compiled import DECISION_CLIENT
from tests import postgres, service
from tests.service import Client, Running

PLACE: Final = Path(__file__).parent / "authzen"
FILES: Final = sorted(path.stem for path in PLACE.glob("*.toml"))


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody, by the id that programs use."""

    alias: str
    roles: list[str]
    teams: list[str] = []


class Thing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is registered, with its owner's name."""

    type: str
    name: str
    owner: str = ""
    teams: list[str] = []
    properties: dict[str, Any] = {}


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a question says beside its subject."""

    why: str = ""
    subject_properties: dict[str, Any] = {}
    action: str = ""
    action_properties: dict[str, Any] = {}
    resource: dict[str, Any]
    context: dict[str, Any] = {}

    def body(self, subject: dict[str, Any]) -> dict[str, Any]:
        """The question about a subject, without what is empty."""
        action = {"name": self.action, "properties": self.action_properties}
        whole = {
            "subject": {**subject, "properties": self.subject_properties},
            "action": {one: value for one, value in action.items() if value},
            "resource": self.resource,
            "context": self.context,
        }
        if not self.subject_properties:
            del whole["subject"]["properties"]
        return {one: value for one, value in whole.items() if value}


class Vector(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question about everybody, and those of whom the answer is yes."""

    yes: list[str]


class Sought(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A search, and what it finds, `exactly` or at `least`."""

    sought: str
    subject: str = ""
    exactly: list[str] | None = None
    least: list[str] = []


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file."""

    example: str = ""
    catalogue: str = ""
    subject_type: str = "user"
    teams: list[str] = []
    roles: dict[str, list[str]]
    people: dict[str, Person]
    things: list[Thing] = []
    evaluations: list[Vector]
    searches: list[Sought] = []

    def subject(self, name: str) -> dict[str, Any]:
        return {"type": self.subject_type, "id": self.people[name].alias}


class Played(msgspec.Struct, frozen=True):
    """A scenario in a running service, with a program that may ask."""

    scenario: Scenario
    asker: Client
    running: Running


def read(name: str) -> Scenario:
    """A scenario as its file says it. Raises for a field that nobody reads."""
    return msgspec.convert(tomllib.loads((PLACE / f"{name}.toml").read_text("utf-8")), Scenario)


@pytest.fixture(params=FILES)
async def played(
    request: pytest.FixtureRequest, database: postgres.Database, tmp_path: Path
) -> AsyncIterator[Played]:
    """Each scenario, set up by the orders of an administrator."""
    scenario = read(request.param)
    async with service.running(database, tmp_path) as running:
        await adopt(running, scenario)
        roles = {name: await running.role(name, *scopes) for name, scopes in scenario.roles.items()}
        teams = {name: await running.team(name) for name in scenario.teams}
        people: dict[str, str] = {}
        for name, person in scenario.people.items():
            made = await running.person(
                name, roles=[roles[one] for one in person.roles], teams=[teams[one] for one in person.teams]
            )
            people[name] = made.id
            await alias(running, made.id, person.alias)
        for thing in scenario.things:
            await register(running, thing, people, teams)
        asker = await running.system_account("asker", roles=[DECISION_CLIENT])
        yield Played(scenario, asker, running)


async def adopt(running: Running, scenario: Scenario) -> None:
    """The scenario's catalogue is in force: an example that ships, or the file's own text."""
    text = own_reading.example(scenario.example) if scenario.example else scenario.catalogue
    name = tomllib.loads(text)["name"]
    headers = {"Content-Type": "application/toml"}
    answer = await running.admin.ask("PUT", f"/admin/catalogues/{name}", body=text.encode(), headers=headers)
    assert 201 == answer.status, answer.text


async def alias(running: Running, principal: str, text: str) -> None:
    """Programs know somebody by this."""
    answer = await running.admin.put(f"/admin/users/{principal}/aliases", {"aliases": [text]})
    assert 200 == answer.status, answer.text


async def register(running: Running, thing: Thing, people: dict[str, str], teams: dict[str, str]) -> None:
    """The service knows the thing, whose it is and its properties."""
    body = {
        "type": thing.type,
        "name": thing.name,
        "owner": people[thing.owner] if thing.owner else None,
        "teamUuids": [teams[one] for one in thing.teams],
        "properties": thing.properties,
    }
    answer = await running.admin.post("/admin/resources", body)
    assert 201 == answer.status, answer.text


async def test_every_question_is_answered_as_the_scenario_says(played: Played) -> None:
    """AuthZEN 1.0: one evaluation after the other, and all of somebody's in one call, now and as of this position."""
    scenario, position = played.scenario, played.running.position
    assert scenario.evaluations
    for name in scenario.people:
        bodies = [one.body(scenario.subject(name)) for one in scenario.evaluations]
        expected = [name in one.yes for one in scenario.evaluations]
        singly = [await played.asker.post("/access/v1/evaluation", body) for body in bodies]
        assert {200} == {one.status for one in singly}
        told = [
            (name, one.why or one.body({}), answer.json["decision"])
            for one, answer in zip(scenario.evaluations, singly, strict=True)
        ]
        assert [(name, one.why or one.body({}), name in one.yes) for one in scenario.evaluations] == told
        at_once = await played.asker.post("/access/v1/evaluations", {"evaluations": bodies})
        assert expected == [one["decision"] for one in at_once.json["evaluations"]]
        await played.running.role(f"Nothing for {name}")  # history goes on
        then = await played.asker.post(f"/access/v1/evaluations?as_of={position}", {"evaluations": bodies})
        assert at_once.octets == then.octets


async def test_every_search_finds_what_the_scenario_says(played: Played) -> None:
    """AuthZEN 1.0: subject, resource and action search; whatever one finds evaluates to true."""
    scenario = played.scenario
    assert scenario.searches
    for one in scenario.searches:
        subject = scenario.subject(one.subject) if one.subject else {"type": scenario.subject_type}
        body = one.body(subject)
        answer = await played.asker.post(f"/access/v1/search/{one.sought}", body)
        assert 200 == answer.status, answer.text
        results = answer.json["results"]
        found = [result.get("id") or result["name"] for result in results]
        if one.exactly is not None:
            assert (body, sorted(one.exactly)) == (body, sorted(found))
        assert (body, set()) == (body, {*one.least} - {*found})
        for result in results:
            whole = {**body, one.sought: {**body.get(one.sought, {}), **result}}
            evaluated = await played.asker.post("/access/v1/evaluation", whole)
            assert (whole, True) == (whole, evaluated.json["decision"])


async def test_a_scenario_ends_with_its_catalogue(played: Played) -> None:
    """What no catalogue knows any more is a no to everything, though roles and aliases stay; and it may return."""
    scenario = played.scenario
    name = (await played.running.admin.get("/admin/catalogues")).json["_embedded"]["catalogues"][1]["name"]
    somebody = next(iter(scenario.people))
    bodies = {"evaluations": [one.body(scenario.subject(somebody)) for one in scenario.evaluations]}
    before = await played.asker.post("/access/v1/evaluations", bodies)
    assert True in [one["decision"] for one in before.json["evaluations"]]
    gone = await played.running.admin.delete(f"/admin/catalogues/{name}")
    assert 200 == gone.status, gone.text
    without = (await played.asker.post("/access/v1/evaluations", bodies)).json["evaluations"]
    assert {False} == {one["decision"] for one in without}
    await adopt(played.running, scenario)
    assert before.octets == (await played.asker.post("/access/v1/evaluations", bodies)).octets
