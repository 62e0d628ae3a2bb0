"""Where the application meets the network: what is no HTTP at all is answered in our own shape too.

aiohttp refuses such bytes before any route or middleware sees them, with a text of its own and a trace in the
log for every stranger who sends some. There is no public hook for that, so its protocol is extended here alone.
"""

from typing import Any

import structlog
from aiohttp import web

from service import errors
from service.http import edge as parts
from service.http import problems, routes, server
from service.http.edge import Edge
from service.http.route import Route

_log = structlog.get_logger("muniment.access")


def runner(edge: Edge, table: tuple[Route, ...] = routes.ROUTES, **options: Any) -> web.AppRunner:
    """What serves the application; options as for aiohttp's AppRunner. It logs its own lines (`server`)."""
    # Bodies stay as they were sent: a compressed one is refused by `requests`, so that no small one becomes large.
    options = {"access_log": None, "handle_signals": False, "auto_decompress": False, **options}
    return _Runner(server.application(edge, table), **options)


class _Runner(web.AppRunner):
    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(made, self.app[parts.EDGE])


class _Server(web.Server):
    """aiohttp's server, except that its connections speak `_Protocol`."""

    def __init__(self, made: web.Server, edge: Edge) -> None:
        super().__init__(
            made.request_handler,
            request_factory=made.request_factory,
            handler_cancellation=made.handler_cancellation,
            loop=made._loop,  # noqa: SLF001  # one server taken over whole by its extension
            **made._kwargs,  # noqa: SLF001  # as above
        )
        self.edge = edge

    def __call__(self) -> web.RequestHandler:
        return _Protocol(self, loop=self._loop, **self._kwargs)


class _Protocol(web.RequestHandler):
    """One connection."""

    __slots__ = ("_edge",)

    def __init__(self, manager: _Server, **options: Any) -> None:
        super().__init__(manager, **options)
        self._edge = manager.edge

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to bytes that could not be parsed; anything else stays aiohttp's, whose text says nothing."""
        if status != 400 or request.writer.output_size > 0:
            return super().handle_error(request, status, exc, message)
        identity = self._edge.fresh.id()
        refused = errors.Invalid("This is not a well-formed HTTP request.")
        answer = problems.response(request, refused, identity)
        server.complete(answer, identity, self._edge.replica.position)
        answer.force_close()
        _log.info("malformed", request=identity, fault=type(exc).__name__)
        return answer
