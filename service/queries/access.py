"""Who may do what: a question as an outsider asks it, answered by the one evaluator.

The service's own knowledge wins over what the question says about a thing: `team` and `owner` of the question
count only for things that are not held here, and a contradiction is reported, not obeyed.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from projections import access, things
from projections.principals import Principal
from projections.things import Target
from projections.view import View
from service import errors
from service.catalogue.compiled import Compiled
from service.catalogue.conditions import NO_FACTS, Facts
from service.catalogue.model import Action
from service.queries import naming
from service.vocabulary import PrincipalId, TeamId, Thing, name

Conditions = tuple[tuple[str, Target], ...]
_TEAMS_MAX: Final = 100
"""Of the teams that a question names, so many count."""
_RECORD: Final = "deployment_and_release:record"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """May `subject` do `action` on the thing? `team` and `owner` are the question's own word about the thing.

    The action is called by its name, or as requests call it on that type of thing.
    """

    subject: str
    action: str
    resource_type: str
    resource_id: str
    team: str | None = None
    owner: str | None = None
    facts: Facts = NO_FACTS
    """The request itself, on whose properties grants may depend; of an own type also who owns the thing, and teams."""
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
    principal, conditions, facts, conflicts = put
    verdicts = [access.explain(view, principal.id, action, target, facts) for action, target in conditions]
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
    principal, conditions, facts, conflicts = put
    decision = all(access.may(view, principal.id, action, target, facts) for action, target in conditions)
    return Answer(decision=decision, principal=principal.id, conflicts=conflicts)


def _put(view: View, question: Question) -> Answer | tuple[Principal, Conditions, Facts, tuple[str, ...]]:
    """What the question is about, or why it cannot be put."""
    try:
        principal = naming.subject(view, question.subject)
    except errors.NotFound as failure:
        return Answer(decision=False, reason=failure.sentence)
    put = about(view, question)
    if isinstance(put, Answer):
        return msgspec.structs.replace(put, principal=principal.id)
    return principal, *put


def about(view: View, question: Question) -> Answer | tuple[Conditions, Facts, tuple[str, ...]]:
    """What must be allowed, whoever the subject is, and what conditions see; or why the question cannot be put."""
    action = action_of(view, question)
    if isinstance(action, Answer):
        return action
    try:
        target, conflicts = _target(view, question, action)
        facts, unlike = with_held(view, target, question.facts)
        conditions, unfit = conditions_of(view, question, action, target)
    except (errors.NotFound, errors.Ambiguous, errors.Invalid) as failure:
        return Answer(decision=False, reason=failure.sentence)
    return conditions, facts, (*conflicts, *unlike, *unfit)


def with_held(view: View, target: Target, facts: Facts) -> tuple[Facts, tuple[str, ...]]:
    """What conditions see: the request, with what is held of the thing in place of its own word.

    The thing is called what it is registered as, whichever of its names was asked by; who owns it and which teams it
    belongs to is not the request's to say. And where the two differ.
    """
    types = view.catalogue.types if view.catalogue is not None else {}
    type_ = types.get(target.thing.type)
    held = view.resource_or_none(target.thing.id) if type_ is not None and facts else None
    if type_ is None or held is None or held.type != target.thing.type:
        return facts, ()
    resource = facts.get("resource", {})
    said = resource.get("properties")
    said = said if isinstance(said, Mapping) else {}
    properties = {name: list(it) if isinstance(it, tuple) else it for name, it in held.properties}
    unlike = tuple(
        f"The question says another {name} of {target.label} than is held here."
        for name, it in properties.items()
        if name in said and said[name] != it
    )
    left = {name: it for name, it in said.items() if name not in (type_.owner, type_.teams)}
    return {**facts, "resource": {**resource, "id": held.name, "properties": {**left, **properties}}}, unlike


def conditions_of(
    view: View, question: Question, action: str, target: Target
) -> tuple[Conditions, tuple[str, ...]]:
    """All that must be allowed: of a deployment to an environment two things. Raises NotFound."""
    if question.environment is None:
        return ((action, target),), ()
    if action != _RECORD:
        if action in view.compiled.owned_by:
            return ((action, target),), ()  # an own action's requests say what they like
        return ((action, target),), (f"The question names an environment; {action} depends on none.",)
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


def who_under_condition(
    view: View, action: str, target: Target
) -> list[tuple[Principal, tuple[access.Grant, ...]]]:
    """Every principal that may not as such, but could with a request that meets a condition of its grants."""
    found = ((one, access.under_condition(view, one.id, action, target)) for one in view.principals())
    return [
        (principal, grants)
        for principal, grants in found
        if grants and not access.may(view, principal.id, action, target)
    ]


def named_action(view: View, word: str, thing: str) -> str:
    """The action's own name, where the word is what requests call it on things of that type: `can_update_todo`."""
    meant = view.catalogue and view.catalogue.action_for(thing.partition(":")[0], word)
    return meant or word


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
    if rest and not _applies(view.compiled, rule, type_):
        raise errors.Invalid(
            f"{action} does not apply to {type_!r}, only to: {', '.join(rule.types)}.", "resource"
        )
    return things.anything(type_) if rest == "*" else naming.target(view, text)


