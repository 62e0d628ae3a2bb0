"""Who may do what: a question as an outsider asks it, answered by the one evaluator.

The service's own knowledge wins over what the question says about a thing: `team` and `owner` of the question
count only for things that are not held here, and a contradiction is reported, not obeyed.
"""

from typing import Final

import msgspec

from projections import access, things
from projections.principals import Principal
from projections.things import Target
from projections.view import View
from service import errors
from service.queries import naming
from service.vocabulary import PrincipalId, TeamId, Thing, name

Conditions = tuple[tuple[str, Target], ...]
_RECORD: Final = "deployment_and_release:record"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """May `subject` do `action` on the thing? `team` and `owner` are the question's own word about the thing."""

    subject: str
    action: str
    resource_type: str
    resource_id: str
    team: str | None = None
    owner: str | None = None
    environment: str | None = None
    """Where to, of `deployment_and_release:record`: then both conditions of it are judged (section 3.5)."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The decision, what it rests on, and where the question contradicts what is held here.

    Without a `verdict` the question could not be put: `reason` says why, and the decision is no.
    """

    decision: bool
    reason: str = ""
    verdict: access.Verdict | None = None
    further: tuple[access.Verdict, ...] = ()
    """Of an action with a second condition, the verdict on the other one."""
    principal: PrincipalId | None = None
    conflicts: tuple[str, ...] = ()


def evaluate(view: View, question: Question) -> Answer:
    """The answer at the view's moment. An unknown subject, action or thing is a no with a reason, never an error."""
    put = _put(view, question)
    if isinstance(put, Answer):
        return put
    principal, conditions, conflicts = put
    verdicts = [access.explain(view, principal.id, action, target) for action, target in conditions]
    verdicts.sort(key=lambda one: one.allowed)  # what is missing first
    verdict = verdicts[0]
    return Answer(
        decision=verdict.allowed,
        reason=verdict.note or ("" if verdict.allowed else f"The permission {verdict.missing} is missing."),
        verdict=verdict,
        further=tuple(verdicts[1:]),
        principal=principal.id,
        conflicts=conflicts,
    )


def decide(view: View, question: Question) -> Answer:
    """The same decision and conflicts at a fraction of the price, for who may not know why: without a reason."""
    put = _put(view, question)
    if isinstance(put, Answer):
        return put
    principal, conditions, conflicts = put
    decision = all(access.may(view, principal.id, action, target) for action, target in conditions)
    return Answer(decision=decision, principal=principal.id, conflicts=conflicts)


def _put(view: View, question: Question) -> Answer | tuple[Principal, Conditions, tuple[str, ...]]:
    """What the question is about, or why it cannot be put."""
    try:
        principal = naming.subject(view, question.subject)
    except errors.NotFound as failure:
        return Answer(decision=False, reason=failure.sentence)
    fits = _fits(view, question)
    if fits:
        return Answer(decision=False, reason=fits, principal=principal.id)
    try:
        target, conflicts = _target(view, question)
        conditions, unfit = _conditions(view, question, target)
    except (errors.NotFound, errors.Ambiguous, errors.Invalid) as failure:
        return Answer(decision=False, reason=failure.sentence, principal=principal.id)
    return principal, conditions, (*conflicts, *unfit)


def _conditions(view: View, question: Question, target: Target) -> tuple[Conditions, tuple[str, ...]]:
    """All that must be allowed: of a deployment to an environment two things. Raises NotFound."""
    if question.environment is None:
        return ((question.action, target),), ()
    if question.action != _RECORD:
        return ((question.action, target),), (
            f"The question names an environment; {question.action} depends on none.",
        )
    held = naming.held(view, "environment", question.environment)
    if held is None:
        raise errors.NotFound(f"There is no environment {question.environment!r}.")
    deployed = things.of_deployment(target, view.environment(held.thing.id))
    return ((_RECORD, deployed), ("environment:read", held)), ()


def why(view: View, question: Question) -> tuple[Answer, tuple[str, ...]]:
    """The answer with sentences for a person: which role, grant and team give it, or what was near and fell short."""
    answer = evaluate(view, question)
    if answer.verdict is None:
        return answer, (answer.reason,)
    principal = view.principal(answer.principal or "")
    who = view.text(principal.name) or principal.id
    verdicts = (answer.verdict, *answer.further)
    sentences = [*(told for one in verdicts for told in grants(view, who, one)), *_conflicts(answer)]
    if not answer.decision:
        sentences = [
            f"{who} may not: {answer.reason}",
            *_near_misses(view, answer.verdict, principal),
            *sentences,
        ]
    return answer, tuple(sentences)


def who_may(view: View, action: str, target: Target) -> list[tuple[Principal, access.Verdict]]:
    """Every principal that may, with why: asked about a moment before an incident, it says who could have."""
    return [
        (principal, access.explain(view, principal.id, action, target))
        for principal in view.principals()
        if access.may(view, principal.id, action, target)
    ]


