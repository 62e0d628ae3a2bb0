"""Answers that proxies understand: 200 and nothing else is a yes, and every other answer is a no.

A proxy takes what it does not know for an error, and some can be told to let errors pass. So whatever happens on the
mounts of forward-auth ends here: 401 for who is nobody, 403 for every other no, and where this service cannot decide
now what the table chose, 403 or 503. The identity headers are always set, empty where there is nothing to say, so that
proxies overwrite what a client sent under their names.
"""

from typing import Final

import msgspec
from aiohttp import web

from service import errors
from service.catalogue.request_paths import Unreadable
from service.http import problems
from service.http.edge import Edge, Progress
from service.http.forward_sources import PREFIX, REPORTS

SUBJECT: Final = "X-Authz-Subject"
DECISION: Final = "X-Authz-Decision"
POSITION: Final = "X-Authz-Position"
CHANGE: Final = "X-Authz-Change"
ERROR: Final = "X-Authz-Error"
_JSON: Final = "application/json;charset=utf-8"
_CLOSED: Final = 403


def is_mount(request: web.BaseRequest) -> bool:
    """Whether a proxy asks, by the path as the router reads it, which may be spelled otherwise than it is served."""
    path = request.rel_url.path
    return f"{path}/".startswith(PREFIX) and path != REPORTS


def allowed(subject: str, position: int, change: str = "") -> web.Response:
    """200 with an empty body."""
    return web.Response(
        status=200,
        headers={**_identity(subject, "allow", position, change), "Cache-Control": "no-store"},
    )


def refused(request: web.Request, edge: Edge, progress: Progress, error: Exception) -> web.Response:
    """The no that an error becomes. Its reason says nothing of what the caller did not name."""
    told = problems.answered(error, progress.id)
    subject = progress.call.caller.principal or "" if progress.call is not None else ""
    headers = {**_identity(subject, "deny", edge.replica.position, ""), "Cache-Control": "no-store"}
    status = _CLOSED
    if isinstance(error, errors.Unauthenticated):
        status = 401
        headers |= told.headers
    elif not isinstance(error, errors.Forbidden | Unreadable):
        headers[ERROR] = error.code if isinstance(error, errors.MunimentError) else _word(told.status)
        if told.status >= 500:
            status = _on_error(request, edge)
    body = {"decision": False, "reason": _reason(error, told.sentence), "request": progress.id}
    return web.Response(
        status=status, body=msgspec.json.encode(body), headers={**headers, "Content-Type": _JSON}
    )


def _identity(subject: str, decision: str, position: int, change: str) -> dict[str, str]:
    return {SUBJECT: subject, DECISION: decision, POSITION: str(position), CHANGE: change}


def _reason(error: Exception, sentence: str) -> str:
    return error.sentence if isinstance(error, errors.Forbidden) else sentence


def _word(status: int) -> str:
    return "defect" if status >= 500 else "invalid"


def _on_error(request: web.Request, edge: Edge) -> int:
    """What the table chose for answers that are none; without a table a no."""
    table = edge.replica.now().route_table_or_none(request.match_info.get("table", ""))
    return _CLOSED if table is None else int(table.on_error)
