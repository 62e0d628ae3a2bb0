"""The operators' port: metrics and probes on a socket of its own, from before the replay until after the last request.

It is plain HTTP and asks nobody who they are: what it says is about the service, never about anybody in it.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from service.app import App
from service.metrics import Metrics
from service.tls import Certificate

LAG_EVERY_SECONDS: Final = 0.25
"""How often the event loop is measured. A stall is seen with its length, whenever it falls."""
CONNECTIONS_MAX: Final = 64
"""At once; further ones are closed unheard. They live on the open files that clients' connections leave over."""
CONNECTION_SECONDS_MAX: Final = 10.0
"""For how long a connection may live, which carries one request: who says nothing keeps nobody else away."""


class Operations:
    """What the port answers with. `watch` an application once there is one; until then it is alive and not ready."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self._app: App | None = None

    def watch(self, app: App, certificate: Certificate | None, start_seconds: float) -> None:
        """Speak of this application, which took so long to start, from here on."""
        self.metrics.watch(app, certificate, start_seconds)
        self._app = app

    @contextlib.asynccontextmanager
    async def answering(self, listening: socket.socket) -> AsyncIterator[None]:
        """Answer on the socket for as long as the context lasts."""
        site = web.Application(middlewares=[_one_request])
        site.add_routes(
            [
                web.get("/metrics", self._metrics),
                web.get("/healthz", self._alive),
                web.get("/readyz", self._ready),
            ]
        )
        runner = web.AppRunner(site, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await runner.setup()
        lag = asyncio.create_task(self._measured(), name="muniment loop lag")
        server = await asyncio.get_running_loop().create_server(lambda: _admitted(runner), sock=listening)
        try:
            yield
        finally:
            lag.cancel()
            server.close()
            await runner.cleanup()

    async def _metrics(self, request: web.Request) -> web.Response:
        content, content_type = await self.metrics.text(request.headers.get("Accept", ""))
        return web.Response(body=content, headers={"Content-Type": content_type})

    async def _alive(self, _request: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def _ready(self, _request: web.Request) -> web.Response:
        """200, or 503 with the sentence why requests should not be sent here."""
        why_not = self._app.vigil.why_not() if self._app else "The log is being replayed."
        return web.json_response({"ready": not why_not, "sentence": why_not}, status=503 if why_not else 200)

    async def _measured(self) -> None:
        while True:
            asked = time.monotonic() + LAG_EVERY_SECONDS
            await asyncio.sleep(LAG_EVERY_SECONDS)
            self.metrics.loop_lag.observe(max(0.0, time.monotonic() - asked))


class _Unheard(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport), "a listening socket yields nothing else"
        transport.abort()


def _admitted(runner: web.AppRunner) -> asyncio.Protocol:
    """What speaks on the next connection, and for how long."""
    assert runner.server is not None, "the runner is set up before it is asked"
    if len(runner.server.connections) >= CONNECTIONS_MAX:
        return _Unheard()
    speaking = runner.server()

    def end() -> None:
        if speaking.transport is not None:
            speaking.transport.abort()

    asyncio.get_running_loop().call_later(CONNECTION_SECONDS_MAX, end)
    return speaking


@web.middleware
async def _one_request(request: web.Request, handler: Handler) -> web.StreamResponse:
    answer = await handler(request)
    answer.force_close()
    return answer
