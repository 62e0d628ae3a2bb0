"""Where the application meets the network: what no route ever sees is bounded and answered here.

Bytes that are no HTTP, heads beyond the bounds, clients that send theirs drop by drop or never take their answer, and
more connections than are allowed. aiohttp answers the first in a text of its own, with a trace in the log for every
stranger, and has no bound on the others; there is no public hook for that, so its protocol is extended here alone.
"""

import asyncio
import resource
from typing import Any, Final, cast

import msgspec
import structlog
from aiohttp import http_exceptions, web

from service import errors
from service.http import at_once, problems, routes, server
from service.http import edge as parts
from service.http.edge import Edge
from service.http.route import Route

LINE_BYTES_MAX: Final = 8_190
"""Of the request line, and of each header."""
HEADERS_MAX: Final = 100
SURPLUS_MAX: Final = 64
"""Connections beyond the bound that are told so before they are closed; further ones are closed unheard."""
DESCRIPTORS_KEPT: Final = 128
"""Open files that connections leave for everything else: Postgres, the log, the embedded server's lock."""
BACKLOG: Final = 512
"""Connections that the system may accept on the service's behalf before it has looked."""
FULL_RETRY_SECONDS: Final = 5
SWEEP_SECONDS: Final = 1.0
PARTING_SECONDS: Final = 0.2
"""For how long a service that ends goes on answering on connections that are open: what is on its way was sent before
anybody could know. Beyond it those on which there is no request are closed."""
_PARTING_LOOK_SECONDS: Final = 0.02
_log = structlog.get_logger("muniment.access")


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How many seconds a connection may take. A body has `requests.BODY_SECONDS_MAX`."""

    head: float = 10.0
    """From a request's first byte, or from the connection's beginning, to the end of its head."""
    idle: float = 75.0
    """Between two requests: longer than proxies keep a connection, so that it is they who close."""
    taking: float = 30.0
    """While the client takes nothing of its answer."""


_PATIENCE: Final = Patience()


def runner(
    edge: Edge, table: tuple[Route, ...] = routes.ROUTES, patience: Patience = _PATIENCE, **options: Any
) -> web.AppRunner:
    """What serves the application; options as for aiohttp's AppRunner. It logs its own lines (`server`)."""
    options = {
        "access_log": None,
        "handle_signals": False,
        # Bodies stay as they were sent: a compressed one is refused by `requests`, so that no small one becomes large.
        "auto_decompress": False,
        "keepalive_timeout": patience.idle,
        "max_line_size": LINE_BYTES_MAX,
        "max_field_size": LINE_BYTES_MAX,
        "max_headers": HEADERS_MAX,
        **options,
    }
    return _Runner(server.application(edge, table), patience, **options)


class Site(web.SockSite):
    """A listening socket. TLS has to be agreed upon in the time that a head has; aiohttp leaves a minute for it."""

    async def start(self) -> None:
        await web.BaseSite.start(self)
        runner = cast("_Runner", self._runner)
        assert runner.server is not None, "the runner is set up before it has a site"
        self._server = await asyncio.get_running_loop().create_server(
            runner.server,
            sock=self._sock,
            ssl=self._ssl_context,
            ssl_handshake_timeout=runner.patience.head if self._ssl_context else None,
            backlog=BACKLOG,
        )


class _Runner(web.AppRunner):
    def __init__(self, app: web.Application, patience: Patience, **options: Any) -> None:
        super().__init__(app, **options)
        self.patience = patience

    async def cleanup(self) -> None:
        """Accept nothing new, finish what is in flight within `shutdown_timeout`, and end what is left.

        aiohttp alone would no longer read what is sent from here on, so a body that is still arriving would be lost.
        """
        for site in list(self.sites):
            await site.stop()
        if isinstance(self.server, _Server):
            await self.server.parted(self._shutdown_timeout)
            self._shutdown_timeout = min(self._shutdown_timeout, 1.0)
        await super().cleanup()

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(made, self.app, self.patience)


class _Server(web.Server):
    """aiohttp's server, except that its connections speak `_Protocol` and are counted and swept."""

    def __init__(self, made: web.Server, app: web.Application, patience: Patience) -> None:
        super().__init__(
            made.request_handler,
            request_factory=made.request_factory,
            handler_cancellation=made.handler_cancellation,
            loop=made._loop,  # noqa: SLF001  # one server taken over whole by its extension
            **made._kwargs,  # noqa: SLF001  # as above
        )
        self.edge = app[parts.EDGE]
        self.at_once = app[at_once.AT_ONCE]
        self.patience = patience
        self.connections_max = descriptors_for(self.edge.settings.connections_max)
        self._full = False
        self._sweeping: asyncio.TimerHandle | None = None

    def __call__(self) -> web.RequestHandler:
        return _Protocol(self, loop=self._loop, **self._kwargs)

    def open(self) -> int:
        """How many connections there are."""
        return len(self._connections)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        if self._sweeping is None:
            self._sweeping = self._loop.call_later(SWEEP_SECONDS, self._sweep)

    def full(self) -> bool:
        """Whether the bound on connections is passed. Said in the log once until there is room again."""
        full = self.open() > self.connections_max
        if full and not self._full:
            _log.warning("connections full", most=self.connections_max)
        self._full = full
        return full

    async def parted(self, seconds: float) -> None:
        """Wait until no connection is open, for so many seconds at most. Those without a request are closed."""
        began = self._loop.time()
        while self._connections and (spent := self._loop.time() - began) < seconds:
            if spent >= PARTING_SECONDS:
                for connection in self.connections:
                    cast("_Protocol", connection).part()
            await asyncio.sleep(_PARTING_LOOK_SECONDS)

    def _sweep(self) -> None:
        """Close who took too long. A look at each connection a second costs less than a timer for each request."""
        self._sweeping = None
        now = self._loop.time()
        for connection in self.connections:
            cast("_Protocol", connection).swept(now)
        if self._connections:
            self._sweeping = self._loop.call_later(SWEEP_SECONDS, self._sweep)


