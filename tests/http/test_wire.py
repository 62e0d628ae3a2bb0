"""What no route ever sees: heads beyond the bounds, clients that take their time, and more of them than allowed."""

import asyncio
import contextlib
import resource
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from service.http import requests, wire
from service.http.edge import Call
from service.http.route import Route
from tests import postgres, service
from tests.service import ADMIN_TOKEN, Running

WAIT_SECONDS = 20.0


class Wire:
    """A connection that says what a test says, drop by drop."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = self._reader = reader
        self._writer = writer

    async def say(self, octets: bytes) -> None:
        self._writer.write(octets)
        await self._writer.drain()

    async def heard(self) -> bytes:
        """Everything until the service closes; empty also where it closed without a word."""
        async with asyncio.timeout(WAIT_SECONDS):
            try:
                return await self._reader.read()
            except ConnectionResetError:
                return b""

    async def answer(self) -> bytes:
        """One answer's head."""
        async with asyncio.timeout(WAIT_SECONDS):
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
            await self._reader.readexactly(int(length.split(b":")[1]))
            return head

    def close(self) -> None:
        self._writer.close()


async def spoken_to(port: int, stack: contextlib.AsyncExitStack) -> Wire:
    """A new connection to the port, closed with the test."""
    found = Wire(*await asyncio.open_connection("127.0.0.1", port))
    stack.callback(found.close)
    return found


@contextlib.asynccontextmanager
async def listening(
    running: Running,
    table: tuple[Route, ...] | None = None,
    *,
    connections_max: int = 1_000,
    **patience: float,
) -> AsyncIterator[int]:
    """The service once more, less patient and on a port of its own."""
    edge = service.edge_of(running.app)
    edge = msgspec.structs.replace(
        edge, settings=msgspec.structs.replace(edge.settings, connections_max=connections_max)
    )
    given = {} if table is None else {"table": table}
    runner = wire.runner(edge, patience=wire.Patience(**patience), shutdown_timeout=1.0, **given)
    await runner.setup()
    try:
        await web.SockSite(runner, socket.create_server(("127.0.0.1", 0))).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


HEAD = f"GET /user HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADMIN_TOKEN}\r\n".encode()


@pytest.mark.parametrize(
    ("octets", "sentence"),
    [
        (b"GET /user?q=" + b"x" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"longer than 8190 bytes"),
        (HEAD + b"X-Long: " + b"x" * 9_000 + b"\r\n\r\n", b"longer than 8190 bytes"),
        (HEAD + b"X" * 9_000 + b": x\r\n\r\n", b"longer than 8190 bytes"),
        (HEAD + b"X: x\r\n" * 101 + b"\r\n", b"more than 100 headers"),
    ],
)
async def test_a_head_beyond_the_bounds_is_refused(running: Running, octets: bytes, sentence: bytes) -> None:
    """431 in the one shape, and the connection ends: nothing collects a stranger's headers."""
    async with contextlib.AsyncExitStack() as stack:
        port = await stack.enter_async_context(listening(running))
        connection = await spoken_to(port, stack)
        await connection.say(octets)
        answer = await connection.heard()
        assert b" 431 " in answer.split(b"\r\n")[0], answer
        assert sentence in answer
        assert b"X-Request-ID: " in answer


async def test_a_head_that_comes_drop_by_drop_is_ended(running: Running) -> None:
    """However regular the drops: 408 once its time is over, for a first request and for a later one."""
    async with contextlib.AsyncExitStack() as stack:
        port = await stack.enter_async_context(listening(running, head=1.0))
        first = await spoken_to(port, stack)
        later = await spoken_to(port, stack)
        await later.say(HEAD + b"\r\n")
        assert (await later.answer()).startswith(b"HTTP/1.1 200 ")

        async def drops(connection: Wire) -> bytes:
            ended = asyncio.create_task(connection.heard())
            with contextlib.suppress(ConnectionError):
                for octet in HEAD:
                    await connection.say(bytes([octet]))
                    if (await asyncio.wait({ended}, timeout=0.1))[0]:
                        break
            return await ended

        for answer in await asyncio.gather(drops(first), drops(later)):
            assert answer.startswith(b"HTTP/1.1 408 "), answer
            assert b"Muniment-Position: " in answer
            assert answer.endswith(b'{"errors":["The request\'s head did not arrive within 1 s."]}')


async def test_who_connects_and_says_nothing_is_ended(running: Running) -> None:
    """A connection without a request is closed without a word, and one that is kept open after the idle time."""
    async with contextlib.AsyncExitStack() as stack:
        port = await stack.enter_async_context(listening(running, head=0.5, idle=3.0))
        silent = await spoken_to(port, stack)
        idle = await spoken_to(port, stack)
        await idle.say(HEAD + b"\r\n")
        assert (await idle.answer()).startswith(b"HTTP/1.1 200 ")
        assert b"" == await silent.heard()
        await idle.say(HEAD + b"\r\n")
        assert (await idle.answer()).startswith(b"HTTP/1.1 200 ")
        assert b"" == await idle.heard()


