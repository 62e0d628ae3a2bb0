"""Why a decision is as it is, and who else: for who may know (`access:explain`), beside what AuthZEN 1.0 has.

The right to ask is judged now, whatever moment is asked about.
"""

from typing import Final

import msgspec
from aiohttp import web

from projections import access as rule
from projections import things
from projections.principals import Principal
from projections.view import View
from service import errors
from service.catalogue.compiled import AI
from service.http import authzen_asked, breathing, parameters, responses
from service.http.edge import Call
from service.http.responses import Document
from service.queries import access, naming
from service.queries.access import Answer, Question
from service.queries.evaluating import Evaluator
from service.vocabulary import line

JSON: Final = "application/json"
EXPLANATION: Final = "/access/v1/explanation"
_ACCESS: Final = things.anything("access")
_TEXT_MAX: Final = 1_000


async def explanation(call: Call) -> web.Response:
    """POST /access/v1/explanation: the same question, answered with every grant and every near miss."""
    call.require("access:explain", _ACCESS)
    document = await authzen_asked.document(call)
    parts = authzen_asked.parts(document)
    authzen_asked.require_readable(parts)
    view = await authzen_asked.view_of(call, parts.context)
    question = authzen_asked.question(parts, Evaluator(view))
    return _json(call, _explained(view, question))


async def why(call: Call) -> web.Response:
    """GET /access/v1/why?subject=user:sally&action=contract_data:manage&resource=application:Baz: by names."""
    call.require("access:explain", _ACCESS)
    call.require_only("subject", "action", "resource", "team", "owner", "environment", *parameters.MOMENT)
    type_, resource = _resource(call)
    view = (await call.moment()).view
    question = Question(
        subject=_named_subject(view, _parameter(call, "subject")),
        action=_parameter(call, "action"),
        resource_type=type_,
        resource_id=resource,
        team=call.asked("team"),
        owner=call.asked("owner"),
        environment=call.asked("environment"),
    )
    return _json(call, _explained(view, question))


def _named_subject(view: View, text: str) -> str:
    """The id of whom a person names, by the grammar of names; a name that nobody has stays what it is: nobody's."""
    try:
        return naming.principal(view, text).id
    except errors.NotFound:
        return text


async def who(call: Call) -> web.Response:
    """GET /access/v1/who?action=…&resource=application:Baz: everybody who may, with what gives it to them.

    Who could by a request that meets a condition of their grants stands apart, in `underCondition`. Asked as of a
    moment before an incident, it says who could have.
    """
    call.require("access:explain", _ACCESS)
    call.require_only("action", "resource", *parameters.MOMENT)
    view, resource = (await call.moment()).view, _parameter(call, "resource")
    action = access.named_action(view, _parameter(call, "action"), resource)
    target = access.whole_or_held(view, action, resource)

    found, under = await _able(view, action, target)
    return _json(
        call,
        {
            "action": action,
            "resource": _target(target),
            "principals": found,
            **({"underCondition": under} if under else {}),
            **_as_of(view),
        },
    )


async def _able(
    view: View, action: str, target: things.Target
) -> tuple[list[msgspec.Raw], list[msgspec.Raw]]:
    """Everybody who may, and everybody else who could under a condition, each with what gives it to them."""

    def may(principal: Principal) -> bool:
        return rule.may(view, principal.id, action, target)

    def could(principal: Principal) -> tuple[rule.Grant, ...]:
        return rule.under_condition(view, principal.id, action, target)

    def drawn(principal: Principal, grants: tuple[rule.Grant, ...]) -> Document:
        return {
            "type": principal.type,
            "id": principal.id,
            "name": view.text(principal.name),
            "grants": [_grant(view, grant) for grant in grants],
        }

    able = await breathing.kept(view.principals(), may)
    others = await breathing.kept(view.principals(), lambda one: bool(could(one)) and not may(one))
    return (
        await breathing.drawn(
            able, lambda one: drawn(one, rule.explain(view, one.id, action, target).grants)
        ),
        await breathing.drawn(others, lambda one: drawn(one, could(one))),
    )


def _explained(view: View, question: Question) -> Document:
    answer, sentences = access.why(view, question) if question.subject else authzen_asked.nobody(view)
    verdict = answer.verdict
    verdicts = () if verdict is None else (verdict, *answer.further)
    return {
        "decision": answer.decision,
        "reason": answer.reason,
        "sentences": list(sentences),
        "subject": _subject(view, answer),
        "action": question.action,
        "resource": (
            _target(verdict.target)
            if verdict
            else {"type": question.resource_type, "id": question.resource_id}
        ),
        "missing": "" if answer.decision or verdict is None else verdict.missing,
        **_missing_permissions(verdict),
        "grants": [_grant(view, grant) for one in verdicts for grant in one.grants],
        "nearMisses": [_near_miss(view, miss) for one in verdicts for miss in one.near_misses],
        "conflicts": list(answer.conflicts),
        **_as_of(view),
    }


def _missing_permissions(verdict: rule.Verdict | None) -> Document:
    """The AI permission that is missing, in the words that clients of AI features know (section 1.2, rule 7)."""
    if verdict is None or verdict.allowed or not verdict.action.startswith(AI):
        return {}
    # A grant that came near is none that is missing: then it is the account's preference that says no.
    return {"missing_permissions": [] if verdict.near_misses else [verdict.action]}


def _as_of(view: View) -> Document:
    """What the answer rests on: the same question at this position and instant is answered the same for ever."""
    return {
        "position": view.position,
        "instant": view.instant.isoformat(timespec="microseconds"),
        "rule": rule.RULE,
        "catalogue": view.catalogue.number if view.catalogue else 0,
    }


def _subject(view: View, answer: Answer) -> Document | None:
    principal = view.principal_or_none(answer.principal) if answer.principal else None
    if principal is None:
        return None
    return {"type": principal.type, "id": principal.id, "name": view.text(principal.name)}


def _target(target: things.Target) -> Document:
    return {
        "type": target.thing.type,
        "id": target.thing.id,
        "name": target.thing.name,
        "teams": list(target.teams),
        "owner": target.owner,
    }


def _grant(view: View, grant: rule.Grant) -> Document:
    return {
        "source": grant.source,
        "scope": grant.scope,
        "extent": grant.extent,
        "role": _role(view, grant.role),
        "team": _team(view, grant.team) if grant.team else None,
        **({"condition": grant.condition} if grant.condition else {}),
    }


def _near_miss(view: View, miss: rule.NearMiss) -> Document:
    return {"role": _role(view, miss.role), "scope": miss.scope, "why": miss.why}


def _role(view: View, role: str) -> Document:
    found = view.role_or_none(role)
    return {"uuid": role, "name": found.name if found else None}


def _team(view: View, team: str) -> Document:
    found = view.team_or_none(team)
    return {"uuid": team, "name": found.name if found else None}


def _resource(call: Call) -> tuple[str, str]:
    type_, colon, named = _parameter(call, "resource").partition(":")
    if not colon or not named:
        raise errors.Invalid("Write the type of the thing too, as in application:Baz.", "resource")
    return type_, named


def _parameter(call: Call, name: str) -> str:
    text = call.asked(name)
    if not text:
        raise errors.Invalid("This parameter is missing.", name)
    return line(text, name, name, _TEXT_MAX)


def _json(call: Call, document: Document) -> web.Response:
    return responses.made(call, msgspec.json.encode(document), JSON)