class _Protocol(at_once.Connection):
    """One connection."""

    __slots__ = ("_began", "_edge", "_heard", "_server", "_surplus", "_taken")

    def __init__(self, manager: _Server, **options: Any) -> None:
        super().__init__(manager, manager.at_once, **options)
        self._server = manager
        self._edge = manager.edge
        self._surplus = False
        self._heard = False
        self._began: float | None = manager._loop.time()  # noqa: SLF001  # the loop that aiohttp itself goes by
        """When the head that is arriving began; None while none is awaited, or a request is under way."""
        self._taken: tuple[int, float] = (0, 0.0)
        """What the client had not taken of its answers, and since when it is as much."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._server.open() >= self._server.connections_max + SURPLUS_MAX:
            cast("asyncio.Transport", transport).abort()
            return
        super().connection_made(transport)
        self._surplus = self._server.full()

    def data_received(self, data: bytes) -> None:
        if self._surplus:
            full = errors.Unavailable("Too many connections are open; nothing was done.", FULL_RETRY_SECONDS)
            self._end(full, "connection refused")
            return
        self._heard = True
        if self.heard(data):
            self._began = None
        elif self._waiter is not None and not self._waiter.done():  # no head is whole yet
            self._began = self._began or self._loop.time()
        elif self._request_count:
            self._began = None

    def part(self) -> None:
        """Close this connection unless a request is under way on it, or has begun to arrive."""
        waits = self._waiter is not None and not self._waiter.done()
        if waits and (self._began is None or not self._heard):
            self.force_close()

    def swept(self, now: float) -> None:
        """End this connection where its client took longer than it may."""
        if self.transport is None:
            return
        patience = self._server.patience
        waiting = self.transport.get_write_buffer_size()
        if waiting == 0 or waiting < self._taken[0]:
            self._taken = (waiting, now)
        elif waiting > self._taken[0]:
            self._taken = (waiting, self._taken[1] or now)
        if waiting and now - self._taken[1] > patience.taking:
            _log.info("answer not taken", octets=waiting)
            self.transport.abort()
        elif self._began is not None and now - self._began > patience.head:
            if self._heard:
                late = problems.Unfit(408, f"The request's head did not arrive within {patience.head:g} s.")
                self._end(late, "head late")
            else:
                self.force_close()

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
        answer = problems.response(request, _unparsed(exc), identity)
        answer.headers.update(server.headers_of(identity, self._edge.replica.position))
        answer.force_close()
        _log.info("malformed", request=identity, fault=type(exc).__name__)
        return answer

    def _end(self, error: Exception, event: str) -> None:
        """Answer what is no request yet, and close."""
        if self.transport is None:
            return
        identity = self._edge.fresh.id()
        answer = problems.response(None, error, identity)
        answer.headers.update(server.headers_of(identity, self._edge.replica.position))
        _log.info(event, request=identity, status=answer.status)
        self.transport.write(_written(answer))
        self.force_close()


def descriptors_for(connections: int) -> int:
    """How many connections this process can have open, at most `connections`: its bound on files is raised to fit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + SURPLUS_MAX + DESCRIPTORS_KEPT
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return connections
    possible = max(1, soft - SURPLUS_MAX - DESCRIPTORS_KEPT)
    _log.warning("fewer connections than set", most=possible, asked=connections, open_files_max=soft)
    return possible


def _unparsed(fault: BaseException | None) -> Exception:
    if isinstance(fault, http_exceptions.LineTooLong):
        return problems.Unfit(431, f"The address or a header is longer than {LINE_BYTES_MAX} bytes.")
    if isinstance(fault, http_exceptions.BadHttpMessage) and fault.message.startswith("Too many headers"):
        return problems.Unfit(431, f"There are more than {HEADERS_MAX} headers.")
    return errors.Invalid("This is not a well-formed HTTP request.")


def _written(answer: web.Response) -> bytes:
    """An answer as bytes, for a connection on which there is no request to answer it to."""
    body = answer.body
    assert isinstance(body, bytes), "errors are answered with bytes"
    headers = {**answer.headers, "Content-Length": str(len(body)), "Connection": "close"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {answer.status} {answer.reason}\r\n{lines}\r\n".encode() + body
