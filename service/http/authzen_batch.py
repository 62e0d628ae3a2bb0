"""AuthZEN 1.0: many questions in one call, decided at one moment, each subject and each thing looked up once.

What a question of several leaves out it takes from the call, whole entities at a time. One that cannot be read is
denied and says why; the others are decided. Between pieces whoever else waits for the event loop gets their turn.
"""

import asyncio
import time
from typing import Any, Final

import msgspec
from aiohttp import web

from service import errors
from service.http import authzen, authzen_asked, breathing, problems, responses
from service.http.authzen_asked import JSON, Parts
from service.http.edge import Call
from service.queries.evaluating import Evaluator

EVALUATIONS_MAX: Final = 10_000
BODY_BYTES_MAX: Final = 8 * 1024 * 1024
"""800 bytes for each of EVALUATIONS_MAX: ids, and properties beside them."""
_ENDED_BY: Final = {"execute_all": None, "deny_on_first_deny": False, "permit_on_first_permit": True}
"""The semantics, each with the decision after which nothing more is decided."""
_PIECE: Final = 250


async def evaluations(call: Call) -> web.Response:
    """POST /access/v1/evaluations: `{evaluations: [{decision, context?}, …]}`, in the order of the request.

    Up to the one that ended them, where the semantic ends them early. Without any evaluations in the request it is one
    question and answered as one. Raises Invalid for what concerns all of them.
    """
    call.require("access:evaluate", authzen.ACCESS)
    document = await authzen_asked.document(call, "evaluations")
    items, ended_by = _items(document), _ended_by(document)
    if not items:
        return await authzen.single(call, document)
    defaults = authzen_asked.parts(document)
    authzen_asked.require_readable(defaults)
    batch = Batch(await authzen_asked.evaluator_of(call, defaults.context), defaults, ended_by)
    until = time.monotonic() + breathing.HELD_SECONDS_MAX
    for start in range(0, len(items), _PIECE):
        if batch.answer(items[start : start + _PIECE]):
            break
        if time.monotonic() >= until:
            await asyncio.sleep(0)
            until = time.monotonic() + breathing.HELD_SECONDS_MAX
    return responses.made(call, b'{"evaluations":[' + b",".join(batch.answers) + b"]}", JSON)


class Batch:
    """The answers to some questions, one after the other."""

    def __init__(self, evaluator: Evaluator, defaults: Parts, ended_by: bool | None = None) -> None:
        self.answers: list[bytes] = []
        """One for each question so far, as it is sent."""
        self._evaluator = evaluator
        self._defaults = defaults
        self._ended_by = ended_by

    def answer(self, items: list[Any]) -> bool:
        """Answer these next; whether one of them ended it."""
        answers, plainly, ended_by = self.answers, self._evaluator.plainly, self._ended_by
        defaults, decided = self._defaults, authzen.DECIDED
        of_all, done_by_all, on_all = defaults.subject, defaults.action, defaults.resource
        for item in items:
            try:
                subject, action = item.get("subject", of_all), item.get("action", done_by_all)
                resource = item.get("resource", on_all)
                if (
                    "properties" in resource
                    or "properties" in subject
                    or "properties" in action
                    or "context" in item
                ):
                    decision = None
                else:
                    decision = plainly(
                        subject["type"], subject["id"], action["name"], resource["type"], resource["id"]
                    )
            except (AttributeError, KeyError, TypeError):
                decision = (
                    None  # something is missing or is nothing that it could be: reading it again says what
                )
            if decision is None:
                decision, answer = self._carefully(item)
                answers.append(answer)
            else:
                answers.append(decided[decision])
            if decision is ended_by:
                return True
        return False

    def _carefully(self, item: object) -> tuple[bool, bytes]:
        """The same for any question at all: by its own way through everything that it says."""
        pointer = f"/evaluations/{len(self.answers)}"
        try:
            parts = authzen_asked.one_of(item, pointer, self._defaults)
            question = authzen_asked.question(parts, self._evaluator, pointer)
        except errors.Invalid as failure:
            error = {"status": 400, "message": problems.told(failure)}
            return False, msgspec.json.encode({"decision": False, "context": {"error": error}})
        answer = (
            self._evaluator.answer(question)
            if question.subject
            else authzen_asked.nobody(self._evaluator.view)[0]
        )
        return answer.decision, authzen.decision(answer)


def _items(document: dict[str, Any]) -> list[Any]:
    """The questions of the call; none where it is about one."""
    items = document.get("evaluations")
    if items is None:
        return []
    if not isinstance(items, list):
        raise errors.Invalid("The field 'evaluations' must be a list.", "/evaluations")
    if len(items) > EVALUATIONS_MAX:
        raise errors.Invalid(
            f"A call takes up to {EVALUATIONS_MAX:,} evaluations, and these are {len(items):,}: ask in several calls.",
            "/evaluations",
        )
    return items


def _ended_by(document: dict[str, Any]) -> bool | None:
    """The decision that ends the call, or None. Raises Invalid for a semantic that is none."""
    options = document.get("options")
    if options is None:
        return None
    if not isinstance(options, dict):
        raise errors.Invalid("The field 'options' must be an object.", "/options")
    semantic = options.get("evaluations_semantic")
    if semantic is None:
        return None
    if not isinstance(semantic, str) or semantic not in _ENDED_BY:
        raise errors.Invalid(f"The semantics are: {', '.join(_ENDED_BY)}.", "/options/evaluations_semantic")
    return _ENDED_BY[semantic]
