"""The three searches agree with single evaluation: on chosen questions, and on any of any world at any moment."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given as over
from hypothesis import settings
from hypothesis import strategies as st

from projections import things
from projections.view import View
from service.catalogue.compiled import ADMINISTRATOR, CI_CD, USER
from service.catalogue.own import Condition, OwnAction, OwnCatalogue, Predicate, Reference, ThingType
from service.commands.aliases import SetAliases
from service.commands.teams import ChangeMembers, DeleteTeam
from service.commands.users import DeleteUser
from service.events.own_catalogues import OwnCatalogueAdopted
from service.events.resources import Property, ResourceRegistered
from service.http import authzen_asked
from service.queries import access, searching
from service.queries.access import Question
from service.queries.evaluating import Evaluator
from service.queries.searching import Search
from service.vocabulary import AliasId, PrincipalId, ResourceId, TeamId
from tests import facts, given
from tests.given import Account

RECORDS = OwnCatalogue(
    name="records",
    number=1,
    types=(ThingType(name="record"),),
    actions=(
        OwnAction(name="record:read", types=("record",), extents=("*", "team", "own"), called=("read",)),
        OwnAction(
            name="record:write",
            types=("record",),
            extents=("*", "team", "own"),
            called=("write",),
            implies=("record:read",),
        ),
        OwnAction(name="record:meet", types=("user", "record"), extents=("*", "team")),
    ),
    conditions=(
        Condition(
            name="unarchived", all=(Predicate(property="resource.properties.status", not_equals="archived"),)
        ),
        Condition(
            name="theirs",
            all=(Predicate(property="resource.properties.author", equals=Reference(property="subject.id")),),
        ),
        Condition(name="in_office", all=(Predicate(property="context.office", equals=True),)),
        Condition(name="softly", all=(Predicate(property="action.properties.soft", equals=True),)),
    ),
    subject_types=("employee",),
)
SCOPES = (
    "contract_data:read:*",
    "contract_data:manage:own",
    "contract_data:manage:*",
    "contract_data:manage:team?in_office",
    "deployment_and_release:record:team",
    "environment:read:team",
    "environment:read:*?in_office",
    "team:read:*",
    "role:read:*",
    "user:read:*",
    "user:manage:*?in_office",
    "system_account:read:*",
    "secret:read:team",
    "secret:manage:*",
    "webhook:manage:team",
    "token:manage:own",
    "record:read:team",
    "record:read:own",
    "record:write:own?unarchived",
    "record:write:*?theirs",
    "record:write:*",
    "record:read:*?softly",
    "record:meet:team",
)
TYPES = (*things.TYPES_HELD, "record")


def question(view: View, **parts: Any) -> Question:
    """The question of a request with these parts."""
    return authzen_asked.question(authzen_asked.parts(parts), Evaluator(view))


def found(search: Search) -> list[str]:
    """The whole answer, each result by what it is called by."""
    results = [search.result(one) for one in search.ids]
    return [one.get("id", one.get("name", "")) for one in results if one is not None]


def decides(view: View, **parts: Any) -> bool:
    """Single evaluation of a request with these parts."""
    return access.decide(view, question(view, **parts)).decision


def known_by(account: Account, principal: PrincipalId, *aliases: str) -> None:
    """From here on programs know the principal by these too."""
    ids = tuple(AliasId(account.fresh.id()) for _ in aliases)
    account.do(SetAliases(principal=principal, aliases=aliases, ids=ids))


def registered(
    account: Account, name: str, owner: PrincipalId | None, teams: tuple[TeamId, ...], **properties: Any
) -> None:
    """A record that the service knows from here on."""
    facts.happened(
        account,
        ResourceRegistered(
            resource=ResourceId(account.fresh.id()),
            type="record",
            name=name,
            owner=owner,
            teams=teams,
            properties=tuple(Property(name=one, value=value) for one, value in sorted(properties.items())),
        ),
    )


class Story:
    """A world drawn from a seed: whoever is in it holds and does whatever was drawn."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311  # repeatable on purpose
        self.account = account = Account(seed)
        self.began = account.log[-1].position
        facts.happened(account, OwnCatalogueAdopted(name="records", number_before=0, catalogue=RECORDS))
        self.roles = [account.role(f"Role {number}", *self._some(SCOPES, 1, 6)) for number in range(4)]
        held = [*self.roles, USER, CI_CD, ADMINISTRATOR]
        self.people = [
            *(account.person(f"P{number}", self._some(held, 0, 2), ()) for number in range(4)),
            *(account.robot(f"R{number}", self._some(held, 0, 2), ()) for number in range(2)),
        ]
        maker = account.person("Maker", [account.role("Makers", "contract_data:manage:own")], ())
        self.people.append(maker)
        for person in self._some(self.people, 1, 4):
            known_by(account, person, f"alias-of-{person[:4]}")
        applications = [
            account.application(f"App {number}", self.random.choice([None, maker])) for number in range(4)
        ]
        self.teams = [self._team(f"Team {number}", applications) for number in range(3)]
        self._things()
        account.do(given.disabled(self.people[2]))
        if self.random.random() < 0.5:
            account.do(DeleteTeam(team=self.teams[-1]))
        if self.random.random() < 0.5:
            account.do(DeleteUser(principal=self.people[1]))

    def views(self, count: int) -> Iterator[View]:
        """The world as it is, and at some moments before."""
        yield self.account.now
        for _ in range(count - 1):
            yield self.account.replica.view(self.random.randint(self.began, self.account.replica.position))

    def properties(self) -> dict[str, Any]:
        """What a request says of a record."""
        said = {
            "status": self.random.choice(["active", "archived"]),
            "author": self.random.choice(self.people),
            "owner": self.random.choice(self.people),
            "team": self.random.choice(self.teams),
        }
        return {name: said[name] for name in self._some(said, 0, 3)}

    def _team(self, name: str, applications: list[Any]) -> TeamId:
        command = given.team(
            self.account.fresh,
            name,
            applications=self._some(applications, 0, 3),
            administrators=self._some(self.people, 0, 1),
        )
        self.account.do(command)
        members = tuple(self._some(self.people, 0, 4))
        if members:
            self.account.do(ChangeMembers(team=command.team, how="add", members=members))
        return command.team

    def _things(self) -> None:
        account, draw = self.account, self.random
        account.contract("App 0", "App 1")
        account.contract("App 1", "App 2", "2")
        for number in range(2):
            account.environment(f"place-{number}", self._some(self.teams, 0, 2))
            facts.secret(account, f"secret-{number}", draw.choice([None, *self.teams]))
            facts.webhook(account, draw.choice([None, *self.teams]))
        for number in range(4):
            owner, teams = draw.choice([None, *self.people]), tuple(self._some(self.teams, 0, 2))
            held = {"status": draw.choice(["active", "archived"]), "author": draw.choice(self.people)}
            registered(account, f"record-{number}", owner, teams, **held)

    def _some(self, among: Any, least: int, most: int) -> list[Any]:
        return self.random.sample(list(among), self.random.randint(least, most))