def action_of(view: View, question: Question) -> str | Answer:
    """The action that the question means, or why it cannot be put under the catalogue of the moment."""
    compiled = view.catalogue
    if compiled is None:
        return Answer(decision=False, reason="The account was not open yet.")
    meant = compiled.action_for(question.resource_type, question.action)
    if meant is not None:
        return meant
    action = compiled.actions.get(question.action)
    if action is None:
        reason = (
            f"The catalogue has no action {question.action[:100]!r}; an action is "
            "`resource:action`, as in `contract_data:manage`."
        )
    elif _applies(compiled, action, question.resource_type):
        return action.name
    else:
        fitting = ", ".join(action.types)
        reason = f"{action.name} does not apply to a {question.resource_type[:100]!r}, only to: {fitting}."
    return Answer(decision=False, reason=reason)


def _applies(compiled: Compiled, action: Action, type_: str) -> bool:
    """Whether the action is one on things of the type; what can be registered is a resource as well."""
    return type_ in action.types or (type_ in compiled.types and "resource" in action.types)


def _target(view: View, question: Question, action: str) -> tuple[Target, tuple[str, ...]]:
    if question.resource_id == "*":
        return things.anything(question.resource_type), ()
    said_owner, said_teams = _said(view, question)
    held = naming.held_of_team(
        view, question.resource_type, question.resource_id, said_teams[0] if said_teams else None
    )
    if held is not None:
        return held, _contradictions(view, held, said_owner, said_teams)
    said = said_owner is not None or said_teams
    if question.resource_type in things.TYPES_HELD and not said and action not in view.compiled.owned_by:
        raise errors.NotFound(f"There is no {question.resource_type} {question.resource_id!r}.")
    # A team or an owner that nobody knows here reaches no `team` and no `own`; `*` does not depend on either.
    unknown: list[str] = []
    teams: list[TeamId] = []
    for text in said_teams:
        team = naming.held(view, "team", text)
        if team is not None:
            teams.append(TeamId(team.thing.id))
        else:
            unknown.append(f"There is no team {text[:254]!r} here.")
    owner = _owner(view, said_owner)
    if said_owner is not None and owner is None:
        unknown.append(f"There is no principal {said_owner[:254]!r} here.")
    thing = Thing(question.resource_type, question.resource_id, name(question.resource_id, "resource", "id"))
    return Target(thing, tuple(teams), owner), tuple(unknown)


def _said(view: View, question: Question) -> tuple[str | None, tuple[str, ...]]:
    """Who owns the thing and which teams it belongs to, in the question's own words, as its type calls the two."""
    type_ = view.compiled.types.get(question.resource_type)
    properties = question.facts.get("resource", {}).get("properties") if type_ is not None else None
    if type_ is None or not isinstance(properties, Mapping):
        return question.owner, () if question.team is None else (question.team,)
    owner, teams = properties.get(type_.owner), properties.get(type_.teams)
    listed = teams if isinstance(teams, list) else [teams]
    return (
        owner if isinstance(owner, str) else None,
        tuple(dict.fromkeys(one for one in listed[:_TEAMS_MAX] if isinstance(one, str))),
    )


def _owner(view: View, text: str | None) -> PrincipalId | None:
    try:
        return None if text is None else naming.subject(view, text).id
    except errors.NotFound:
        return None


def _contradictions(
    view: View, held: Target, said_owner: str | None, said_teams: tuple[str, ...]
) -> tuple[str, ...]:
    found = []
    for text in said_teams:
        team = naming.held(view, "team", text)
        if team is None or team.thing.id not in held.teams:
            found.append(f"The question puts {held.label} under the team {text!r}; it is not under it here.")
    if said_owner is not None:
        owner = _owner(view, said_owner)
        if owner is None or owner != held.owner:
            found.append(f"The question names {said_owner!r} as the owner of {held.label}; it is not, here.")
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
            made = "owns" if verdict.target.thing.type in view.compiled.types else "created"
            through = f", because {who} {made} {_side(verdict, grant)}"
        if grant.condition:
            through += f", and the condition {grant.condition!r} holds"
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
