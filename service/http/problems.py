"""The one way from an error to an answer, for every surface: status, shape and sentence in one place.

Clients of a Pact Broker expect its older shapes, those of AuthZEN a sentence; who accepts `application/problem+json`
gets RFC 9457 everywhere. No answer carries a stack trace or anything that the caller did not send or may not read.
"""

import re
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import msgspec
import structlog
from aiohttp import web

from service import errors
from service.http import authzen_paths, problem_types

_log = structlog.get_logger("muniment.http")
FORBIDDEN: Final = (
    "Forbidden. Either you are using a read only token for a request that requires a write token (the most likely "
    "cause), or you do not have the required permissions."
)
"""The sentence that users of the platform know and its clients print (seed 002)."""
HAL: Final = "application/hal+json;charset=utf-8"
PROBLEM: Final = "application/problem+json;charset=utf-8"
PLAIN: Final = "text/plain;charset=utf-8"
_REFUSED: Final = {
    "name_taken": 409,
    "email_taken": 409,
    "external_id_taken": 409,
    "alias_taken": 409,
    "contract_conflict": 409,
    "contract_moved": 409,
    "published_otherwise": 409,
    "nothing_restored": 409,
    "number_not_higher": 409,
    "reported_otherwise": 409,
    "role_locked": 403,
    "role_predefined": 403,
}
"""The statuses of refusals that are not 422 (section 4.2 of the vendor's rules)."""
_REFUSING: Final = re.compile(r"q=0(\.0{0,3})?").fullmatch


