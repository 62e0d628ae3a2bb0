"""A stop loses nothing: what is in flight is answered and recorded, and nobody is sent where nobody listens."""

import asyncio
import http.client
import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from service.http import wire
from tests import postgres, service
from tests.cli.test_serve import Served, environ, served

SECONDS_MAX = 20.0


def ops_port(running: Served) -> int:
    """The operators' port, as the line says that the service logs when it is ready."""
    line = next(line for line in running.said.splitlines() if '"event": "ready"' in line)
    return int(json.loads(line)["ops_port"])


def asked(port: int, path: str, headers: dict[str, str] | None = None) -> tuple[int, str, Any]:
    """(status, text, headers) of one GET on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers
    finally:
        connection.close()


@contextmanager
def held_up(database: postgres.Database) -> Iterator[None]:
    """While it lasts no append is committed: somebody else holds the log's head."""
    holding, let_go = threading.Event(), threading.Event()

    async def hold() -> None:
        connection = await asyncpg.connect(database.service_dsn)
        async with connection.transaction():
            await connection.execute("select 1 from muniment.log_head for update")
            holding.set()
            while not let_go.is_set():
                await asyncio.sleep(0.02)
        await connection.close()

    holder = threading.Thread(target=lambda: asyncio.run(hold()))
    holder.start()
    assert holding.wait(SECONDS_MAX)
    try:
        yield
    finally:
        let_go.set()
        holder.join()


def until(true: Any) -> None:
    deadline = time.monotonic() + SECONDS_MAX
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_write_in_flight_is_answered_and_recorded(database: postgres.Database, tmp_path: Path) -> None:
    """SIGTERM while Postgres has the append: nothing new is accepted, and the caller gets the answer, 201."""
    ours = environ(tmp_path / "data", database, MUNIMENT_ADMIN_TOKEN=service.ADMIN_TOKEN)
    with served(ours) as running:
        port = urlsplit(running.ready()).port or 0
        flight = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS_MAX)
        with held_up(database):
            flight.request(
                "POST",
                "/pacticipants",
                b'{"name": "In flight"}',
                {"Authorization": f"Bearer {service.ADMIN_TOKEN}", "Content-Type": "application/json"},
            )
            time.sleep(0.5)  # the request is with the writer
            running.process.send_signal(signal.SIGTERM)
            until(lambda: refuses(port))
            assert running.process.poll() is None
        answer = flight.getresponse()
        assert (201, "close") == (answer.status, answer.headers["Connection"])
        position = int(answer.headers["Muniment-Position"])
        running.process.communicate(timeout=SECONDS_MAX)
        assert 0 == running.process.returncode
    assert ["application.created"] == [
        kind for at, kind in kinds(database).items() if at <= position and kind.startswith("application.")
    ]


def test_a_request_that_is_still_being_sent_is_finished(database: postgres.Database, tmp_path: Path) -> None:
    """SIGTERM in the middle of a body: the rest is read, and the caller is answered 201, not made to wait for a 408.

    Who only keeps a connection meanwhile is let go, and so is who opened one and said nothing.
    """
    ours = environ(tmp_path / "data", database, MUNIMENT_ADMIN_TOKEN=service.ADMIN_TOKEN)
    body = b'{"name": "In flight"}'
    head = (
        f"POST /pacticipants HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {service.ADMIN_TOKEN}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with served(ours) as running:
        port = urlsplit(running.ready()).port or 0
        sending, keeping, silent = (
            socket.create_connection(("127.0.0.1", port), timeout=SECONDS_MAX) for _ in range(3)
        )
        with sending, keeping, silent:
            sending.sendall(head.encode() + body[:5])
            keeping.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert keeping.recv(65536).startswith(b"HTTP/1.1 200 ")
            running.process.send_signal(signal.SIGTERM)
            assert (b"", b"") == (keeping.recv(65536), silent.recv(65536))
            assert running.process.poll() is None
            sending.sendall(body[5:])
            assert sending.recv(65536).startswith(b"HTTP/1.1 201 ")
        running.process.communicate(timeout=SECONDS_MAX)
        assert 0 == running.process.returncode


async def test_what_is_on_its_way_when_the_service_ends_is_answered(
    database: postgres.Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next request on a kept connection, sent before anybody could know, is answered: no reset, and then closed."""
    monkeypatch.setattr(wire, "PARTING_SECONDS", SECONDS_MAX)
    async with service.running(database, tmp_path / "data") as running:
        runner = wire.runner(service.edge_of(running.app), shutdown_timeout=SECONDS_MAX)
        await runner.setup()
        listening = socket.create_server(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        await wire.Site(runner, listening).start()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b'{"ok":true}')
        running.app.vigil.stopping = True
        ending = asyncio.create_task(runner.cleanup())
        while not await asyncio.to_thread(refuses, port):
            await asyncio.sleep(0.02)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        async with asyncio.timeout(SECONDS_MAX):
            last = await reader.read()
            await ending
        writer.close()
    assert last.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nConnection: close\r\n" in last


def kinds(database: postgres.Database) -> dict[int, str]:
    async def read() -> dict[int, str]:
        connection = await asyncpg.connect(database.owner_dsn)
        try:
            return {
                row["position"]: row["kind"]
                for row in await connection.fetch("select position, kind from muniment.log")
            }
        finally:
            await connection.close()

    return asyncio.run(read())


def test_the_drain(database: postgres.Database, tmp_path: Path) -> None:
    """From SIGTERM on /readyz is 503 on both ports and connections are let go; requests are answered until the end.

    Ctrl-C cuts the drain short.
    """
    ours = environ(
        tmp_path / "data",
        database,
        MUNIMENT_ADMIN_TOKEN=service.ADMIN_TOKEN,
        MUNIMENT_OPS_PORT="0",
        SHUTDOWN_DRAIN_SECONDS="3600",
    )
    with served(ours) as running:
        port = urlsplit(running.ready()).port or 0
        ops = ops_port(running)
        assert [200, 200] == [asked(one, "/readyz")[0] for one in (port, ops)]
        kept = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        kept.request("GET", "/healthz")
        first = kept.getresponse()
        first.read()
        assert not first.will_close
        running.process.send_signal(signal.SIGTERM)
        until(lambda: asked(ops, "/readyz")[0] == 503)
        status, text, _ = asked(port, "/readyz")
        assert 503 == status
        assert "shutting down" in text
        assert 200 == asked(ops, "/healthz")[0]
        kept.request("GET", "/user", headers={"Authorization": f"Bearer {service.ADMIN_TOKEN}"})
        last = kept.getresponse()
        assert (200, "close") == (last.status, last.headers["Connection"])
        kept.close()
        assert 0 == running.stop(signal.SIGINT)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_without_a_wish_to_drain_the_end_is_at_once(
    database: postgres.Database, tmp_path: Path, number: int
) -> None:
    """Nobody at a terminal waits for a load balancer, and neither does a service that was told of none."""
    drain = {"SHUTDOWN_DRAIN_SECONDS": "3600"} if number == signal.SIGINT else {}
    with served(environ(tmp_path / "data", database, **drain)) as running:
        running.ready()
        assert 0 == running.stop(number)
