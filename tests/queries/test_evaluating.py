"""Many questions at once have the answers that each has alone, with reasons and without: anywhere, at any moment."""

import json
from typing import Any

from projections.view import View
from service import errors
from service.http import authzen, authzen_asked, problems
from service.http.authzen_asked import Parts
from service.http.authzen_batch import Batch
from service.queries import access
from service.queries.evaluating import Evaluator
from tests.given import Account
from tests.queries.test_searching import FEW, SCOPES, SEEDS, TYPES, Story, whole

NAMES = ("subject", "action", "resource", "context")
UNREADABLE: tuple[Any, ...] = (
    17,
    "x",
    [],
    {"id": 1},
    {"type": "user", "id": []},
    {"name": {}},
    {"type": None},
)


def alone(view: View, item: dict[str, Any], defaults: dict[str, Any], index: int) -> bytes:
    """The answer to one of several questions, by the functions that remember nothing; it agrees with its reasons."""
    said = {name: item[name] if item.get(name) is not None else defaults.get(name) for name in NAMES}
    try:
        parts = authzen_asked.parts(said, f"/evaluations/{index}")
        question = authzen_asked.question(parts, Evaluator(view), f"/evaluations/{index}")
    except errors.Invalid as failure:
        error = {"status": 400, "message": problems.told(failure)}
        return json.dumps({"decision": False, "context": {"error": error}}, separators=(",", ":")).encode()
    if not question.subject:
        return authzen.DECIDED[False]
    decided, explained = access.decide(view, question), access.evaluate(view, question)
    assert (decided.decision, decided.conflicts) == (explained.decision, explained.conflicts)
    return authzen.decision(decided)


class Asking:
    """Questions drawn for a moment of a story: most make sense, and some do not."""

    def __init__(self, story: Story, view: View) -> None:
        self.view = view
        self.story = story
        self.draw = story.random
        self.there = {type_: whole(view, type_) for type_ in TYPES}
        self.likely = [one.id for one in view.principals()]
        self.who = [
            *story.people,
            *(f"alias of {one[:4]}" for one in story.people),
            *(one.upper() for one in story.people[:2]),
            *(f"system_account:{one}" for one in story.people[-3:]),
            *("", " ", "nobody", "p0@example.org", " P1@Example.org", "é", "a\tb", "*"),
        ]

    def subject(self) -> dict[str, Any]:
        if self.draw.random() < 0.7:
            return {"type": "user", "id": self.draw.choice(self.likely)}
        type_ = self.draw.choice(["user", "employee", "system_account", "robot", ""])
        return {"type": type_, "id": self.draw.choice(self.who), **self._properties()}

    def item(self) -> dict[str, Any]:
        """One of several questions, which leaves some of it to what they share."""
        if self.draw.random() < 0.05:
            return {self.draw.choice(NAMES): self.draw.choice(UNREADABLE)}
        type_ = self.draw.choice(TYPES)
        words = self.view.compiled.actions_on(type_)
        if not words or self.draw.random() < 0.1:
            words = ("record:write", "write", "read", "?")
        said = {
            "subject": self.subject(),
            "action": {"name": self.draw.choice(words), **self._soft()},
            "resource": self.resource(type_),
            "context": {"office": self.draw.random() < 0.5},
        }
        kept = self.draw.choice([("resource",), ("action", "resource"), NAMES[:3], NAMES[:3], NAMES])
        return {name: said[name] for name in kept}

    def resource(self, type_: str) -> dict[str, Any]:
        odd = ["*", "unheard of", "", "..", " record-0 ", "App 0/App 1", "é", "x" * 300]
        ids = self.there[type_] if self.there[type_] and self.draw.random() < 0.8 else odd
        return {"type": type_, "id": self.draw.choice(ids), **self._properties()}

    def _soft(self) -> dict[str, Any]:
        return {"properties": {"soft": self.draw.random() < 0.5}} if self.draw.random() < 0.3 else {}

    def _properties(self) -> dict[str, Any]:
        if self.draw.random() < 0.6:
            return {}
        odd = {"environment": "place-0"} if self.draw.random() < 0.2 else {}
        return {"properties": {**self.story.properties(), **odd}}


@FEW
@SEEDS
def test_several_and_one_by_one_agree(seed: int) -> None:
    """A batch's answers are byte for byte those of its questions alone, whatever was asked of the evaluator before."""
    story = Story(seed)
    conditional = story.account.role("Conditionally", *(one for one in SCOPES if "?" in one))
    narrow = story.account.role("Narrowly", *(one for one in SCOPES if one.endswith((":team", ":own"))))
    for name, role in (("C", conditional), ("N", narrow)):
        story.people.append(story.account.person(name, [role], story.teams[:1]))
    for view in story.views(3):
        asking, evaluator = Asking(story, view), Evaluator(view)
        for _ in range(4):
            shared = {**asking.item(), "context": {"office": story.random.random() < 0.5}}
            try:
                defaults = authzen_asked.parts(shared)
                authzen_asked.require_readable(defaults)
            except errors.Invalid:
                shared, defaults = {}, Parts()
            items = [asking.item() for _ in range(60)]
            batch = Batch(evaluator, defaults)
            assert not batch.answer(items)
            expected = [alone(view, item, shared, index) for index, item in enumerate(items)]
            assert expected == batch.answers


def test_an_asterisk_is_the_type_as_a_whole() -> None:
    """`*` is the type as a whole, of every type: for who reaches everything, and nobody's who calls something so."""
    account = Account()
    everything = account.role("Everything", "contract_data:manage:*", "team:manage:*")
    admin = account.person("Ada", [everything])
    maker = account.person("Sally", [account.role("Own", "contract_data:manage:own")])
    account.application("*", maker)

    def answers(who: str, action: str, type_: str) -> list[bool | None]:
        evaluator = Evaluator(account.now)
        question = access.Question(subject=who, action=action, resource_type=type_, resource_id="*")
        plainly = evaluator.plainly("user", who, action, type_, "*")
        return [evaluator.answer(question).decision, access.evaluate(account.now, question).decision, plainly]

    for type_ in ("application", "integration", "contract"):
        assert [True] * 3 == answers(admin, "contract_data:manage", type_)
        assert [False] * 3 == answers(maker, "contract_data:manage", type_)
    assert [True] * 3 == answers(admin, "team:manage", "team")
