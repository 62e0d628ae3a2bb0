"""A receiver of webhooks on loopback: it keeps what it got, and answers as it is told.

async with receiver.listening() as there:
    there.answers = [500, 204]
    ... a webhook sends to there.url("/build")
    assert there.got[0].headers["Muniment-Attempt"] == "1"
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
from aiohttp import web
from multidict import CIMultiDictProxy

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Got(msgspec.Struct, frozen=True, kw_only=True):
    """One request, as it came."""

    method: str
    target: str
    """The path and the query, byte for byte."""
    headers: CIMultiDictProxy[str]
    body: bytes


class Receiver:
    """`answers` are given one after the other, then 200 for ever: a status, or whatever answers by itself."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.answers: list[int | Answering] = []
        self.port = 0
        self.scheme = "http"
        self._arrived = asyncio.Condition()

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        """Where it listens."""
        return f"{self.scheme}://{host}:{self.port}{path}"

    async def count(self, number: int, seconds: float = 30) -> list[Got]:
        """What it got, once that is so many."""
        async with asyncio.timeout(seconds), self._arrived:
            await self._arrived.wait_for(lambda: len(self.got) >= number)
        return list(self.got)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        one = Got(
            method=request.method,
            target=request.raw_path,
            headers=request.headers,
            body=await request.read(),
        )
        async with self._arrived:
            self.got.append(one)
            self._arrived.notify_all()
        answer = self.answers.pop(0) if self.answers else 200
        return web.Response(status=answer) if isinstance(answer, int) else await answer(request)


@contextlib.asynccontextmanager
async def listening(context: ssl.SSLContext | None = None, port: int = 0) -> AsyncIterator[Receiver]:
    """A receiver for as long as the context lasts, with TLS if there is a context for it."""
    receiver = Receiver()
    application = web.Application(client_max_size=16 * 1024 * 1024)
    application.router.add_route("*", "/{path:.*}", receiver.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=context)
        await site.start()
        receiver.port = runner.addresses[0][1]
        receiver.scheme = "http" if context is None else "https"
        yield receiver
    finally:
        await runner.cleanup()
