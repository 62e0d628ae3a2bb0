"""AuthZEN 1.0: may this subject do that? And beside it, for who may know: why, and who else.

A denial is an answer, 200 and false; only a question that cannot be read is an error (section 4 of the wire facts,
openid.net/specs/authorization-api-1_0.html). The right to ask is judged now, whatever moment is asked about.
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
from service.http import breathing, parameters, requests, responses
from service.http.edge import Call
from service.http.requests import Body
from service.http.responses import Document
from service.queries import access, moments, naming
from service.queries.access import Answer, Question
from service.vocabulary import line

JSON: Final = "application/json"
EVALUATION: Final = "/access/v1/evaluation"
EXPLANATION: Final = "/access/v1/explanation"
_ACCESS: Final = things.anything("access")
_TEXT_MAX: Final = 1_000


async def evaluation(call: Call) -> web.Response:
    """POST /access/v1/evaluation: `{decision, context?}`.

    `context.conflicts` says where the question's properties contradict what is held here. `context.reason_admin`
    stands there for callers who may also see why (`access:explain`).
    """
    call.require("access:evaluate", _ACCESS)
    question, view = await _asked(call)
    context: Document = {}
    if call.may("access:explain", _ACCESS):
        answer, sentences = access.why(view, question) if question.subject else _nobody()
        context["reason_admin"] = {"en": " ".join(sentences)}
    else:
        answer = access.decide(view, question) if question.subject else _nobody()[0]
    if answer.conflicts:
        context["conflicts"] = list(answer.conflicts)
    decision: Document = {"decision": answer.decision}
    return _json(call, decision | ({"context": context} if context else {}))


async def explanation(call: Call) -> web.Response:
    """POST /access/v1/explanation: the same question, answered with every grant and every near miss."""
    call.require("access:explain", _ACCESS)
    question, view = await _asked(call)
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

    Asked as of a moment before an incident, it says who could have.
    """
    call.require("access:explain", _ACCESS)
    call.require_only("action", "resource", *parameters.MOMENT)
    action = _parameter(call, "action")
    view = (await call.moment()).view
    target = access.whole_or_held(view, action, _parameter(call, "resource"))

    def able(principal: Principal) -> Document:
        grants = rule.explain(view, principal.id, action, target).grants
        return {
            "type": principal.type,
            "id": principal.id,
            "name": view.text(principal.name),
            "grants": [_grant(view, grant) for grant in grants],
        }

    who_may = await breathing.kept(
        view.principals(), lambda principal: rule.may(view, principal.id, action, target)
    )
    found = await breathing.drawn(who_may, able)
    return _json(call, {"action": action, "resource": _target(target), "principals": found, **_as_of(view)})


async def configuration(call: Call) -> web.Response:
    """GET /.well-known/authzen-configuration: the endpoints that exist, from BASE_URL and never from a Host header."""
    base = call.edge.settings.base_url
    answer = _json(call, {"policy_decision_point": base, "access_evaluation_endpoint": f"{base}{EVALUATION}"})
    answer.headers["Cache-Control"] = "public, max-age=300"
    return answer


async def _asked(call: Call) -> tuple[Question, View]:
    """The question in the body, and what was true at the moment that it is about.

    A subject of a type that is nobody here has no name in the question.

    Raises Invalid, which is 400, also for a wrong type of content.
    """
    call.require_only(*parameters.MOMENT)
    if call.request.content_type != JSON:
        raise errors.Invalid(f"The body must be {JSON}, and its Content-Type say so.", "Content-Type")
    if not isinstance(document := await requests.json_document(call), dict):
        raise errors.Invalid("The body must be an object.")
    body = Body(document)
    subject, action, resource = (body.member(part) for part in ("subject", "action", "resource"))
    context = body.member("context")
    action.member("properties")
    subject.member("properties")
    properties = resource.member("properties")
    type_, named = _text(subject, "type"), _text(subject, "id")
    subjects = {"user": named, "system_account": f"system_account:{named}"}
    question = Question(
        subject=subjects.get(type_, ""),
        action=_text(action, "name"),
        resource_type=_text(resource, "type"),
        resource_id=_text(resource, "id"),
        team=properties.optional_text("team"),
        owner=properties.optional_text("owner"),
        environment=properties.optional_text("environment"),
    )
    as_of = _moment(call, context, document, "as_of")
    at_least = _moment(call, context, document, "at_least")
    moment = await moments.view_of(
        call.edge.reader, call.edge.replica, as_of, at_least, age_seconds=call.edge.vigil.age_seconds()
    )
    call.progress.moment = moment
    return question, moment.view


def _nobody() -> tuple[Answer, tuple[str, ...]]:
    reason = "Subjects here are of the types user, which is any principal, and system_account."
    return Answer(decision=False, reason=reason), (reason,)


def _moment(call: Call, context: Body, document: dict[str, object], name: str) -> str | None:
    """A moment from the query or from `context`, where a position may also be a number. Not two different ones."""
    inside = document.get("context")
    value = inside.get(name) if isinstance(inside, dict) else None
    if isinstance(value, int) and not isinstance(value, bool):
        given: str | None = str(value)
    else:
        given = context.optional_text(name)
    asked = call.asked(name)
    if given is not None and asked is not None and given != asked:
        raise errors.Invalid(f"The query and the context name two moments for {name}.", name)
    return given if asked is None else asked


def _explained(view: View, question: Question) -> Document:
    answer, sentences = access.why(view, question) if question.subject else _nobody()
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


def _text(part: Body, field: str) -> str:
    return line(part.text(field), part.pointer(field), field, _TEXT_MAX)


def _json(call: Call, document: Document) -> web.Response:
    return responses.made(call, msgspec.json.encode(document), JSON)
