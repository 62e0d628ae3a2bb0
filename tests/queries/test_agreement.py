"""Every way of asking agrees with every other and with a naive reading, in any world at any of its moments.

AuthZEN 1.0: evaluation, each item of evaluations, and the three searches. The worlds have own catalogues that come,
change and go, registered things, aliases, disabled people and deleted teams.
"""

import random
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import pytest

from projections.view import View
from service.catalogue.compiled import DEFAULT_TEAM
from service.catalogue.own import Condition, Predicate, Reference
from service.commands.teams import ChangeMembers, DeleteTeam
from service.commands.users import ChangeRoles, DeleteUser, EditUser
from service.http import authzen_asked
from service.queries import access, searching
from service.queries.evaluating import Evaluator
from service.queries.searching import Search
from service.vocabulary import PrincipalId, ResourceId, TeamId
from tests import own_types
from tests.given import Account
from tests.projections.naive import Model
from tests.queries import naive_questions

SCOPES: Final = (
    *own_types.SCOPES,
    *("contract_data:manage:team?soft", "contract_data:manage:*?large", "contract_data:manage:own"),
)
NAMES: Final = ("one", "two", "three", "four")
WORDS: Final = tuple(word for word in own_types.WORDS if word != "contract_data:burn")
STEPS: Final = 60
QUESTIONS: Final = 120
MOMENTS: Final = 4


