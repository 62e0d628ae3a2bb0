"""The HTTP application: every route of the table behind one frame that admits, answers for errors, and logs.

The frame is the only place that knows request ids, tokens and error shapes, so no surface can forget them.
"""

import logging
import re
import time

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from structlog.typing import FilteringBoundLogger

from service.http import (
    at_once,
    audit,
    authenticate,
    forward_answers,
    freshness,
    index,
    problems,
    routes,
    wellformed,
)
from service.http import edge as parts
from service.http.admission import Admission
from service.http.edge import Edge, Progress
from service.http.route import Route


def application(edge: Edge, table: tuple[Route, ...] = routes.ROUTES) -> web.Application:
    """The application over the parts of a running service."""
    frame = Frame(edge)
    app = web.Application(middlewares=[frame.middleware()])
    admission = Admission(edge)
    app[parts.EDGE] = edge
    app[parts.PATHS] = index.served_paths([route.path for route in table])
    app[parts.FAILURES] = admission.failures
    app[parts.DENIALS] = admission.denials
    app[audit.READINGS] = audit.Readings()
    app[at_once.AT_ONCE] = quick = at_once.AtOnce(edge, frame.at_once)
    for route in (*table, *routes.MOUNTS):
        admitted, pattern = admission.admitting(route), _pattern(route.path)
        placed = app.router.add_route("*" if route.method == "ANY" else route.method, pattern, admitted)
        quick.take(app, admission, route, placed)
        if route.method == "GET":
            app.router.add_route("HEAD", pattern, admitted)
    return app


def _pattern(path: str) -> str:
    """The path as the router takes it: a placeholder is a whole segment, of any characters.

    One that ends in dots is all the rest. Left to itself the router takes no braces, and what is called `{x}` would be
    made and never found again.
    """
    return re.sub(r"\{(\w+)\.\.\.\}", r"{\1:.*}", re.sub(r"\{(\w+)\}", r"{\1:[^/]+}", path))


class Frame:
    """Around every request, whatever its path: its id, its answer's headers, its line in the log."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._log = _AccessLog()

    def middleware(self) -> Middleware:
        """The frame for a request that the application routes."""

        @web.middleware
        async def framed(request: web.Request, handler: Handler) -> web.StreamResponse:
            self._begin(request)
            try:
                wellformed.require_clean(request)
                answer = await handler(request)
            except Exception as error:  # noqa: BLE001  # the last frame before the wire: everything becomes an answer
                answer = self._failed(request, error)
            self._complete(request, answer)
            return answer

        return framed

    def at_once(self, request: web.Request, handler: at_once.Quick, body: bytes | None) -> bytes | None:
        """The same for a request whose handler may answer at once; None where it does not, and nothing was done.

        With a body its head was heard before, and is clean.
        """
        progress = self._begin(request)
        try:
            if body is None:
                wellformed.require_clean(request)
            progress.body = body
            content = handler(request)
        except Exception as error:  # noqa: BLE001  # as above
            answer = self._failed(request, error)
            self._complete(request, answer)
            return at_once.written(answer)
        if content is None:
            return None
        said = self._said(request, progress)
        self._tell(request, progress, 200)
        progress.call = progress.body = (
            None  # a ring that only the collector would find, and what need not be kept
        )
        return at_once.content_written(content, said)

    def _begin(self, request: web.Request) -> Progress:
        identity, echoed = authenticate.request_ids(self._edge, request)
        progress = Progress(id=identity, echoed=echoed, began=time.monotonic())
        request[parts.PROGRESS] = progress
        return progress

    def _failed(self, request: web.Request, error: Exception) -> web.Response:
        progress = request[parts.PROGRESS]
        if forward_answers.is_mount(request):
            return forward_answers.refused(request, self._edge, progress, error)
        return problems.response(request, error, progress.id)

    def _complete(self, request: web.Request, answer: web.StreamResponse) -> None:
        """What the answer says of itself beside its content, and who is told of it."""
        progress = request[parts.PROGRESS]
        if not answer.prepared:
            answer.headers.update(self._said(request, progress))
        if self._edge.vigil.stopping:
            answer.force_close()  # who keeps the connection would lose the next request on it
        self._tell(request, progress, answer.status)

    def _said(self, request: web.Request, progress: Progress) -> dict[str, str]:
        """The headers that every answer carries, and those that this one does."""
        edge, moment = self._edge, progress.moment
        settled = moment is None or moment.settled
        said = headers_of(
            progress.echoed, _position(progress, edge), settled=settled, age=edge.vigil.age_seconds()
        )
        if progress.token_expires:
            said["Muniment-Token-Expires"] = progress.token_expires
        if (parent := authenticate.traceparent(request)) is not None:
            said["traceparent"] = parent[1]
        return said

    def _tell(self, request: web.Request, progress: Progress, status: int) -> None:
        """Whoever counts answers, and the log."""
        seconds = time.monotonic() - progress.began
        self._edge.answered(progress.surface, request.method, status, seconds)
        self._log.request(request, status, progress, seconds)


class _AccessLog:
    """The access log, bound once for each way in which the log is set up: an unbound logger is made anew each line."""

    def __init__(self) -> None:
        self._set_up: object = None
        self._log: FilteringBoundLogger | None = None

    def request(self, request: web.Request, status: int, progress: Progress, seconds: float) -> None:
        """Its one line. Probes that find all well come every second or two, and would hide everything else."""
        log = self._bound()
        if progress.surface == "health" and status == 200:
            level, tell = logging.DEBUG, log.debug
        else:
            level, tell = logging.INFO, log.info
        if not log.is_enabled_for(level):
            return
        parent = authenticate.traceparent(request)
        tell(
            "request",
            method=request.method,
            path=request.rel_url.raw_path,  # without the query, which may hold an e-mail address
            status=status,
            milliseconds=round(seconds * 1000, 1),
            request=progress.id,
            principal=progress.call.caller.principal if progress.call is not None else None,
            **({"trace": parent["trace"]} if parent is not None else {}),
        )

    def _bound(self) -> FilteringBoundLogger:
        """The log as it is set up now."""
        set_up = structlog.get_config()["wrapper_class"]
        if self._log is None or set_up is not self._set_up:
            self._set_up, self._log = set_up, structlog.get_logger("muniment.access").bind()
        return self._log


def headers_of(echoed: str, position: int, *, settled: bool = True, age: float = 0.0) -> dict[str, str]:
    """The headers that every answer carries: which request it answers, as of which position, and if old, how old."""
    headers = {
        "Muniment-Position": str(position),
        "X-Request-ID": echoed,
        "X-Content-Type-Options": "nosniff",
        "Server": "muniment",
    }
    if age >= freshness.TOLD_SECONDS:
        headers["Muniment-Age"] = str(int(age))
    if not settled:
        headers["Muniment-Settled"] = "false"
    return headers


def _position(progress: Progress, edge: Edge) -> int:
    """The position that was answered from: what a write reached, else the moment asked about, else now."""
    if progress.position is not None:
        return progress.position
    if progress.moment is not None:
        return progress.moment.view.position
    return progress.call.view.position if progress.call is not None else edge.replica.position
