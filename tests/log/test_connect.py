"""Connections come and go without a trace: whatever is given up midway leaves nothing that asyncio complains of."""

import asyncio
import contextlib
import gc
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from service import errors
from service.log import connect
from tests import postgres

TURNS_MAX = 12
"""More turns of the event loop than connecting to a port of this machine takes."""


@pytest.mark.parametrize("turns", range(1, TURNS_MAX))
async def test_connecting_that_is_given_up_leaves_nothing_behind(turns: int) -> None:
    """A service that is stopped while it connects says nothing but its own words, whenever that happens."""
    complaints = _complaints()

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        task = asyncio.create_task(
            connect.connect(f"postgresql://nobody@127.0.0.1:{port}/none", "one", "read")
        )
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, errors.Unavailable):
            await task
        del task
        await _settled()
    assert [] == complaints


async def test_a_server_that_never_answers_does_not_hold_up_who_gave_up() -> None:
    """Connecting that was cancelled ends within the bound, also where nobody is at the other end."""

    async def keep_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(keep_silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        task = asyncio.create_task(
            connect.connect(f"postgresql://nobody@127.0.0.1:{port}/none", "one", "read")
        )
        await asyncio.sleep(0.05)
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert connect.CLOSE_SECONDS_MAX + 1 > time.monotonic() - began


async def test_a_cancelled_statement_is_no_obstacle_to_closing(database: postgres.Database) -> None:
    """A connection whose statement was cancelled closes soon and silently, over TCP too."""
    complaints = _complaints()
    async with _over_tcp(database.service_dsn) as target:
        connection = await connect.connect(target, "public", "read")
        task = asyncio.create_task(connection.execute("select pg_sleep(30)"))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        began = time.monotonic()
        await connect.close(connection)
        assert connect.CLOSE_SECONDS_MAX + 1 > time.monotonic() - began
        assert connection.is_closed()
        del task, connection
        await _settled()
    assert [] == complaints


def _complaints() -> list[str]:
    """What asyncio says from here on of failures that nobody looked at."""
    said = list[str]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(str(context)))
    return said


async def _settled() -> None:
    """Let every transport end, and every future that nobody holds be collected: only then asyncio complains."""
    await asyncio.sleep(0.05)
    gc.collect()
    await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def _over_tcp(dsn: str) -> AsyncIterator[dict[str, Any]]:
    """The same database at a port of this machine, where it listens on a Unix socket only."""
    parts = urlsplit(dsn)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    socket = query.get("host", "")
    if not socket.startswith("/"):
        yield {"dsn": dsn}
        return

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while octets := await reader.read(65_536):
                writer.write(octets)
        writer.close()

    async def through(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = query.get("port", "5432")
        inner_reader, inner_writer = await asyncio.open_unix_connection(f"{socket}/.s.PGSQL.{port}")
        await asyncio.gather(carry(reader, inner_writer), carry(inner_reader, writer))

    async with await asyncio.start_server(through, "127.0.0.1", 0) as server:
        yield {
            "host": "127.0.0.1",
            "port": server.sockets[0].getsockname()[1],
            "user": parts.username,
            "password": parts.password,
            "database": parts.path.lstrip("/"),
        }


async def test_a_task_that_takes_its_end_for_an_outage_is_ended() -> None:
    """A driver's failure may take the place of the cancellation; a stop must not wait for ever for it."""

    async def follow() -> None:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                outages.append(len(outages))
                if len(outages) > 1:
                    raise

    outages: list[int] = []
    task = asyncio.create_task(follow())
    await asyncio.sleep(0)
    await asyncio.wait_for(connect.end(task), 10)
    assert task.cancelled()
    assert [0, 1] == outages
