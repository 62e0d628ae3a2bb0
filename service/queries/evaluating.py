"""Many questions about one moment: one evaluator, which remembers whom and what it has looked up.

Single evaluations, batches, searches and proxies all go through it or the functions that it asks, so they cannot
disagree: what it remembers is what those look-ups found (`queries.access`, `queries.naming`), and what is decided is
decided by the one rule (`projections.rule`).
"""

from typing import Final

from projections import access as deciding
from projections import rule, things
from projections.principals import Principal
from projections.things import Target
from projections.view import View
from service import errors
from service.catalogue.compiled import CONDITIONAL
from service.catalogue.conditions import Facts
from service.queries import access, naming
from service.queries.access import Answer, Question
from service.vocabulary import NAME_LENGTH_MAX, PrincipalId

TEXT_LENGTH_MAX: Final = 1_000
"""The longest text that a question may name anything by."""
REMEMBERED_MAX: Final = 20_000
"""Whom and what an evaluator keeps at most: more than a batch can name."""
SYSTEM_ACCOUNT: Final = "system_account"
_BEFORE: Final = f"{SYSTEM_ACCOUNT}:"
_BARE: Final = rule.Side((), None, None, None)
"""What decides about a thing of no team and nobody's: that somebody reaches everything."""
_NOBODY: Final = rule.Standing({})
_NO_WORDS: Final[dict[str, str]] = {}
_NOWHERE: Final = rule.Side((), None, None, None)
"""A thing that would be held here if it were there: whoever reaches everything does not reach it."""


class Evaluator:
    """Answers about one view. A moment stays what it is, so what was found once holds for every later question.

    Only what exists is remembered, and no more of it than REMEMBERED_MAX.
    """

    __slots__ = ("_actions", "_known", "_sides", "_standings", "_types", "view")

    def __init__(self, view: View) -> None:
        self.view = view
        compiled = view.catalogue
        self._types = frozenset({"user"}) if compiled is None else compiled.subject_types
        self._known: dict[str, tuple[Principal, rule.Standing]] = {}
        anybody: dict[str, rule.Standing] = {}
        self._standings = {**dict.fromkeys(self._types, anybody), SYSTEM_ACCOUNT: dict[str, rule.Standing]()}
        self._actions: dict[str, dict[str, str]] = {}
        self._sides: dict[str, dict[str, rule.Side]] = {}

    def subject(self, type_: str, text: str) -> str:
        """What a question calls a subject of this type; empty for a type that is nobody here."""
        if type_ in self._types:
            return text
        return _BEFORE + text if type_ == SYSTEM_ACCOUNT else ""

    def answer(self, question: Question) -> Answer:
        """The decision with its conflicts, and without reasons: `access.decide`, with what is remembered."""
        try:
            principal, standing = self._known.get(question.subject) or self._stands(question.subject)
        except errors.NotFound as failure:
            return Answer(decision=False, reason=failure.sentence)
        put = access.about(self.view, question)
        if isinstance(put, Answer):
            return put
        conditions, facts, conflicts = put
        decision = all(self._may(principal, standing, action, on, facts) for action, on in conditions)
        return Answer(decision=decision, principal=principal.id, conflicts=conflicts)

    def plainly(self, subject_type: str, subject: str, action: str, type_: str, thing: str) -> bool | None:
        """The decision on a question that says nothing but these five, or None where it takes `answer` to tell.

        The decision is `answer`'s, at a fraction of the price. What is no text at all is None too, or a TypeError.
        """
        actions, known = self._actions.get(type_), self._standings.get(subject_type)
        if actions is None or known is None:
            return self._first(subject_type, subject, action, type_, thing)
        side, standing, full = self._sides[type_].get(thing), known.get(subject), actions.get(action)
        if side is None or standing is None or full is None:
            return self._first(subject_type, subject, action, type_, thing)
        reach = standing.reaches.get(full, False)
        if reach is True or reach is False or rule.within(standing, reach, side):
            return reach is not False
        return None if reach & CONDITIONAL else False

    def _first(self, subject_type: str, subject: str, action: str, type_: str, thing: str) -> bool | None:
        """`plainly`, where something was not asked about before: that is looked up once."""
        full = self._actions.get(type_, _NO_WORDS).get(action) or self._meant(action, type_)
        known = self._standings.get(subject_type)
        if full is None or known is None:
            return False if _plain(subject_type, subject, action, type_, thing) else None
        standing = known.get(subject) or self._standing(known, subject_type, subject)
        side = self._sides[type_].get(thing) or self._side(full, type_, thing)
        if standing is None or side is None:
            return None
        if standing is _NOBODY or side is _NOWHERE:
            return False
        reach = standing.reaches.get(full, False)
        if reach is True or reach is False or rule.within(standing, reach, side):
            return reach is not False
        return None if reach & CONDITIONAL else False

    def _may(
        self, principal: Principal, standing: rule.Standing, action: str, target: Target, facts: Facts
    ) -> bool:
        """`projections.access.may`, its standing being known."""
        reach = standing.reaches.get(action, False)
        if reach is True or reach is False:
            return bool(reach)
        side = rule.side_of(self.view, target)
        return rule.within(standing, reach, side) or (
            bool(reach & CONDITIONAL and facts)
            and deciding.conditionally(self.view, principal, action, standing, side, facts)
        )

    def _standing(self, known: dict[str, rule.Standing], type_: str, text: str) -> rule.Standing | None:
        """What a subject can draw on; None where that takes a second look, _NOBODY where nobody is called so."""
        if not _plain(text):
            return None
        try:
            standing = self._stands(self.subject(type_, text))[1]
        except errors.NotFound:
            return _NOBODY
        if len(known) < REMEMBERED_MAX:
            known[text] = standing
        return standing

    def _stands(self, subject: str) -> tuple[Principal, rule.Standing]:
        """Whom a question means, and what they can draw on. Raises NotFound."""
        # Most are called by their ids as they are written here, and then nobody else can be meant.
        principal = self.view.principal_or_none(subject) or naming.subject(self.view, subject)
        found = principal, rule.standing_of(principal, rule.reaches_of(self.view, principal))
        if len(self._known) < REMEMBERED_MAX:
            self._known[subject] = found
        return found

    def _meant(self, action: str, type_: str) -> str | None:
        """The action that the word means on things of the type, or None."""
        compiled = self.view.catalogue
        full = None if compiled is None else compiled.action_for(type_, action)
        if full is not None:
            self._sides.setdefault(type_, {})
            self._actions.setdefault(type_, {})[action] = full
        return full

    def _side(self, action: str, type_: str, thing: str) -> rule.Side | None:
        """What decides about a thing of which the question says no more; None where that takes a second look."""
        if not _plain(thing):
            return None
        if thing == "*":
            return _BARE  # the type as a whole, even where something is called so
        try:
            held = self._held(type_, thing)
        except errors.Ambiguous:
            return None
        except errors.Invalid:
            return _NOWHERE
        if held is not None:
            side = rule.side_of(self.view, held)
            sides = self._sides[type_]
            if len(sides) < REMEMBERED_MAX:
                sides[thing] = side
            return side
        if type_ in things.TYPES_HELD and action not in self.view.compiled.owned_by:
            return _NOWHERE
        return None if thing in ("", ".", "..") or len(thing) > NAME_LENGTH_MAX else _BARE

    def _held(self, type_: str, thing: str) -> rule.Decided | None:
        """What is held here under an id or a name. Raises Ambiguous, and Invalid for what nothing can be called."""
        if type_ == "application" and (found := self.view.application_or_none(thing)) is not None:
            return found  # by its id as it is written here, like most of what programs ask about
        return naming.held(self.view, type_, thing)