class World:
    """A company to which things happen, all of them by the same draw."""

    def __init__(self, seed: int) -> None:
        self.draw = draw = random.Random(seed)  # noqa: S311  # repeatable on purpose
        self.account = account = Account(seed)
        self.emails: dict[str, str] = {account.kevin: "kevin@example.org"}
        self.kinds: dict[str, str] = {account.kevin: "user"}
        self.aliases: dict[str, str] = {}
        own_types.adopt(account, own_types.RECORDS)
        own_types.adopt(account, own_types.CLASHING)
        known = [scope for scope in SCOPES if account.now.compiled.known(scope)]
        self.roles = [account.role(f"R{n}", *draw.sample(known, draw.randint(8, 20))) for n in range(5)]
        self.teams = [account.team(f"T{n}") for n in range(3)]
        for n in range(5):
            person = account.person(f"P{n}", draw.sample(self.roles, draw.randint(1, 2)), self.some_teams())
            self.emails[person], self.kinds[person] = f"p{n}@example.org", "user"
        robot = account.robot("Robot", draw.sample(self.roles, 2), self.some_teams())
        self.kinds[robot] = "system_account"
        self.applications = [account.application(name) for name in ("Foo", "Bar")]
        account.team("T3", self.applications[:1], draw.sample(list(self.kinds), 2))
        for _ in range(STEPS):
            draw.choice(self.deeds())()

    def deeds(self) -> tuple[Any, ...]:
        return (
            *(self.register, self.register, self.change, self.remove, self.alias, self.alias),
            *(self.switch, self.place, self.place, self.catalogue, self.end),
        )

    def some_teams(self) -> tuple[TeamId, ...]:
        living = [TeamId(one.id) for one in self.account.now.teams() if one.id != DEFAULT_TEAM]
        return tuple(self.draw.sample(living, self.draw.randint(0, min(2, len(living)))))

    def somebody(self) -> PrincipalId:
        return PrincipalId(self.draw.choice([one.id for one in self.account.now.principals()]))

    def register(self) -> None:
        type_, name = self.draw.choice(("record", "record", "note")), self.draw.choice(NAMES)
        if self.account.now.resource_named(type_, name) is None:
            owner = self.somebody() if self.draw.random() < 0.7 else None
            held = self.properties()
            own_types.register(self.account, type_, name, owner, self.some_teams(), **held)

    def properties(self) -> dict[str, Any]:
        draw = self.draw
        found: dict[str, Any] = {}
        if draw.random() < 0.6:
            found["status"] = draw.choice(("active", "archived"))
        if draw.random() < 0.6:
            found["department"] = draw.choice(("Legal", "Sales"))
        if draw.random() < 0.5:
            found["size"] = draw.choice((1, 10, 99, "10", True))
        return found

    def a_resource(self) -> ResourceId | None:
        held = [one.id for one in self.account.now.resources()]
        return self.draw.choice(held) if held else None

    def change(self) -> None:
        resource = self.a_resource()
        if resource is not None:
            own_types.hand_over(self.account, resource, self.draw.choice((None, self.somebody())))
            held, wanted = self.account.now.resource(resource).teams, self.some_teams()
            added, removed = (
                tuple(t for t in wanted if t not in held),
                tuple(t for t in held if t not in wanted),
            )
            own_types.move(self.account, resource, added, removed)
            own_types.change(self.account, resource, status=self.draw.choice((None, "active", "archived")))

    def remove(self) -> None:
        resource = self.a_resource()
        if resource is not None and self.draw.random() < 0.4:
            own_types.remove(self.account, resource)

    def alias(self) -> None:
        person = self.somebody()
        held = self.account.principal(person).person.aliases
        if held and self.draw.random() < 0.5:
            own_types.no_alias(self.account, person, self.draw.choice(held).id)
            return
        text = self.draw.choice(("CiRmOne", "CiRmTwo", "CiRmThree", "else@example.net"))
        if text not in own_types.aliases(self.account.now):
            self.aliases[own_types.alias(self.account, person, text)] = text

    def switch(self) -> None:
        person = self.somebody()
        if person != self.account.kevin:
            self.account.do(EditUser(principal=person, active=self.draw.random() < 0.6))

    def place(self) -> None:
        person = self.somebody()
        if person != self.account.kevin and self.draw.random() < 0.6:
            roles = tuple(self.draw.sample(self.roles, 2))
            self.account.do(ChangeRoles(principal=person, how="replace", roles=roles))
        for team in self.some_teams():
            how: Any = self.draw.choice(("add", "remove"))
            self.account.do(ChangeMembers(team=team, how=how, members=(person,)))

    def catalogue(self) -> None:
        one = self.draw.choice(own_types.ALL)
        if self.draw.random() < 0.3:
            own_types.withdraw(self.account, one.name)
        else:
            own_types.adopt(self.account, one)

    def end(self) -> None:
        person = self.somebody()
        if self.draw.random() < 0.3 and person != self.account.kevin:
            self.account.do(DeleteUser(principal=person))
        elif self.draw.random() < 0.3 and (teams := self.some_teams()):
            self.account.do(DeleteTeam(team=teams[0]))

    # -- what is asked ---------------------------------------------------------------------------------------

    def moments(self) -> Iterator[tuple[View, Model]]:
        """Some positions of the history, the last one among them, each with what the naive model says of it."""
        log, model = self.account.log, Model()
        chosen = {
            log[-1].position,
            *self.draw.sample([one.position for one in log[len(log) // 3 :]], MOMENTS),
        }
        for record in log:
            model.apply(record.data)
            if record.position in chosen:
                yield self.account.replica.view(record.position), model

    def body(self, view: View) -> dict[str, Any]:
        """Any question that a program might ask: about who and what is here, was here, or never was."""
        draw = self.draw
        subjects = [*self.kinds, *self.emails.values(), "CiRmOne", "CiRmTwo", "else@example.net", "nobody"]
        if draw.random() < 0.8:
            subjects = [one.id for one in view.principals()]
        type_ = draw.choice(("record",) * 6 + ("note", "note", "team", "application", "nothing"))
        fitting = {"record": WORDS[:3], "note": ("see", "read"), "team": ("tidy", "shelf:tidy")}.get(
            type_, WORDS
        )
        words = fitting if draw.random() < 0.7 else WORDS
        ids = {
            "team": [*self.teams, "T1", "T3", "Gone"],
            "application": [*self.applications, "Foo", "Gone"],
        }.get(type_, [*NAMES, "unheard of", "*", *(one.id for one in view.resources())])
        resource: dict[str, Any] = {"type": type_, "id": draw.choice(ids)}
        body: dict[str, Any] = {
            "subject": {"type": draw.choice(("user",) * 7 + ("identity", "system_account", "ghost"))},
            "action": {"name": BUILT_IN if type_ == "application" else draw.choice(words)},
            "resource": resource,
        }
        body["subject"]["id"] = draw.choice(subjects)
        if draw.random() < 0.75:
            properties = self.properties()
            for word in ("owner", "author", "keeper", "boss"):
                if draw.random() < 0.4:
                    properties[word] = draw.choice(subjects)
            for word in ("team", "groups"):
                if draw.random() < 0.4:
                    teams = [*self.teams, "T0", "T3", "Gone"]
                    many = type_ in view.compiled.types and draw.random() < 0.5
                    properties[word] = draw.sample(teams, 2) if many else draw.choice(teams)
            resource["properties"] = properties
            body["subject"]["properties"] = {"department": draw.choice(("Legal", "Sales"))}
            body["action"]["properties"] = {"soft": draw.choice((True, False, "true"))}
        return body


BUILT_IN: Final = naive_questions.BUILT_IN


def single(view: View, body: dict[str, Any]) -> bool:
    """Single evaluation, both with reasons and without."""
    asked = authzen_asked.question(authzen_asked.parts(body), Evaluator(view))
    if not asked.subject:
        return False
    answer = access.decide(view, asked)
    with_reasons = access.evaluate(view, asked)
    assert (answer.decision, answer.conflicts) == (with_reasons.decision, with_reasons.conflicts)
    return answer.decision


def one_of_many(evaluator: Evaluator, body: dict[str, Any]) -> bool:
    """The same in a batch: by the short way where the question says nothing further, and there is one."""
    subject, action, resource = body["subject"], body["action"], body["resource"]
    asked = authzen_asked.question(authzen_asked.parts(body), evaluator)
    answer = evaluator.answer(asked).decision if asked.subject else False
    if not any("properties" in part for part in (subject, action, resource)):
        plainly = evaluator.plainly(
            subject["type"], subject["id"], action["name"], resource["type"], resource["id"]
        )
        assert plainly in (None, answer)
    return answer


def found(search: Search) -> list[str]:
    """The results, by their ids or names."""
    results = (search.result(one) for one in search.ids)
    return sorted(one.get("id") or one["name"] for one in results if one is not None)


def sought(view: View, part: str, body: dict[str, Any]) -> list[str]:
    """What a search for this part of the question finds."""
    asked = {**body, part: {"name": "*"} if part == "action" else {**body[part], "id": "*"}}
    question = authzen_asked.question(authzen_asked.parts(asked), Evaluator(view))
    if part == "subject":
        return found(searching.subjects(view, body["subject"]["type"], question))
    return found(
        searching.resources(view, question) if part == "resource" else searching.actions(view, question)
    )


@pytest.mark.parametrize("seed", range(12))
def test_every_way_of_asking_says_what_a_naive_reading_says(seed: int) -> None:
    """AuthZEN 1.0: evaluation, evaluations and the searches agree, now and as of every earlier position."""
    world = World(seed)
    answers = []
    for view, model in world.moments():
        calls = naive_questions.calls(model, world.emails, world.aliases)
        evaluator = Evaluator(view)

        def naive(body: dict[str, Any], model: Model = model, calls: naive_questions.Calls = calls) -> bool:
            return naive_questions.decision(model, calls, world.kinds, body)

        for number in range(QUESTIONS):
            body = world.body(view)
            expected = naive(body)
            assert [expected] * 2 == [single(view, body), one_of_many(evaluator, body)], body
            answers.append(expected)
            if number % 4 == 0:
                _searched(view, model, world, body, naive)
    assert 25 < sum(answers) < 0.9 * len(answers), "a world in which most is one answer proves little"


def _searched(view: View, model: Model, world: World, body: dict[str, Any], naive: Any) -> None:
    """Each search finds exactly what a naive reading allows of all there is."""
    type_ = body["resource"]["type"]
    words = sorted(
        naive_questions.called(model, world.aliases, one)
        for one in model.principals
        if naive({**body, "subject": {**body["subject"], "id": one}})
    )
    assert words == sought(view, "subject", body), ("subject", body)
    there = {
        "team": list(model.teams),
        "application": list(model.applications),
        "record": [held[1] for held in model.own.resources.values() if held[0] == "record"],
        "note": [held[1] for held in model.own.resources.values() if held[0] == "note"],
    }.get(type_, [])
    if type_ not in model.own.types() and type_ not in {"team", "application"}:
        there = []
    reached = sorted(one for one in there if naive({**body, "resource": {**body["resource"], "id": one}}))
    assert reached == sought(view, "resource", body), ("resource", body)
    if type_ in model.own.types():
        names = []
        for name, (_, one) in model.own.actions().items():
            word = one.called[0] if one.called else name
            if type_ in one.types:
                names.append(word if model.own.meant(type_, word) == name else name)
        allowed = sorted(word for word in names if naive({**body, "action": {"name": word}}))
        assert allowed == sought(view, "action", body), ("action", body)


NOT_TWO: Final = Condition(name="not_two", all=(Predicate(property="resource.id", not_equals="two"),))
THEIRS: Final = Condition(
    name="theirs",
    all=(Predicate(property="resource.properties.owner", equals=Reference(property="subject.id")),),
)
OF_RED: Final = Condition(name="of_red", all=(Predicate(property="resource.properties.team", equals="red"),))


def test_what_is_registered_is_not_the_requests_to_say() -> None:
    """By whichever of its names a thing is asked about, conditions see the registered one; its owner and teams are not
    taken from the request, whatever the request calls them."""
    account = Account()
    held = msgspec.structs.replace(own_types.RECORDS, conditions=(NOT_TWO, THEIRS, OF_RED))
    own_types.adopt(account, held)
    sally = account.person(
        "Sally",
        [account.role("R", "record:read:*?not_two", "record:write:*?theirs", "record:delete:*?of_red")],
    )
    one, two = (own_types.register(account, "record", name, account.kevin) for name in ("one", "two"))
    own_types.alias(account, sally, "sally")
    own = {"owner": "sally", "team": "red"}

    def answers(action: str, id_: str, **properties: Any) -> set[bool]:
        body = {
            "subject": {"type": "user", "id": "sally"},
            "action": {"name": action},
            "resource": {"type": "record", "id": id_, "properties": properties},
        }
        return {single(account.now, body), one_of_many(Evaluator(account.now), body)}

    assert [{True}, {True}, {False}, {False}, {False}] == [
        answers("record:read", id_) for id_ in ("one", one, "two", two, two.upper())
    ]
    assert [{False}] * 4 == [
        answers(action, id_, **own) for action in ("record:write", "record:delete") for id_ in ("one", one)
    ]
    assert [{True}] * 2 == [
        answers(action, "unheard of", **own) for action in ("record:write", "record:delete")
    ]
