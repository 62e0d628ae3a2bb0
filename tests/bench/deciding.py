"""The evaluator in process against a hand-written loop over the same questions, now and as of earlier positions.

Ours answers from the multiversion directory through the one rule; the loop has dictionaries made for exactly these
questions at exactly this position. Both are asked in turns in a fresh process, and agree on every question. What
counts is processor time: neither side waits for anything, and who else uses the machine is no part of either.
"""

import gc
import random
import time
from collections.abc import Callable
from typing import Any

from projections import access, asking, things
from projections.directory import Directory
from projections.people import People
from projections.view import View
from tests.bench import afresh
from tests.bench.by_hand import Question, Tables
from tests.bench.ground import Ground
from tests.bench.measure import Figure, ratio
from tests.bench.population import RELATIONS, Shape
from tests.bench.worlds import World

ACTIONS = ("contract_data:manage", "contract_data:read", "contract_data:bulk_delete")
_USERS, _TEAMS, _APPLICATIONS, _CHANGES = 10_000, 200, 5_000, 100_000
_QUESTIONS = 200_000


FORMS = {
    "single": "access.may, a call a question",
    "bound": "access.asker, bound to a moment",
    "many": "Asker.every, many questions at once",
}


async def figures(ground: Ground) -> list[Figure]:
    """Every form of asking, now against the loop, and at random earlier positions against its own rate now."""
    program = ground.fresh("deciding")
    found = await program.ask(
        {
            "users": ground.size(_USERS, 10),
            "teams": ground.size(_TEAMS, 3),
            "applications": ground.size(_APPLICATIONS, 5),
            "changes": ground.size(_CHANGES, 50),
            "questions": ground.size(_QUESTIONS, 500),
            "rounds": ground.rounds,
        }
    )
    ground.end(program.program)
    now = [ratio(f"now: {FORMS[form]}", found["hand"], found[form], "/s", at_least=0.4) for form in FORMS]
    then = [
        ratio(
            f"earlier, to its rate now: {FORMS[form]}", found[form], found[f"{form}_then"], "/s", at_least=0.7
        )
        for form in FORMS
    ]
    return now + then


class Sides:
    """A folded world, the hand-written loop of its last position, and what both are asked."""

    def __init__(self, asked: dict[str, Any]) -> None:
        shape = Shape(
            users=asked["users"],
            teams=asked["teams"],
            applications=asked["applications"],
            changes=asked["changes"],
            mix=RELATIONS,
        )
        self.chance = random.Random(shape.seed)  # noqa: S311  # repeatable on purpose
        self.halfway = 0
        self.world, self.directory, tables = World(shape), Directory(), Tables()
        gc.disable()  # nothing is garbage while a world is made
        for record in self.world.records():
            self.directory.apply(record)
            tables.take(record.data)
            if self.world.settled and record.position == self.world.settled + shape.changes // 2:
                self.halfway, self.hand_halfway = record.position, tables.derived(ACTIONS)
        self.hand = tables.derived(ACTIONS)
        gc.enable()
        gc.collect()
        gc.freeze()
        people, applications = self.world.population.users, self.world.population.applications
        self.questions: list[Question] = [
            (self.chance.choice(people), self.chance.choice(ACTIONS), self.chance.choice(applications).id)
            for _ in range(asked["questions"])
        ]

    def view(self, position: int | None = None) -> View:
        """The view at a position, or now."""
        at = self.directory.position if position is None else position
        return View(self.directory, People(lambda _: None), at, self.directory.instant(at))

    def earlier(self) -> int:
        """A random position among the later changes: everybody and everything is there."""
        return self.chance.randint(self.world.settled, self.directory.position)

    def count_single(self, view: View) -> int:
        """The questions through `access.may`, with the look-up of the application that its caller makes."""
        may, application_or_none, of = access.may, view.application_or_none, things.of_application
        yes = 0
        for principal, action, application in self.questions:
            found = application_or_none(application)
            yes += found is not None and may(view, principal, action, of(found))
        return yes

    def count_bound(self, view: View) -> int:
        """The questions through `access.asker`."""
        asked = access.asker(view)
        yes = 0
        for principal, action, application in self.questions:
            yes += asked(principal, action, application)
        return yes

    def count_many(self, view: View) -> int:
        """The questions through an `Asker` that knows nothing yet."""
        return sum(asking.Asker(view).every(self.questions))

    def require_agreement(self) -> int:
        """Raise unless all sides answer every question alike, now and halfway. How many were a yes now."""
        verdicts = self.hand.verdicts(self.questions)
        self._require_agreement(verdicts, self.view())
        self._require_agreement(self.hand_halfway.verdicts(self.questions), self.view(self.halfway))
        return sum(verdicts)

    def _require_agreement(self, verdicts: list[bool], view: View) -> None:
        asked = access.asker(view)
        many = asking.Asker(view).every(self.questions)
        for question, verdict, of_many in zip(self.questions, verdicts, many, strict=True):
            principal, action, application = question
            target = things.of_application(view.application(application))
            single = access.may(view, principal, action, target)
            if {verdict} != {single, asked(principal, action, application), of_many}:
                raise AssertionError(f"The sides disagree on {question} at position {view.position}")


def measured(asked: dict[str, Any]) -> dict[str, Any]:
    """Questions a second of every side, a value a round, in turns."""
    sides = Sides(asked)
    yes = sides.require_agreement()
    forms = {"single": sides.count_single, "bound": sides.count_bound, "many": sides.count_many}

    def turn(count: Callable[[View], int], earlier: bool) -> Callable[[], int]:
        return lambda: count(sides.view(sides.earlier() if earlier else None))

    turns: dict[str, Callable[[], int]] = {"hand": lambda: sides.hand.count(sides.questions)}
    for form, count in forms.items():
        turns[form], turns[f"{form}_then"] = turn(count, earlier=False), turn(count, earlier=True)
    found: dict[str, Any] = {name: [] for name in turns}
    for _ in range(asked["rounds"]):
        for name, taken in turns.items():
            began = time.process_time()
            taken()
            found[name].append(len(sides.questions) / (time.process_time() - began))
    return {**found, "yes": yes, "position": sides.directory.position}


if __name__ == "__main__":
    afresh.answer(measured)