def whole(view: View, type_: str) -> list[str]:
    """Everything of a type that is there, by what a question may call it."""
    directory = view.directory
    tables: dict[str, Any] = {
        "application": view.applications,
        "contract": lambda: filter(None, map(view.contract_or_none, directory.contracts)),
        "team": view.teams,
        "role": view.roles,
        "environment": view.environments,
        "user": view.principals,
        "system_account": lambda: (one for one in view.principals() if one.type == "system_account"),
        "token": lambda: filter(None, map(view.token_or_none, directory.tokens)),
        "secret": view.secrets,
        "webhook": view.webhooks,
    }
    if type_ == "integration":
        return [f"{one.consumer}/{one.provider}" for one in view.integrations()]
    if type_ == "record":
        return [one.name for one in view.resources_of_type("record")]
    return [one.id for one in tables[type_]()]


SEEDS = over(st.integers(min_value=0, max_value=1_000_000))
FEW = settings(max_examples=12, deadline=None)


@pytest.fixture
def account() -> Account:
    """An account with the catalogue of records."""
    account = Account()
    facts.happened(account, OwnCatalogueAdopted(name="records", number_before=0, catalogue=RECORDS))
    return account


def test_a_subject_is_called_by_its_first_alias(account: Account) -> None:
    """Programs find people under what they know them by; that names them, in a question, and the id always does."""
    alice = account.person("Alice", [account.role("Readers", "record:read:*")])
    bob = account.robot("bob", [account.role("Writers", "record:write:*")])
    known_by(account, alice, "opaque-17", "another")
    parts = {"action": {"name": "read"}, "resource": {"type": "record", "id": "1"}}
    sought = question(account.now, subject={"type": "employee", "id": "*"}, **parts)

    assert ["opaque-17", bob] == found(searching.subjects(account.now, "employee", sought))
    assert [bob] == found(searching.subjects(account.now, "system_account", sought))
    assert decides(account.now, subject={"type": "employee", "id": "opaque-17"}, **parts)


def test_registered_things_are_found_by_name(account: Account) -> None:
    """Of an own type what is registered is found, as clients call it, in the order in which it came."""
    team = account.team("A")
    alice = account.person("Alice", [account.role("Readers", "record:read:team", "record:read:own")], [team])
    for name, owner, teams in (("one", None, (team,)), ("two", account.kevin, ()), ("three", alice, ())):
        registered(account, name, owner, teams)
    sought = question(
        account.now,
        subject={"type": "user", "id": alice},
        action={"name": "read"},
        resource={"type": "record", "id": "*"},
    )

    assert ["one", "three"] == found(searching.resources(account.now, sought))


def test_actions_are_found_as_requests_call_them(account: Account) -> None:
    """An own action has its first short name; a built-in one its full name."""
    alice = account.person("Alice", [account.role("Writers", "record:write:own")])
    registered(account, "one", alice, ())
    sought = question(
        account.now,
        subject={"type": "user", "id": alice},
        action={"name": "*"},
        resource={"type": "record", "id": "one"},
    )

    assert ["read", "write"] == found(searching.actions(account.now, sought))