async def test_a_body_that_comes_drop_by_drop_is_ended(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """408, and the connection ends; nothing was recorded."""
    monkeypatch.setattr(requests, "BODY_SECONDS_MAX", 0.5)
    before = running.position
    async with contextlib.AsyncExitStack() as stack:
        port = await stack.enter_async_context(listening(running))
        connection = await spoken_to(port, stack)
        head = HEAD.replace(b"GET /user", b"POST /admin/teams")
        await connection.say(head + b"Content-Length: 10\r\nConnection: close\r\n\r\n{")
        answer = await connection.heard()
        assert answer.startswith(b"HTTP/1.1 408 "), answer
        assert b"The body did not arrive within 0.5 s." in answer
    assert before == running.position


async def test_a_request_that_takes_long_is_not_cut_short(running: Running) -> None:
    """The bounds are for clients: an answer that takes its time is waited for, whatever else arrives meanwhile."""

    async def slowly(_: Call) -> web.StreamResponse:
        await asyncio.sleep(2.5)
        return web.Response(text="done")

    table = (Route("GET", "/slowly", slowly, "slowly", auth="none"),)
    async with contextlib.AsyncExitStack() as stack:
        port = await stack.enter_async_context(listening(running, table, head=0.5))
        connection = await spoken_to(port, stack)
        await connection.say(b"GET /slowly HTTP/1.1\r\nHost: x\r\n\r\nGET /slo")
        await asyncio.sleep(1.0)
        await connection.say(b"wly HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = await connection.heard()
        assert 2 == answer.count(b"HTTP/1.1 200 ")


async def test_an_answer_that_nobody_takes_is_given_up(running: Running) -> None:
    """A client that asks for much and reads nothing holds no memory for longer than its patience."""

    async def much(_: Call) -> web.StreamResponse:
        return web.Response(body=b"x" * 16 * 1024 * 1024)

    table = (Route("GET", "/much", much, "much", auth="none"),)
    async with contextlib.AsyncExitStack() as stack:
        port = await stack.enter_async_context(listening(running, table, taking=1.0))
        connection = socket.create_connection(("127.0.0.1", port))
        stack.callback(connection.close)
        connection.sendall(b"GET /much HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(4.0)
        received = 0
        connection.settimeout(1.0)
        with contextlib.suppress(ConnectionResetError):
            while octets := connection.recv(1 << 20):
                received += len(octets)
        assert received < 16 * 1024 * 1024


async def test_connections_beyond_the_bound_are_told_to_come_again(
    database: postgres.Database, tmp_path: Path
) -> None:
    """503 with Retry-After while it is full, at once again when it is not; beyond that they are closed unheard."""
    async with service.running(database, tmp_path) as running, contextlib.AsyncExitStack() as stack:
        port = await stack.enter_async_context(listening(running, connections_max=3))
        held = [await spoken_to(port, stack) for _ in range(3)]
        for connection in held:
            await connection.say(HEAD + b"\r\n")
            assert (await connection.answer()).startswith(b"HTTP/1.1 200 ")
        surplus = await spoken_to(port, stack)
        await surplus.say(HEAD + b"\r\n")
        answer = await surplus.heard()
        assert answer.startswith(b"HTTP/1.1 503 "), answer
        assert b"Retry-After: 5\r\n" in answer
        assert b"Connection: close\r\n" in answer
        silent = [await spoken_to(port, stack) for _ in range(wire.SURPLUS_MAX)]
        unheard = await spoken_to(port, stack)
        assert b"" == await unheard.heard()
        for connection in (held[0], *silent):
            connection.close()
        for _ in range(100):
            again = await spoken_to(port, stack)
            await again.say(HEAD + b"Connection: close\r\n\r\n")
            if (await again.heard()).startswith(b"HTTP/1.1 200 "):
                return
            await asyncio.sleep(0.05)
        pytest.fail("there is room, and nobody is let in")


def test_connections_leave_files_for_everything_else() -> None:
    """The bound on connections fits what the system allows: file descriptors never run out."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    kept = wire.SURPLUS_MAX + wire.DESCRIPTORS_KEPT
    try:
        assert 10 == wire.descriptors_for(10)
        resource.setrlimit(resource.RLIMIT_NOFILE, (kept + 20, before[1]))
        assert 50 == wire.descriptors_for(50)
        assert kept + 50 == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        beyond = before[1] - kept + 1
        assert beyond - 1 == wire.descriptors_for(beyond)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
