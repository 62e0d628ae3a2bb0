"""Who may, on what, and what: AuthZEN's three searches, decided by the same rule as a single evaluation.

A search is a row of candidates, in the order in which the log brought them, and what says of each whether it belongs
to the answer. The view stays what it is, so the answer is the same whenever a candidate is asked about: a page begins
where the one before ended, and whoever asks may breathe in between.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

import msgspec

from projections import access as deciding
from projections import rule, things
from projections.principals import Principal
from projections.things import Target
from projections.view import View
from projections.webhooks import Webhook
from service import errors
from service.catalogue import conditions
from service.catalogue.compiled import CONDITIONAL
from service.catalogue.conditions import Facts
from service.catalogue.own import Condition, Reference
from service.queries import access, naming
from service.queries.access import Answer, Question

N = TypeVar("N")
Result = dict[str, str]
"""`{"type", "id"}` of a subject or a resource, `{"name"}` of an action: sent back as it is, it evaluates to true."""


class Search(msgspec.Struct, frozen=True):
    """`ids` are the candidates'; `result` says what stands in the answer for one of them, None for nothing."""

    ids: Sequence[str]
    result: Callable[[str], Result | None]


_WHO: Final = "subject.id"
NOTHING: Final = Search((), lambda _: None)
"""What is found where something that the question names is not here: an empty answer, and no error."""


def subjects(view: View, type_: str, question: Question) -> Search:
    """Every principal that may do it to the thing, as a subject of this type. The question's own subject is ignored.

    A type that means any principal, as `user` does, finds system accounts too: that is what it means in an evaluation.
    """
    everybody = view.catalogue is not None and type_ in view.catalogue.subject_types
    put = access.about(view, question) if everybody or type_ == "system_account" else None
    if put is None or isinstance(put, Answer):
        return NOTHING
    needed, facts, _ = put
    find = view.principal_or_none
    judges = [_Judge(view, action, target, facts) for action, target in needed]

    def result(candidate: str) -> Result | None:
        principal = find(candidate)
        if principal is None or not (everybody or principal.person.type == type_):
            return None
        for judge in judges:
            if not judge.may(principal):
                return None
        return {"type": type_, "id": subject_id(view, principal)}

    return Search(list(view.directory.principals), result)


def resources(view: View, question: Question) -> Search:
    """Every thing held here that the subject may do it to. The question's own resource id is ignored."""
    type_ = question.resource_type
    subject, action = _subject(view, question), access.action_of(view, question)
    held = None if isinstance(action, Answer) else _held(view, type_)
    if subject is None or held is None or isinstance(action, Answer):
        return NOTHING
    reaches = rule.reaches_of(view, subject)
    reach, alone = reaches.get(action, False), question.environment is None
    if reach is False:
        return NOTHING
    standing, said = rule.standing_of(subject, reaches), question.facts.get("resource", {})

    def reached(target: Target, word: str) -> bool:
        if alone and (reach is True or rule.within(standing, reach, rule.side_of(view, target))):
            return True
        if alone and not reach & CONDITIONAL:
            return False
        try:
            needed, _ = access.conditions_of(view, question, action, target)
        except errors.NotFound:
            return False
        seen, _ = access.with_held(view, target, {**question.facts, "resource": {**said, "id": word}})
        return all(deciding.may(view, subject.id, *one, seen) for one in needed)

    def result(candidate: str) -> Result | None:
        target = held.target(candidate)
        if target is None:
            return None
        word = target.thing.name if held.by_name else target.thing.id
        return {"type": type_, "id": word} if reached(target, word) else None

    return Search(held.ids, result)


def actions(view: View, question: Question) -> Search:
    """Everything that the subject may do to the thing, as requests call it. The question's own action is ignored."""
    if view.catalogue is None:
        return NOTHING
    compiled, type_ = view.catalogue, question.resource_type

    def result(candidate: str) -> Result | None:
        word = compiled.called(type_, candidate)
        facts = {**question.facts, "action": {"name": word}}
        asked = msgspec.structs.replace(question, action=word, facts=facts)
        return {"name": word} if access.decide(view, asked).decision else None

    return Search(compiled.actions_on(type_), result)


def subject_id(view: View, principal: Principal) -> str:
    """By what programs may name the principal: the first alias that leads to it now, or its id."""
    for alias in principal.person.aliases:
        text = view.text(alias.text)
        if text is not None and _leads_to(view, text, principal):
            return text
    return principal.id


