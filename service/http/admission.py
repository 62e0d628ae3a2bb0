"""Who is let in to which surface: the caller, the origin, how often they were told no, and how fresh the answer is."""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from projections.principals import Principal
from projections.view import View
from service import errors
from service.authorise import no_api_access
from service.commands.order import Caller
from service.http import (
    authenticate,
    freshness,
    limits,
    parameters,
    problems,
    rehearsals,
    requests,
)
from service.http.edge import PROGRESS, Call, Edge, Progress
from service.http.route import AtOnce, Route

STOPPED_RETRY_SECONDS: Final = 30
"""After which another replica, or this one restarted, may answer."""
_NOBODY: Final = Caller()


class Admission:
    """What stands before every surface. One for each application."""

    def __init__(self, edge: Edge) -> None:
        per_minute = edge.settings.denials_per_minute
        self.failures = limits.strangers(per_minute)
        self._edge = edge
        self.denials = limits.denials(per_minute)
        self._strangers = authenticate.Strangers(self.failures)
        self._heads = freshness.Heads()

    def admitting(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The route's surface behind its admission."""
        surface = route.surface.__module__.rpartition(".")[2]

        async def admitted(request: web.Request) -> web.StreamResponse:
            progress = request[PROGRESS]
            progress.surface = surface
            progress.body_bytes_max = route.body_bytes_max
            try:
                progress.call = call = await self._call(request, route, progress)
                answer = await route.surface(call)
                if route.rehearses:
                    rehearsals.tell_effects(call, answer)
                return answer
            except requests.Rehearsed as rehearsed:
                assert progress.call is not None, "only a call gives orders"
                return await rehearsals.answer(progress.call, rehearsed.outcomes)
            except errors.MunimentError as error:
                return self._refused(request, route, progress, error)

        return admitted

    def at_once(self, route: Route, answered: AtOnce) -> Callable[[web.Request], bytes | None]:
        """The same for a question under a token, where its surface need not wait, and neither does its admission.

        None where either has to; then nothing was done, and the request goes the way of all others. What such a route
        raises is for the frame to answer: it gives no orders, and tells nobody who was denied how often that was.
        """
        assert route.asks, "orders wait for their records"
        assert route.auth == "token", "what no token is asked for is not asked often"
        surface = route.surface.__module__.rpartition(".")[2]

        def admitted(request: web.Request) -> bytes | None:
            progress = request[PROGRESS]
            progress.surface = surface
            progress.body_bytes_max = route.body_bytes_max
            self._require_running(route, nobody=False)
            known = authenticate.remembered(self._edge, self._strangers, request)
            if known is None or not known[0].caller.api_access:
                return None
            progress.call = call = self._admitted(request, route, progress, *known)
            return answered(call)

        return admitted

    def _refused(
        self, request: web.Request, route: Route, progress: Progress, error: errors.MunimentError
    ) -> web.Response:
        """The answer to what a surface or its admission raised, or the error for the frame to answer."""
        if isinstance(error, errors.Forbidden):
            if route.changes and progress.call is not None:
                self.denials.spend(progress.call.caller.token or "")
            raise error
        if isinstance(
            error, (errors.Invalid, errors.NotFound, errors.Refused, errors.Stale, errors.Ambiguous)
        ):
            if progress.call is not None and not progress.call.caller.api_access:
                # An order that never came to the door: what is wrong with it would tell what there is.
                self.denials.spend(progress.call.caller.token or "")
                raise no_api_access() from error
            if isinstance(error, errors.NotFound) and not route.proxied:
                return problems.response(request, error, progress.id, gone=route.gone)
        raise error

    async def _call(self, request: web.Request, route: Route, progress: Progress) -> Call:
        edge = self._edge
        nobody = route.auth == "none" or (route.auth == "optional" and "Authorization" not in request.headers)
        self._require_running(route, nobody)
        if nobody:
            return self._made(request, route, progress, edge.replica.now())
        known = authenticate.remembered(edge, self._strangers, request)
        if known is None:
            known = await authenticate.caller(edge, self._strangers, request)
        if route.method == "GET":
            await self._heads.caught_up(edge)
            if (
                edge.replica.position != known[1].position
            ):  # it moved, and with it perhaps what the caller may
                known = await authenticate.caller(edge, self._strangers, request)
        return self._admitted(request, route, progress, *known)

    def _require_running(self, route: Route, nobody: bool) -> None:
        """Raise Unavailable where the replica has stopped.

        What it holds may be what another log says: whatever it answered would be about a now that is over.
        """
        if self._edge.replica.stopped and not (route.while_stopped and nobody):
            raise errors.Unavailable(
                f"This replica has stopped: {self._edge.replica.stopped}", STOPPED_RETRY_SECONDS
            )

    def _admitted(
        self,
        request: web.Request,
        route: Route,
        progress: Progress,
        known: authenticate.Known,
        view: View,
    ) -> Call:
        """The call of a known caller. Raises as `_require_admissible` does, and Invalid for an unclear dry run."""
        if known.expires_at is not None:
            progress.token_expires = authenticate.alert(known, view)
        if known.caller.token is not None:
            self._edge.uses.note(known.caller.token, view.instant)
        self._require_admissible(route, known.caller)
        return self._made(request, route, progress, view, known.caller, known.principal)

    def _made(
        self,
        request: web.Request,
        route: Route,
        progress: Progress,
        view: View,
        caller: Caller = _NOBODY,
        principal: Principal | None = None,
    ) -> Call:
        return Call(
            edge=self._edge,
            request=request,
            id=progress.id,
            caller=caller,
            view=view,
            progress=progress,
            principal=principal,
            dry_run=not route.proxied and _rehearses(request, route),
        )

    def _require_admissible(self, route: Route, caller: Caller) -> None:
        """Raise Unavailable, Throttled or Forbidden for what this caller gets no answer to now.

        An order of somebody without access to the API goes on to the door, which records the attempt.
        """
        if route.bounded:
            freshness.require_fresh(self._edge)
        if route.changes:
            self.denials.require(caller.token or "")
        elif not caller.api_access:
            raise no_api_access()


def _rehearses(request: web.Request, route: Route) -> bool:
    """Whether the request is to be tried only. Raises Invalid where that is not clear, or not offered."""
    if not request.query_string:
        return False
    query = request.query
    given = query.getall(parameters.DRY_RUN, [])
    return parameters.asked_to_rehearse(query, given, offered=route.rehearses)