class Unfit(Exception):
    """The request does not fit HTTP's own rules here: a path, method, type or size that no route takes."""

    def __init__(self, status: int, sentence: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.headers = dict(headers or {})


class Answer(msgspec.Struct, frozen=True):
    """What an error becomes: the legacy document (a text for 403), and what a problem document adds."""

    status: int
    sentence: str
    legacy: object
    extra: dict[str, object] = {}
    headers: dict[str, str] = {}
    place: str = ""
    """What is wrong: a place in the body (`subject.id`), or a parameter's or header's name."""


def response(
    request: web.BaseRequest | None, error: Exception, request_id: str, gone: bool = False
) -> web.Response:
    """The answer to an error. `gone`: the route says 410 where a deleted thing is asked for, instead of 404.

    `request` is None where what arrived is none yet.

    Anything that is none of ours is a defect: it is logged with its trace, and answered with a reference to it.
    """
    answer = _answer(error, request_id, gone)
    headers = {**answer.headers, "Cache-Control": "no-store"}
    if request is not None and accepts(request, "application/problem+json"):
        kind = problem_types.of(answer.status, points="errors" in answer.extra)
        document = {
            "title": kind.title if kind is not None else HTTPStatus(answer.status).phrase,
            "type": problem_types.address(request, kind),
            "status": answer.status,
            "detail": answer.sentence,
            "instance": "/",
            **answer.extra,
        }
        return _made(answer.status, msgspec.json.encode(document), PROBLEM, headers)
    if request is not None and request.path in authzen_paths.PATHS:
        return _made(answer.status, _told(answer, request_id).encode(), PLAIN, headers)
    if isinstance(answer.legacy, str):
        return _made(answer.status, answer.legacy.encode(), PLAIN, headers)
    return _made(answer.status, msgspec.json.encode(answer.legacy), HAL, headers)


def told(error: Exception) -> str:
    """An error in one line of text, where it is answered within an answer."""
    return _told(_answer(error, "", False), "")


def answered(error: Exception, request_id: str) -> Answer:
    """What an error becomes, for a surface with a shape of its own. A defect is logged."""
    return _answer(error, request_id, gone=False)


def accepts(request: web.BaseRequest, media_type: str) -> bool:
    """Whether the Accept header names this very type; a wildcard does not count."""
    for one in request.headers.get("Accept", "").split(","):
        name, *parameters = (part.strip().lower() for part in one.split(";"))
        if name == media_type and not any(map(_REFUSING, parameters)):
            return True
    return False


def _told(answer: Answer, request_id: str) -> str:
    """All of it in one line of text: where, what, and of the service's own faults under which reference."""
    place = f"{answer.place}: " if answer.place else ""
    return f"{place}{answer.sentence}" + (f" Reference: {request_id}." if answer.status >= 500 else "")


def _answer(error: Exception, request_id: str, gone: bool) -> Answer:
    match error:
        case errors.Invalid():
            return _invalid(error.sentence, error.pointer, 400)
        case errors.Unauthenticated():
            return _plainly(401, error.sentence, {"WWW-Authenticate": 'Bearer realm="muniment"'})
        case errors.Forbidden():
            return _forbidden(error)
        case errors.NotFound():
            gone = isinstance(error, errors.Destroyed) or (gone and error.gone)
            return Answer(410 if gone else 404, error.sentence, {"error": error.sentence})
        case errors.Refused():
            return _refused(error)
        case errors.Ambiguous():
            listed = f"{error.sentence} {', '.join(error.candidates)}"
            return Answer(400, listed, {"errors": [listed]}, {"candidates": error.candidates})
        case errors.Stale():
            told = {"changes": [one._asdict() for one in error.changes], "earlierChanges": error.more}
            return Answer(412, error.sentence, {"errors": [error.sentence]}, told)
        case errors.Throttled():
            return _plainly(429, error.sentence, {"Retry-After": str(error.retry_after_seconds)})
        case errors.TooLate():
            return _later(504, error, request_id)
        case errors.OutOfReach():  # whose sentence has the database's address and role, which are nobody's business
            away = errors.Unavailable("The database is away; nothing was done.", error.retry_after_seconds)
            return _later(503, away, request_id)
        case errors.Unavailable():
            return _later(503, error, request_id)
        case errors.Broken():
            _log.error("broken", request=request_id, sentence=error.sentence)
            return Answer(503, error.sentence, _reference(error.sentence, request_id))
        case Unfit():
            return _unfit(error)
        case web.HTTPException():
            return _unfit(Unfit(error.status, _http_sentence(error), _kept_headers(error)))
        case _:
            # The trace as text: a renderer that shows local variables would show secrets.
            _log.error("defect", request=request_id, trace="".join(traceback.format_exception(error)))
            sentence = "The service met a defect. It was logged under the reference."
            return Answer(500, sentence, _reference(sentence, request_id), {"reference": request_id})


def _invalid(sentence: str, pointer: str, status: int, extra: dict[str, object] | None = None) -> Answer:
    if not pointer:
        return Answer(status, sentence, {"errors": [sentence]}, extra or {})
    if pointer.startswith("/"):
        place, field = {"pointer": f"#{pointer}"}, pointer.removeprefix("/").replace("/", ".")
    else:
        place, field = {"parameter": pointer}, pointer
    found: dict[str, object] = {
        "errors": [{"detail": sentence, **place}],
        **(extra or {}),
    }
    return Answer(status, sentence, {"errors": {field: [sentence]}}, found, place=field)


def _forbidden(error: errors.Forbidden) -> Answer:
    sentence = FORBIDDEN + (f" Missing: {error.missing}." if error.missing else "")
    judged = {}
    if error.judged_by:
        sentence += f" What decides is {error.judged_by}."
        judged["judgedBy"] = error.judged_by
    told = {"missing": error.missing, **judged, "readOnlyToken": error.read_only_token}
    return Answer(403, sentence, sentence, told)


def _refused(error: errors.Refused) -> Answer:
    status = _REFUSED.get(error.reason, 422)
    return _invalid(error.sentence, error.pointer, status, {"reason": error.reason})


def _plainly(status: int, sentence: str, headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, sentence, {"errors": [sentence]}, {}, headers or {})


def _later(status: int, error: errors.Unavailable, request_id: str) -> Answer:
    headers = {"Retry-After": str(error.retry_after_seconds)}
    return Answer(
        status, error.sentence, _reference(error.sentence, request_id), {"code": error.code}, headers
    )


def _reference(sentence: str, request_id: str) -> object:
    return {"error": {"message": sentence, "reference": request_id}}


def _unfit(error: Unfit) -> Answer:
    legacy = {"error": error.sentence} if error.status == 404 else {"errors": [error.sentence]}
    return Answer(error.status, error.sentence, legacy, {}, error.headers)


def _http_sentence(error: web.HTTPException) -> str:
    match error:
        case web.HTTPNotFound():
            return "There is nothing at this path."
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            return f"{error.method} is not possible here; possible: {allowed}."
        case _:
            return error.reason


def _kept_headers(error: web.HTTPException) -> dict[str, str]:
    return {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}


def _made(status: int, content: bytes, content_type: str, headers: dict[str, str]) -> web.Response:
    return web.Response(status=status, body=content, headers={**headers, "Content-Type": content_type})