class Evaluators:
    """What single questions are answered by: about now by one evaluator, kept until something is recorded."""

    __slots__ = ("_clients", "_now")

    def __init__(self) -> None:
        self._now: Evaluator | None = None
        self._clients: dict[PrincipalId, bool] = {}

    def clients(self, now: View) -> dict[PrincipalId, bool]:
        """What was noted about who asks, for as long as nothing is recorded."""
        self._of_now(now)
        return self._clients

    def plainly(
        self, now: View, view: View, subject_type: str, subject: str, action: str, type_: str, thing: str
    ) -> bool | None:
        """`Evaluator.plainly` about a view. What was true earlier is mostly asked once, and nothing of it is kept."""
        compiled = view.catalogue
        if view.position == now.position:
            return self._of_now(now).plainly(subject_type, subject, action, type_, thing)
        if type_ == "application" and compiled is not None and subject_type in compiled.subject_types:
            full = compiled.action_for(type_, action)
            principal, found = view.principal_or_none(subject), view.application_or_none(thing)
            if (
                full is not None and principal is not None and found is not None
            ):  # by their ids: nothing else is meant
                return _between(view, principal, full, found)
        return Evaluator(view).plainly(subject_type, subject, action, type_, thing)

    def at(self, now: View, view: View) -> Evaluator:
        """An evaluator for a view: of the past one of its own."""
        return self._of_now(now) if view.position == now.position else Evaluator(view)

    def _of_now(self, now: View) -> Evaluator:
        kept = self._now
        if kept is None or kept.view.position != now.position:
            kept, self._clients = Evaluator(now), {}
            self._now = kept
        return kept


def _between(view: View, principal: Principal, action: str, thing: rule.Decided) -> bool | None:
    """`Evaluator.plainly` of a principal and a thing that are at hand."""
    reaches = rule.reaches_of(view, principal)
    reach = reaches.get(action, False)
    if reach is True or reach is False:
        return bool(reach)
    if rule.within(rule.standing_of(principal, reaches), reach, rule.side_of(view, thing)):
        return True
    return None if reach & CONDITIONAL else False


def _plain(*texts: object) -> bool:
    """Whether each is a text that `vocabulary.line` would leave as it is."""
    return all(
        type(text) is str
        and len(text) <= TEXT_LENGTH_MAX
        and text.isascii()
        and text.isprintable()
        and text == text.strip()
        for text in texts
    )
