"""Many questions about one moment: one evaluator, which remembers whom and what it has looked up.

Single evaluations, batches, searches and proxies all ask it, so they cannot disagree: what it remembers is what the
same look-ups found (`queries.access`), and what is decided is decided by the one rule (`projections.rule`).
"""

from typing import Final

from projections import rule
from projections.view import View
from service import errors
from service.queries import access, naming
from service.queries.access import Answer, Question

TEXT_LENGTH_MAX: Final = 1_000
"""The longest text that a question may name anything by."""
REMEMBERED_MAX: Final = 20_000
"""Whom and what an evaluator keeps at most of each: more than a batch can name."""
_SUBJECTS: Final = {"user": "", "system_account": "system_account:"}
"""The types that subjects here have, with what stands before the id of one."""


class Evaluator:
    """Answers about one view. A moment stays what it is, so what was found once holds for every later question.

    Only what exists is remembered, and no more of it than REMEMBERED_MAX.
    """

    __slots__ = ("_actions", "_sides", "_standings", "view")

    def __init__(self, view: View) -> None:
        self.view = view
        self._standings: dict[str, dict[str, rule.Standing]] = {one: {} for one in _SUBJECTS}
        self._actions: dict[str, dict[str, str]] = {}
        self._sides: dict[str, dict[str, rule.Side]] = {}

    def answer(self, question: Question) -> Answer:
        """The decision with its conflicts, and without reasons."""
        return access.decide(self.view, question)

    def plainly(self, subject_type: str, subject: str, action: str, type_: str, thing: str) -> bool | None:
        """The decision on a question that says nothing but these five, or None where it takes `answer` to tell.

        The decision is `answer`'s, at a fraction of the price. What is no text at all is None too, or a TypeError.
        """
        actions = self._actions.get(type_)
        if actions is None:
            return self._first(subject_type, subject, action, type_, thing)
        side = self._sides[type_].get(thing)
        known = self._standings.get(subject_type)
        standing = None if known is None else known.get(subject)
        full = actions.get(action)
        if side is None or standing is None or full is None:
            return self._first(subject_type, subject, action, type_, thing)
        reach = standing.reaches.get(full, False)
        return reach if reach is True or reach is False else rule.within(standing, reach, side)

    def _first(self, subject_type: str, subject: str, action: str, type_: str, thing: str) -> bool | None:
        """`plainly`, where something was not asked about before: each part is looked up once."""
        if not (
            _plain(subject_type) and _plain(subject) and _plain(action) and _plain(type_) and _plain(thing)
        ):
            return None
        known = self._standings.get(subject_type)
        if known is None:
            return False
        standing = known.get(subject) or self._stands(known, _SUBJECTS[subject_type], subject)
        full = self._fitting(action, type_)
        if standing is None or full is None:
            return False
        side = self._sides[type_].get(thing)
        if side is None:
            found = self._looked_up(type_, thing)
            if not isinstance(found, rule.Side):
                return found
            side = found
        reach = standing.reaches.get(full, False)
        return reach if reach is True or reach is False else rule.within(standing, reach, side)

    def _stands(self, known: dict[str, rule.Standing], before: str, subject: str) -> rule.Standing | None:
        try:
            principal = naming.subject(self.view, before + subject)
        except errors.NotFound:
            return None
        standing = rule.standing_of(principal, rule.reaches_of(self.view, principal))
        if len(known) < REMEMBERED_MAX:
            known[subject] = standing
        return standing

    def _fitting(self, action: str, type_: str) -> str | None:
        """The action's full name, if it applies to things of the type."""
        catalogue = self.view.catalogue
        known = None if catalogue is None else catalogue.actions.get(action)
        if known is None or type_ not in known.types:
            return None
        self._sides.setdefault(type_, {})
        self._actions.setdefault(type_, {})[action] = action
        return action

    def _looked_up(self, type_: str, thing: str) -> rule.Side | bool | None:
        """What decides about a thing that is held here; None for any other, which the question has to describe."""
        try:
            held = naming.held(self.view, type_, thing)
        except errors.Ambiguous:
            return None
        except errors.Invalid:
            return False
        if held is None:
            return None
        side = rule.side_of(self.view, held)
        sides = self._sides[type_]
        if len(sides) < REMEMBERED_MAX:
            sides[thing] = side
        return side


def _plain(text: object) -> bool:
    """Whether it is text that `line` would leave as it is."""
    return (
        type(text) is str
        and len(text) <= TEXT_LENGTH_MAX
        and text.isascii()
        and text.isprintable()
        and text == text.strip()
    )
