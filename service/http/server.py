"""The HTTP application: every route of the table behind one frame that admits, answers for errors, and logs.

The frame is the only place that knows request ids, tokens and error shapes, so no surface can forget them.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aiohttp import web

from service import errors
from service.authorise import no_api_access
from service.commands.order import Caller
from service.http import audit, authenticate, freshness, index, limits, problems, requests, routes, wellformed
from service.http import edge as parts
from service.http.edge import Call, Edge
from service.http.route import Route
from service.queries import moments

STOPPED_RETRY_SECONDS: Final = 30
"""After which another replica, or this one restarted, may answer."""
_log = structlog.get_logger("muniment.access")
_STRANGERS: Final = web.AppKey("strangers", authenticate.Strangers)
_DENIALS: Final = web.AppKey("denials", limits.Buckets)
_HEADS: Final = web.AppKey("heads", freshness.Heads)
_REQUEST_ID: Final = web.RequestKey("request_id", str)
_SURFACE: Final = web.RequestKey("surface", str)
_Next = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(edge: Edge, table: tuple[Route, ...] = routes.ROUTES) -> web.Application:
    """The application over the parts of a running service."""
    app = web.Application(middlewares=[_frame])
    app[parts.EDGE] = edge
    app[parts.PATHS] = index.served_paths([route.path for route in table])
    app[_DENIALS] = limits.denials(edge.settings.denials_per_minute)
    app[parts.FAILURES] = limits.strangers(edge.settings.denials_per_minute)
    app[_STRANGERS] = authenticate.Strangers(app[parts.FAILURES])
    app[_HEADS] = freshness.Heads()
    app[audit.READINGS] = audit.Readings()
    for route in table:
        app.router.add_route(route.method, route.path, _admitting(route))
        if route.method == "GET":
            app.router.add_route("HEAD", route.path, _admitting(route))
    return app


@web.middleware
async def _frame(request: web.Request, handler: _Next) -> web.StreamResponse:
    """Around every request, whatever its path: its id, its answer's headers, its line in the log."""
    edge = request.app[parts.EDGE]
    started = time.monotonic()
    request[_REQUEST_ID] = identity = authenticate.request_id(edge, request)
    try:
        wellformed.require_clean(request)
        answer = await handler(request)
    except Exception as error:  # noqa: BLE001  # the last frame before the wire: everything becomes an answer
        answer = problems.response(request, error, identity)
    moment = request.get(parts.MOMENT)
    settled, age = moment is None or moment.settled, edge.vigil.age_seconds()
    complete(answer, identity, _position(request, edge), settled=settled, age=age)
    if edge.vigil.stopping:
        answer.force_close()  # who keeps the connection would lose the next request on it
    seconds = time.monotonic() - started
    surface = request.get(_SURFACE, "none")
    edge.answered(surface, request.method, answer.status, seconds)
    parent = authenticate.traceparent(request)
    if parent is not None and not answer.prepared:
        answer.headers["traceparent"] = parent[1]
    # Probes that find all well come every second or two, and would hide everything else.
    tell = _log.debug if surface == "health" and answer.status == 200 else _log.info
    tell(
        "request",
        method=request.method,
        path=request.rel_url.raw_path,  # without the query, which may hold an e-mail address
        status=answer.status,
        milliseconds=round(seconds * 1000, 1),
        request=identity,
        principal=call.caller.principal if (call := request.get(parts.CALL)) else None,
        **({"trace": parent["trace"]} if parent is not None else {}),
    )
    return answer


def _admitting(route: Route) -> _Next:
    """The route's surface behind its admission."""
    surface = route.surface.__module__.rpartition(".")[2]

    async def admitted(request: web.Request) -> web.StreamResponse:
        edge = request.app[parts.EDGE]
        request[_SURFACE] = surface
        request[requests.BODY_LIMIT] = route.body_bytes_max
        call = None
        try:
            request[parts.CALL] = call = await _call(edge, request, route)
            return await route.surface(call)
        except errors.Forbidden:
            if route.changes and call is not None:
                request.app[_DENIALS].spend(call.caller.token or "")
            raise
        except errors.NotFound as error:
            return problems.response(request, error, request[_REQUEST_ID], gone=route.gone)

    return admitted


async def _call(edge: Edge, request: web.Request, route: Route) -> Call:
    identity = request[_REQUEST_ID]
    origin = authenticate.origin(edge, request, identity)
    nobody = route.auth == "none" or (route.auth == "optional" and "Authorization" not in request.headers)
    if edge.replica.stopped and not (route.while_stopped and nobody):
        # What it holds may be what another log says: whatever it answered would be about a now that is over.
        raise errors.Unavailable(f"This replica has stopped: {edge.replica.stopped}", STOPPED_RETRY_SECONDS)
    if nobody:
        return Call(
            edge=edge,
            request=request,
            id=identity,
            caller=Caller(),
            origin=origin,
            view=edge.replica.now(),
        )
    caller, principal, view = await authenticate.caller(
        edge, request.app[_STRANGERS], request, origin.address
    )
    if route.method == "GET":
        await request.app[_HEADS].caught_up(edge)
        if edge.replica.position != view.position:  # it moved, and with it perhaps what the caller may
            caller, principal, view = await authenticate.caller(
                edge, request.app[_STRANGERS], request, origin.address
            )
    if route.bounded:
        freshness.require_fresh(edge)
    if route.changes:
        request.app[_DENIALS].require(caller.token or "")
    elif not caller.api_access:
        raise no_api_access()
    return Call(
        edge=edge, request=request, id=identity, caller=caller, origin=origin, view=view, principal=principal
    )


def complete(
    answer: web.StreamResponse, identity: str, position: int, *, settled: bool = True, age: float = 0.0
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
    headers["X-Request-ID"] = identity
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Server"] = "muniment"


def _position(request: web.Request, edge: Edge) -> int:
    """The position that was answered from: what a write reached, else the moment asked about, else now."""
    reached: int | None = request.get(parts.POSITION)
    if reached is not None:
        return reached
    moment: moments.Moment | None = request.get(parts.MOMENT)
    if moment is not None:
        return moment.view.position
    call: Call | None = request.get(parts.CALL)
    return call.view.position if call is not None else edge.replica.position