def test_conditions_see_what_the_search_says(account: Account) -> None:
    """Properties of the request decide, held ones of a thing above all, and without them nothing is granted."""
    alice = account.person("Alice", [account.role("Writers", "record:write:*?unarchived")])
    bob = account.person("Bob", [account.role("Authors", "record:write:*?theirs")])
    registered(account, "active", None, (), status="active")
    registered(account, "archived", None, (), status="archived")

    def writers(**resource: Any) -> list[str]:
        parts = {"action": {"name": "write"}, "resource": {"type": "record", "id": "unheard of", **resource}}
        sought = question(account.now, subject={"type": "user", "id": "*"}, **parts)
        return found(searching.subjects(account.now, "user", sought))

    assert [] == writers()
    assert [alice] == writers(properties={"status": "active"})
    assert [bob] == writers(properties={"author": bob, "status": "archived"})
    assert [] == writers(id="archived", properties={"status": "active"})
    sought = question(
        account.now,
        subject={"type": "user", "id": alice},
        action={"name": "write"},
        resource={"type": "record", "id": "*", "properties": {"status": "active"}},
    )
    assert ["active"] == found(searching.resources(account.now, sought))


def test_who_could_under_a_condition_stands_apart(account: Account) -> None:
    """A conditional grant makes nobody one who may, without a request; where it reaches, it is told beside, once."""
    team = account.team("A")
    alice = account.person("Alice", [account.role("Writers", "record:write:team?unarchived")], [team])
    account.person("Bob", [account.role("Others", "record:write:team?unarchived")], [])
    both = account.role("Both", "record:write:*", "record:write:own?theirs")
    carol = account.person("Carol", [both])
    registered(account, "one", None, (team,))
    target = access.whole_or_held(account.now, "record:write", "record:one")

    assert [carol] == [one.id for one, _ in access.who_may(account.now, "record:write", target)]
    (under,) = access.who_under_condition(account.now, "record:write", target)
    assert alice == under[0].id
    assert [("record:write:team?unarchived", "unarchived", team)] == [
        (grant.scope, grant.condition, grant.team) for grant in under[1]
    ]


@FEW
@SEEDS
def test_whoever_is_found_may_and_nobody_else(seed: int) -> None:
    """A subject search is single evaluation of every principal, by what the result calls them, at any moment."""
    story = Story(seed)
    draw = story.random
    for view in story.views(3):
        for type_ in TYPES:
            there = whole(view, type_)
            for action in view.compiled.actions_on(type_):
                word = view.compiled.called(type_, action)
                id_ = draw.choice([*there, "*", "unheard of"])
                parts = {
                    "action": {"name": word, "properties": {"soft": draw.random() < 0.5}},
                    "resource": {"type": type_, "id": id_, "properties": story.properties()},
                    "context": {"office": draw.random() < 0.5},
                }
                for subject in ("user", "system_account", "employee", "nobody"):
                    sought = question(view, subject={"type": subject, "id": "*"}, **parts)
                    words = [searching.subject_id(view, one) for one in view.principals()]
                    assert [
                        one for one in words if decides(view, subject={"type": subject, "id": one}, **parts)
                    ] == found(searching.subjects(view, subject, sought)), (subject, parts)


@FEW
@SEEDS
def test_what_is_found_is_what_they_may_and_nothing_else(seed: int) -> None:
    """A resource search is single evaluation of everything of the type that is held, at any moment."""
    story = Story(seed)
    draw = story.random
    for view in story.views(3):
        for type_ in TYPES:
            for action in view.compiled.actions_on(type_):
                person = draw.choice(list(view.principals()))
                properties = story.properties()
                if draw.random() < 0.5:
                    properties["environment"] = draw.choice(["place-0", "place-1", "Nowhere"])
                parts = {
                    "subject": {"type": "user", "id": searching.subject_id(view, person)},
                    "action": {"name": action, "properties": {"soft": draw.random() < 0.5}},
                    "context": {"office": draw.random() < 0.5},
                }
                resource = {"type": type_, "properties": properties}
                sought = question(view, resource={**resource, "id": "*"}, **parts)
                assert [
                    one
                    for one in whole(view, type_)
                    if decides(view, resource={**resource, "id": one}, **parts)
                ] == found(searching.resources(view, sought)), (type_, parts, resource)


@FEW
@SEEDS
def test_what_they_may_do_is_found_and_nothing_else(seed: int) -> None:
    """An action search is single evaluation of every action that there is on the thing's type, at any moment."""
    story = Story(seed)
    draw = story.random
    for view in story.views(3):
        for type_ in TYPES:
            for person in view.principals():
                id_ = draw.choice([*whole(view, type_), "*", "unheard of"])
                parts = {
                    "subject": {"type": "user", "id": person.id},
                    "resource": {"type": type_, "id": id_, "properties": story.properties()},
                    "context": {"office": draw.random() < 0.5},
                }
                words = [view.compiled.called(type_, one) for one in view.compiled.actions_on(type_)]
                sought = question(view, action={"name": "*"}, **parts)
                assert [one for one in words if decides(view, action={"name": one}, **parts)] == found(
                    searching.actions(view, sought)
                ), parts
