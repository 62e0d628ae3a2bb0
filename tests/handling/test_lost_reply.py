"""The reply to an append is lost: the order is neither lost nor done twice, whenever Postgres came to it.

Between the service and Postgres stands a wire that cuts the append connection at a chosen moment.
"""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

import pytest

from service import errors
from service.app import App
from service.commands.order import Caller
from service.events.attempts import AttemptDenied
from tests import given, postgres
from tests.handling import doors
from tests.handling.test_door import roles_made

Cut = Literal["before Postgres sees it", "after Postgres did it", "and Postgres does it late"]
LATE_SECONDS = 0.3
APPENDING = b"muniment/append"
STATEMENT_BYTES_MIN = 700
"""What an append sends is longer than anything else on its connection."""


class Wire:
    """Carries every connection to Postgres; `cut` says what befalls the next append."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self.cut: Cut | None = None
        self.at: Literal["append", "commit"] = "append"
        self.cuts = 0
        self._late: list[asyncio.Task[None]] = []

    async def carry(self, client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        if self._host.startswith("/"):
            server, forth = await asyncio.open_unix_connection(f"{self._host}/.s.PGSQL.{self._port}")
        else:
            server, forth = await asyncio.open_connection(self._host, self._port)
        replies = asyncio.create_task(self._replies(server, back))
        appending = False
        try:
            while octets := await client.read(65_536):
                appending = appending or APPENDING in octets
                if appending and self.cut is not None and self._chosen(octets):
                    cut, self.cut = self.cut, None
                    self.cuts += 1
                    await self._cut(cut, octets, server, forth, replies)
                    return
                forth.write(octets)
        finally:
            replies.cancel()
            back.close()
            if self._late:
                await asyncio.gather(*self._late)
            forth.close()

    def _chosen(self, octets: bytes) -> bool:
        return b"COMMIT;" in octets if self.at == "commit" else len(octets) > STATEMENT_BYTES_MIN

    async def _cut(
        self,
        cut: Cut,
        octets: bytes,
        server: asyncio.StreamReader,
        forth: asyncio.StreamWriter,
        replies: asyncio.Task[None],
    ) -> None:
        replies.cancel()
        await asyncio.sleep(0)
        match cut:
            case "before Postgres sees it":
                pass
            case "after Postgres did it":
                forth.write(octets)
                await server.read(1)
            case "and Postgres does it late":
                self._late.append(asyncio.create_task(self._send_late(octets, forth)))

    async def _send_late(self, octets: bytes, forth: asyncio.StreamWriter) -> None:
        await asyncio.sleep(LATE_SECONDS)
        forth.write(octets)
        await forth.drain()

    @staticmethod
    async def _replies(server: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        while octets := await server.read(65_536):
            back.write(octets)
        back.close()


@asynccontextmanager
async def wired(database: postgres.Database, place: Path) -> AsyncIterator[tuple[App, Wire]]:
    """A replica whose every connection goes through a wire of the test's."""
    parts = urlsplit(database.service_dsn)
    query = parse_qs(parts.query)
    host = query["host"][0] if "host" in query else parts.hostname or "127.0.0.1"
    port = int(query["port"][0]) if "port" in query else parts.port or 5432
    wire = Wire(host, port)
    listening = await asyncio.start_server(wire.carry, "127.0.0.1", 0)
    user = parts.netloc.rpartition("@")[0]
    address = listening.sockets[0].getsockname()
    dsn = f"postgresql://{user}@127.0.0.1:{address[1]}{parts.path}?sslmode=disable"
    through = postgres.Database(
        name=database.name, owner_dsn=database.owner_dsn, service_dsn=dsn, service_role=database.service_role
    )
    try:
        async with doors.opened(through, place) as app:
            yield app, wire
    finally:
        listening.close()


@pytest.mark.parametrize(
    "cut", ["before Postgres sees it", "after Postgres did it", "and Postgres does it late"]
)
@pytest.mark.parametrize("others", [0, 1], ids=["alone", "beside another replica"])
async def test_a_lost_reply_is_answered_from_the_log(
    database: postgres.Database, place: Path, cut: Cut, others: int
) -> None:
    """Every order is answered, without a key too, and is in the log exactly once at the position of its answer."""
    async with wired(database, place / "a") as (app, wire):
        await doors.do(app, given.role(app.fresh, "role first"))
        acknowledged = {"role first": app.replica.position}

        async def write(name: str) -> None:
            acknowledged[name] = (await doors.do(app, given.role(app.fresh, name))).position

        wire.cut = cut
        await asyncio.gather(*(write(f"role {n}") for n in range(8)))
        if others:
            async with doors.opened(database, place / "b") as other:
                acknowledged["role other"] = (
                    await doors.do(other, given.role(other.fresh, "role other"))
                ).position
        if cut == "and Postgres does it late":
            await asyncio.sleep(2 * LATE_SECONDS)
        await write("role last")
        assert 1 == wire.cuts
    assert acknowledged == roles_made(await doors.log_of(database))


@pytest.mark.parametrize("cut", ["before Postgres sees it", "after Postgres did it"])
async def test_a_lost_commit_of_the_fair_form_is_answered_from_the_log(
    database: postgres.Database, place: Path, cut: Cut
) -> None:
    """With the head locked the append is one statement and the commit another: losing the commit's reply is no loss."""
    async with wired(database, place / "a") as (app, wire):
        app.handler._fair_until = math.inf
        wire.cut, wire.at = cut, "commit"
        acknowledged = {"role 1": (await doors.do(app, given.role(app.fresh, "role 1"))).position}
        assert 1 == wire.cuts
    assert acknowledged == roles_made(await doors.log_of(database))


async def test_a_denial_whose_reply_was_lost_is_recorded_once(
    database: postgres.Database, place: Path
) -> None:
    """The record of an attempt is looked for like any other: a lost reply makes no second attempt of it."""
    async with wired(database, place) as (app, wire):
        robot = given.system_account(app.fresh, "robot")
        await doors.do(app, robot)
        wire.cut = "after Postgres did it"
        caller = Caller(principal=robot.new.id)
        with pytest.raises(errors.Forbidden):
            await app.handler.handle(doors.order(app, given.role(app.fresh, "x"), caller=caller))
        assert 1 == wire.cuts
    denied = [
        record.data for record in await doors.log_of(database) if isinstance(record.data, AttemptDenied)
    ]
    assert [1] == [denial.count for denial in denied]


@pytest.mark.slow
async def test_a_frozen_replica_holds_the_head_for_seconds_only(
    database: postgres.Database, place: Path
) -> None:
    """A process that stops with the head locked is thrown out by Postgres; whoever waited is answered, not refused."""
    async with doors.opened(database, place) as app:
        frozen = await app.connected("append")
        await frozen.execute("begin")
        await frozen.fetchrow("select * from log_head for update")
        acknowledged: dict[str, int] = {}

        async def write(name: str) -> None:
            acknowledged[name] = (await doors.do(app, given.role(app.fresh, name))).position

        await asyncio.gather(*(write(f"role {n}") for n in range(8)))
        frozen.terminate()
    assert acknowledged == roles_made(await doors.log_of(database))
