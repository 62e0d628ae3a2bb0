"""What stands beside the decision point: `aiohttp`, a bare handler, and `ceiling`, a protocol that does not even read.

The bare handler decodes the same body with msgspec, as a fair peer would, and answers a constant: what the library
costs alone. The ceiling answers every request that arrives with the same bytes: what wrk and the connection can do.
"""

import asyncio
import importlib
import sys
from typing import Any, cast

import msgspec
from aiohttp import web

ANSWER = b'{"decision":true}'
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class Subject(msgspec.Struct):
    """Who asks, in a question of AuthZEN."""

    type: str
    id: str


class Action(msgspec.Struct):
    """What to do."""

    name: str


class Question(msgspec.Struct):
    """The body of an evaluation, as far as a constant needs it."""

    subject: Subject
    action: Action
    resource: Subject


_DECODER = msgspec.json.Decoder(Question)


async def decided(request: web.Request) -> web.Response:
    """Read the body, decode it, and answer always the same."""
    _DECODER.decode(await request.read())
    return web.Response(body=ANSWER, content_type="application/json")


class Ceiling(asyncio.Protocol):
    """One connection of a client that has one request under way at a time, as wrk's have."""

    _answer = _HEAD % len(ANSWER) + ANSWER
    _transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:  # noqa: ARG002  # not to read it is what this is for
        self._transport.write(self._answer)


def fast_loop() -> Any:
    """A uvloop where it is installed, as in the service; else None."""
    try:
        return importlib.import_module("uvloop").new_event_loop
    except ImportError:
        return None


async def _served(side: str, port: int) -> None:
    if side == "aiohttp":
        application = web.Application()
        application.router.add_post("/access/v1/evaluation", decided)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
    else:
        await asyncio.get_running_loop().create_server(Ceiling, "127.0.0.1", port)
    await asyncio.Event().wait()  # until it is ended from outside


def main() -> None:
    """Serve a side on a port: the two arguments."""
    with asyncio.Runner(loop_factory=fast_loop()) as runner:
        runner.run(_served(sys.argv[1], int(sys.argv[2])))


if __name__ == "__main__":
    main()
