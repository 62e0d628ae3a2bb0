"""AuthZEN 1.0: may this subject do that? And where this service answers which of its questions.

A denial is an answer, 200 and false; only a question that cannot be read is an error (section 4 of the wire facts,
openid.net/specs/authorization-api-1_0.html). The right to ask is judged now, whatever moment is asked about. The same
question at the same position has the same body for ever: position and request id are in the headers.
"""

import hashlib
from typing import Final

import msgspec
from aiohttp import web

from projections import things
from service.http import authzen_asked, authzen_paths, preconditions, responses
from service.http.authzen_asked import JSON, Entity
from service.http.edge import PATHS, Call
from service.http.responses import Document
from service.queries import access
from service.queries.access import Answer

ACCESS: Final = things.anything("access")
DECIDED: Final = {True: b'{"decision":true}', False: b'{"decision":false}'}
"""Most answers, to the letter."""
_CACHED: Final = "public, max-age=300"


async def evaluation(call: Call) -> web.Response:
    """POST /access/v1/evaluation: `{decision, context?}`.

    `context.conflicts` says where the question's properties contradict what is held here. `context.reason_admin`
    stands there for callers who may also see why (`access:explain`).
    """
    call.require("access:evaluate", ACCESS)
    return await single(call, await authzen_asked.document(call))


async def single(call: Call, document: Entity) -> web.Response:
    """The answer to one question in a body."""
    parts = authzen_asked.parts(document)
    authzen_asked.require_readable(parts)
    evaluator = await authzen_asked.evaluator_of(call, parts.context)
    question = authzen_asked.question(parts, evaluator)
    sentences: tuple[str, ...] = ()
    if call.may("access:explain", ACCESS):
        answer, sentences = (
            access.why(evaluator.view, question) if question.subject else authzen_asked.nobody(evaluator.view)
        )
    else:
        answer = evaluator.answer(question) if question.subject else authzen_asked.nobody(evaluator.view)[0]
    return responses.made(call, decision(answer, sentences), JSON)


def decision(answer: Answer, sentences: tuple[str, ...] = ()) -> bytes:
    """A decision as it is sent, with its reasons for who may know them."""
    if not sentences and not answer.conflicts:
        return DECIDED[answer.decision]
    context: Document = {}
    if sentences:
        context["reason_admin"] = {"en": " ".join(sentences)}
    if answer.conflicts:
        context["conflicts"] = list(answer.conflicts)
    return msgspec.json.encode({"decision": answer.decision, "context": context})


async def configuration(call: Call) -> web.Response:
    """GET /.well-known/authzen-configuration: the endpoints that are served, and nothing that has no value.

    From BASE_URL and never from a Host header, which anybody may write.
    """
    base, served = call.edge.settings.base_url, call.request.app[PATHS]
    there = {name: f"{base}{path}" for name, path in authzen_paths.ENDPOINTS.items() if path in served}
    content = msgspec.json.encode({"policy_decision_point": base, **there})
    headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()[:16]}"', "Cache-Control": _CACHED}
    if preconditions.seen(call.request, headers["ETag"]):
        return web.Response(status=304, headers=headers)
    return web.Response(body=content, headers={**headers, "Content-Type": JSON})
