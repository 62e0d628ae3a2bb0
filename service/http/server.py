"""The HTTP application: every route of the table behind one frame that admits, answers for errors, and logs.

The frame is the only place that knows request ids, tokens and error shapes, so no surface can forget them.
"""

import re
import time

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from structlog.typing import FilteringBoundLogger

from service.http import (
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
    app = web.Application(middlewares=[_framed(edge)])
    admission = Admission(edge)
    app[parts.EDGE] = edge
    app[parts.PATHS] = index.served_paths([route.path for route in table])
    app[parts.FAILURES] = admission.failures
    app[parts.DENIALS] = admission.denials
    app[audit.READINGS] = audit.Readings()
    for route in (*table, *routes.MOUNTS):
        admitted, pattern = admission.admitting(route), _pattern(route.path)
        app.router.add_route("*" if route.method == "ANY" else route.method, pattern, admitted)
        if route.method == "GET":
            app.router.add_route("HEAD", pattern, admitted)
    return app


def _pattern(path: str) -> str:
    """The path as the router takes it: a placeholder is a whole segment, of any characters.

    One that ends in dots is all the rest. Left to itself the router takes no braces, and what is called `{x}` would be
    made and never found again.
    """
    return re.sub(r"\{(\w+)\.\.\.\}", r"{\1:.*}", re.sub(r"\{(\w+)\}", r"{\1:[^/]+}", path))


def _framed(edge: Edge) -> Middleware:
    log = _AccessLog()

    @web.middleware
    async def frame(request: web.Request, handler: Handler) -> web.StreamResponse:
        """Around every request, whatever its path: its id, its answer's headers, its line in the log."""
        started = time.monotonic()
        identity, echoed = authenticate.request_ids(edge, request)
        request[parts.PROGRESS] = progress = Progress(id=identity)
        try:
            wellformed.require_clean(request)
            answer = await handler(request)
        except Exception as error:  # noqa: BLE001  # the last frame before the wire: everything becomes an answer
            if forward_answers.is_mount(request):
                answer = forward_answers.refused(request, edge, progress, error)
            else:
                answer = problems.response(request, error, progress.id)
        settled = progress.moment is None or progress.moment.settled
        age = edge.vigil.age_seconds()
        complete(answer, echoed, _position(progress, edge), settled=settled, age=age)
        if progress.token_expires and not answer.prepared:
            answer.headers["Muniment-Token-Expires"] = progress.token_expires
        if edge.vigil.stopping:
            answer.force_close()  # who keeps the connection would lose the next request on it
        seconds = time.monotonic() - started
        edge.answered(progress.surface, request.method, answer.status, seconds)
        parent = authenticate.traceparent(request)
        if parent is not None and not answer.prepared:
            answer.headers["traceparent"] = parent[1]
        log.request(request, answer.status, progress, seconds, parent["trace"] if parent is not None else "")
        return answer

    return frame


class _AccessLog:
    """The access log, bound once for each way in which the log is set up: an unbound logger is made anew each line."""

    def __init__(self) -> None:
        self._set_up: object = None
        self._log: FilteringBoundLogger | None = None

    def request(
        self, request: web.Request, status: int, progress: Progress, seconds: float, trace: str
    ) -> None:
        """Its one line. Probes that find all well come every second or two, and would hide everything else."""
        log = self._bound()
        tell = log.debug if progress.surface == "health" and status == 200 else log.info
        tell(
            "request",
            method=request.method,
            path=request.rel_url.raw_path,  # without the query, which may hold an e-mail address
            status=status,
            milliseconds=round(seconds * 1000, 1),
            request=progress.id,
            principal=progress.call.caller.principal if progress.call is not None else None,
            **({"trace": trace} if trace else {}),
        )

    def _bound(self) -> FilteringBoundLogger:
        """The log as it is set up now."""
        set_up = structlog.get_config()["wrapper_class"]
        if self._log is None or set_up is not self._set_up:
            self._set_up, self._log = set_up, structlog.get_logger("muniment.access").bind()
        return self._log


def complete(
    answer: web.StreamResponse, echoed: str, position: int, *, settled: bool = True, age: float = 0.0
) -> None:
    """The headers that every answer carries: which request it answers, as of which position, and if old, how old."""
    if answer.prepared:
        return
    headers = answer.headers
    headers["Muniment-Position"] = str(position)
    if age >= freshness.TOLD_SECONDS:
        headers["Muniment-Age"] = str(int(age))
    if not settled:
        headers["Muniment-Settled"] = "false"
    headers["X-Request-ID"] = echoed
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Server"] = "muniment"


def _position(progress: Progress, edge: Edge) -> int:
    """The position that was answered from: what a write reached, else the moment asked about, else now."""
    if progress.position is not None:
        return progress.position
    if progress.moment is not None:
        return progress.moment.view.position
    return progress.call.view.position if progress.call is not None else edge.replica.position