class _Judge:
    """The rule for one action on one thing, and many principals: what a set of roles gives is looked up once.

    `facts` are the request, in which the subject's id stands for nobody: whose conditions ask for it is asked each.
    """

    __slots__ = ("_action", "_bound", "_facts", "_reaches", "_side", "_view")

    def __init__(self, view: View, action: str, target: Target, facts: Facts) -> None:
        self._view = view
        self._action = action
        self._facts = facts
        self._side = rule.side_of(view, target)
        self._reaches: dict[int, Mapping[str, int]] = {}
        self._bound: dict[int, tuple[tuple[int, Condition | None], ...]] = {}

    def may(self, principal: Principal) -> bool:
        """Whether the principal may: `access.may` of the request that names them as the result does."""
        if not principal.active:
            return False
        reaches = self._reaches.get(principal.role_set)
        if reaches is None:
            reaches = self._reaches[principal.role_set] = rule.reaches_of(self._view, principal)
        reach = reaches.get(self._action, False)
        if reach is True or reach is False:
            return reach
        standing = rule.standing_of(principal, reaches)
        if rule.within(standing, reach, self._side):
            return True
        return bool(reach & CONDITIONAL) and self._conditionally(principal, standing)

    def _conditionally(self, principal: Principal, standing: rule.Standing) -> bool:
        bound = self._bound.get(principal.role_set)
        if bound is None:
            bound = self._bound[principal.role_set] = tuple(self._open(principal))
        return any(
            deciding.reaches_under_condition(standing, reach, self._side)
            and (condition is None or conditions.holds(condition, self._asked_by(principal)))
            for reach, condition in bound
        )

    def _open(self, principal: Principal) -> Iterator[tuple[int, Condition | None]]:
        """The grants whose condition holds whoever asks, which is then None, or depends on who does."""
        for reach, condition in deciding.bound(self._view, principal, self._action):
            if any(path == _WHO or path.startswith(f"{_WHO}.") for path in _paths(condition)):
                yield reach, condition
            elif conditions.holds(condition, self._facts):
                yield reach, None

    def _asked_by(self, principal: Principal) -> Facts:
        said = {**self._facts.get("subject", {}), "id": subject_id(self._view, principal)}
        return {**self._facts, "subject": said}


def _paths(condition: Condition) -> Iterator[str]:
    """Every property of a request that the condition reads."""
    for predicate in condition.all:
        yield predicate.property
        _, wanted = conditions.operator_of(predicate)
        if isinstance(wanted, Reference):
            yield wanted.property


class _Held(msgspec.Struct, frozen=True):
    """The things of a type: the ids of all that ever were, and one as it decides now, None where it is not there.

    A question names one by its id, or `by_name` where it is of an organisation's own type.
    """

    ids: Sequence[str]
    target: Callable[[str], Target | None]
    by_name: bool = False


def _held(view: View, type_: str) -> _Held | None:
    """What is held of a type, or None where that is nothing."""
    directory = view.directory
    match type_:
        case "application":
            return _those(directory.applications, view.application_or_none, things.of_application)
        case "integration":
            pairs = directory.integrations
            return _those(
                pairs,
                lambda pair: view.integration_or_none(*pair.split("/")),
                lambda one: things.of_integration(view, one),
            )
        case "contract":
            return _those(
                directory.contracts, view.contract_or_none, lambda one: things.of_contract(view, one)
            )
        case "team":
            return _those(directory.teams, view.team_or_none, things.of_team)
        case "role":
            return _those(directory.roles, view.role_or_none, things.of_role)
        case "environment":
            return _those(directory.environments, view.environment_or_none, things.of_environment)
        case "user":  # as of a subject: any principal
            return _those(directory.principals, view.principal_or_none, things.of_principal)
        case "system_account":
            return _those(directory.principals, lambda id_: _account(view, id_), things.of_principal)
        case "token":
            return _those(
                directory.tokens, view.token_or_none, lambda one: things.of_token(one.id, one.principal)
            )
        case "secret":
            return _those(directory.secrets, view.secret_or_none, things.of_secret)
        case "webhook":
            return _those(directory.webhooks, lambda id_: _webhook(view, id_), things.of_webhook)
        case _:
            own = directory.typed_resources.of(type_) if type_ in view.compiled.types else ()
            return _those(own, view.resource_or_none, things.of_resource, by_name=True) if own else None


def _those(
    ids: Iterable[str],
    find: Callable[[str], N | None],
    target: Callable[[N], Target],
    *,
    by_name: bool = False,
) -> _Held:
    def found(candidate: str) -> Target | None:
        noun = find(candidate)
        return None if noun is None else target(noun)

    return _Held(list(ids), found, by_name)


def _account(view: View, candidate: str) -> Principal | None:
    found = view.principal_or_none(candidate)
    return found if found is not None and found.type == "system_account" else None


def _webhook(view: View, candidate: str) -> Webhook | None:
    """None for one whose id a client gave to another one: a question that names it means the other."""
    found = view.webhook_or_none(candidate)
    return found if found is not None and found.id == candidate else None


def _subject(view: View, question: Question) -> Principal | None:
    try:
        return naming.subject(view, question.subject)
    except errors.NotFound:
        return None


def _leads_to(view: View, text: str, principal: Principal) -> bool:
    try:
        return naming.subject(view, text).id == principal.id
    except errors.NotFound:
        return False