def whole_or_held(view: View, action: str, text: str) -> Target:
    """The thing that `text` names (`application:Baz`), or with `type:*` the type as a whole.

    Raises Invalid for an unknown action or one that does not apply to the type, NotFound, Ambiguous.
    """
    rule = view.compiled.actions.get(action)
    if rule is None:
        raise errors.Invalid(
            f"The catalogue has no action {action[:100]!r}. An action is `resource:action`, as in "
            "contract_data:manage.",
            "action",
        )
    type_, _, rest = text.partition(":")
    if rest and type_ not in rule.types:
        raise errors.Invalid(
            f"{action} does not apply to {type_!r}, only to: {', '.join(rule.types)}.", "resource"
        )
    return things.anything(type_) if rest == "*" else naming.target(view, text)


def _fits(view: View, question: Question) -> str:
    """Why the question cannot be put under the catalogue of the moment; empty if it can."""
    if view.catalogue is None:
        return "The account was not open yet."
    action = view.catalogue.actions.get(question.action)
    if action is None:
        return (
            f"The catalogue has no action {question.action[:100]!r}; an action is `resource:action`, as in "
            "`contract_data:manage`."
        )
    if question.resource_type not in action.types:
        fitting = ", ".join(action.types)
        return f"{action.name} does not apply to a {question.resource_type[:100]!r}, only to: {fitting}."
    return ""


def _target(view: View, question: Question) -> tuple[Target, tuple[str, ...]]:
    held = naming.held_of_team(view, question.resource_type, question.resource_id, question.team)
    if held is not None:
        return held, _contradictions(view, held, question)
    if question.resource_id == "*":
        return things.anything(question.resource_type), ()
    if question.resource_type in things.TYPES_HELD and question.team is None and question.owner is None:
        raise errors.NotFound(f"There is no {question.resource_type} {question.resource_id!r}.")
    # A team or an owner that nobody knows here reaches no `team` and no `own`; `*` does not depend on either.
    unknown: list[str] = []
    teams: tuple[TeamId, ...] = ()
    if question.team is not None:
        team = naming.held(view, "team", question.team)
        teams = (TeamId(team.thing.id),) if team else ()
        unknown += [] if team else [f"There is no team {question.team[:254]!r} here."]
    owner = _owner(view, question.owner)
    if question.owner is not None and owner is None:
        unknown.append(f"There is no principal {question.owner[:254]!r} here.")
    thing = Thing(question.resource_type, question.resource_id, name(question.resource_id, "resource", "id"))
    return Target(thing, teams, owner), tuple(unknown)


def _owner(view: View, text: str | None) -> PrincipalId | None:
    try:
        return None if text is None else naming.subject(view, text).id
    except errors.NotFound:
        return None


def _contradictions(view: View, held: Target, question: Question) -> tuple[str, ...]:
    found = []
    if question.team is not None:
        team = naming.held(view, "team", question.team)
        if team is None or team.thing.id not in held.teams:
            found.append(
                f"The question puts {held.label} under the team {question.team!r}; it is not under it here."
            )
    if question.owner is not None:
        owner = _owner(view, question.owner)
        if owner is None or owner != held.owner:
            found.append(
                f"The question names {question.owner!r} as the owner of {held.label}; it is not, here."
            )
    return tuple(found)


def grants(view: View, who: str, verdict: access.Verdict) -> list[str]:
    """A sentence for each grant that gives the permission; `who` is what the principal is called."""
    sentences = []
    for grant in verdict.grants:
        role = view.role_or_none(grant.role)
        team = view.team_or_none(grant.team) if grant.team else None
        through = (
            f", because {_side(verdict, grant)} and {who} are both in the team {team.name!r}" if team else ""
        )
        if grant.source == "team_administrator":
            through = f", because {who} administers the team {team.name if team else grant.team!r}"
        if grant.extent == "own":
            through = f", because {who} created {_side(verdict, grant)}"
        sentences.append(
            f"{who} may: the role {role.name if role else grant.role!r} grants {grant.scope}{through}."
        )
    return sentences


def _side(verdict: access.Verdict, grant: access.Grant) -> str:
    """What the grant reached: the thing, or whose teams and creator stand for it, or for reading its other side."""
    target = verdict.target
    readers = target.readers if verdict.action.endswith(":read") else None
    if readers is None or (grant.team is not None and grant.team in target.teams):
        return target.judged_by or target.label
    return readers.label if grant.team is not None else "one of its applications"


def _near_misses(view: View, verdict: access.Verdict, principal: Principal) -> list[str]:
    sentences = []
    for miss in verdict.near_misses:
        role = view.role_or_none(miss.role)
        sentences.append(
            f"The role {role.name if role else miss.role!r} grants {miss.scope}, but: {miss.why}"
        )
    teams = [team.name for team in view.live_teams(verdict.target.teams)]
    if teams and any(miss.scope.endswith((":team", ":team*")) for miss in verdict.near_misses):
        listed = ", ".join(repr(team) for team in teams)
        sentences.append(f"It would be allowed to a member of {listed}.")
    if not verdict.near_misses:
        held = ", ".join(repr(role.name) for role in view.roles_of(principal)) or "no role"
        sentences.append(f"None of the roles held ({held}) grants {verdict.action} at any extent.")
    return sentences


def _conflicts(answer: Answer) -> list[str]:
    return [f"Note: {conflict}" for conflict in answer.conflicts]
