"""Appends through the door against single-row commits on one raw connection to the same server.

The raw side inserts one text of an entry's size into a plain table, one commit a row. Ours is the whole way:
authorised, decided, sealed, folded, hashed, appended, with the follower and the trail running as in the service.
The trail gives way to appends, so before each raw turn it is waited for: what ours left undone must not slow the raw
side. How much the wait would take off our rate is told in a line of its own.
"""

import asyncio
import functools
import itertools
import statistics
import time
from collections.abc import Awaitable, Callable

import asyncpg

from service import app
from service.commands import Command
from service.commands.applications import CreateApplication, EditApplication
from service.commands.order import Caller
from service.orders import Order
from service.vocabulary import ApplicationId
from tests.bench import worlds
from tests.bench.ground import Ground
from tests.bench.measure import Figure, in_turns, ratio

CALLERS = 64
_TURN_SECONDS = 0.5
_TURNS = 4
_SINGLE = 400
_BLOCK = 20
_LOOK_SECONDS = 0.02


class Raw:
    """One raw connection and its plain table."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]", text: str) -> None:
        self._connection = connection
        self._text = text
        self.trail = Trail(connection)

    async def commit(self) -> None:
        """One row, one commit."""
        await self._connection.execute("insert into raw_commits (entry) values ($1)", self._text)

    async def rate(self, seconds: float) -> float:
        """Commits a second, one after another."""
        done, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            await self.commit()
            done += 1
        return done / (time.perf_counter() - began)

    async def close(self) -> None:
        """Leave."""
        await self._connection.close()


async def raw_side(dsn: str, text: str) -> Raw:
    """A raw connection as the tables' owner, and an empty plain table beside the account's schema."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("create table if not exists public.raw_commits (entry text not null)")
    await connection.execute("set search_path to public")
    return Raw(connection, text)


class Door:
    """Orders for an opened account, by its first Administrator."""

    def __init__(self, opened: app.App) -> None:
        view = opened.replica.now()
        administrator = view.principal_with_email(opened.settings.admin_email)
        assert administrator is not None, "the account was opened with this address"
        self._app = opened
        self._caller = Caller(principal=administrator.id, token=administrator.tokens[0])
        self._numbers = itertools.count()
        self.edited: list[ApplicationId] = []
        self.orders = self.records = 0

    async def two_records(self, _caller: int) -> None:
        """An application is created and placed in the Default team."""
        number = next(self._numbers)
        made = CreateApplication(
            application=ApplicationId(self._app.fresh.id()), name=f"Application {number}"
        )
        await self._handle(made, 2)

    async def one_record(self, caller: int) -> None:
        """An application's main branch becomes another one."""
        edit = EditApplication(application=self.edited[caller], main_branch=f"branch-{next(self._numbers)}")
        await self._handle(edit, 1)

    async def prepare(self) -> None:
        """An application for each caller to edit."""
        for number in range(CALLERS):
            made = CreateApplication(application=ApplicationId(self._app.fresh.id()), name=f"Edited {number}")
            await self._handle(made, 2)
            self.edited.append(made.application)

    async def _handle(self, command: Command, records: int) -> None:
        outcome = await self._app.handler.handle(Order(command=command, caller=self._caller))
        assert records == len(outcome.records), "a command leaves exactly its records"
        self.orders += 1
        self.records += records


async def together(one: Callable[[int], Awaitable[None]], seconds: float) -> float:
    """Orders a second by all callers at once."""
    began = time.perf_counter()

    async def calls(caller: int) -> int:
        done = 0
        while time.perf_counter() - began < seconds:
            await one(caller)
            done += 1
        return done

    done = sum(await asyncio.gather(*(calls(caller) for caller in range(CALLERS))))
    return done / (time.perf_counter() - began)


class Trail:
    """Waits for the trail of a database, which a service writes behind its appends."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection

    async def caught_up(self) -> float:
        """Return once it has reached the log's head; the seconds that it took."""
        began = time.perf_counter()
        behind = (
            f"select h.position - t.position from {worlds.SCHEMA}.log_head h, {worlds.SCHEMA}.trail_head t"  # noqa: S608  # a constant
        )
        while await self._connection.fetchval(behind) > 0:
            await asyncio.sleep(_LOOK_SECONDS)
        return time.perf_counter() - began


async def alone(times: int, *sides: Callable[[], Awaitable[None]]) -> list[float]:
    """The median milliseconds of each side's calls, one after another, in turns of a few calls each."""
    taken: list[list[float]] = [[] for _ in sides]
    for _ in range(0, times, _BLOCK):
        for side, one in enumerate(sides):
            for _ in range(_BLOCK):
                began = time.perf_counter()
                await one()
                taken[side].append(time.perf_counter() - began)
    return [statistics.median(side) * 1_000 for side in taken]


async def figures(ground: Ground) -> list[Figure]:
    """64 callers with each command, and one caller alone."""
    database = ground.database()
    settings = worlds.settings_of(database, ground.directory / "appends")
    async with app.opened(settings, open_account=True, follow=True) as opened:
        door = Door(opened)
        before = opened.replica.position
        await door.prepare()
        raw = await raw_side(database.owner_dsn, "x" * await _entry_length(opened))
        seconds, times = ground.seconds(_TURN_SECONDS), ground.size(_SINGLE, 20)
        edit = functools.partial(door.one_record, 0)
        create = functools.partial(door.two_records, 0)
        sustained: list[float] = []

        async def ones() -> float:
            found = await together(door.one_record, seconds)
            sustained.append(found * seconds / (seconds + await raw.trail.caught_up()))
            return found

        async def twos() -> float:
            found = await together(door.two_records, seconds)
            await raw.trail.caught_up()
            return found

        try:
            turns = await in_turns(ground.rounds, lambda: raw.rate(seconds), ones, twos, turns=_TURNS)
            singles = [await alone(times, raw.commit, edit, create) for _ in range(ground.rounds)]
        finally:
            await raw.close()
        assert door.records == await _in_the_log(opened) - before, "the log holds what was acknowledged"
    rate, one, two = (list(side) for side in zip(*turns, strict=True))
    raw_ms, one_ms, two_ms = (list(side) for side in zip(*singles, strict=True))
    return [
        ratio("64 callers, orders that leave one record", rate, one, "/s", at_least=8),
        ratio("64 callers, orders that leave two records", rate, two, "/s", at_least=8),
        ratio("64 callers, records of those", rate, [2 * orders for orders in two], "/s"),
        ratio(
            "orders that leave one record, with the time until they are in the trail",
            rate,
            [statistics.mean(sustained[at : at + _TURNS]) for at in range(0, len(sustained), _TURNS)],
            "/s",
        ),
        ratio("one caller alone, one record: median", raw_ms, one_ms, "ms", at_most=2),
        ratio("one caller alone, two records: median", raw_ms, two_ms, "ms", at_most=2),
    ]


async def _entry_length(opened: app.App) -> int:
    connection = await opened.connected("bench")
    length = await connection.fetchval(
        "select avg(length(entry))::int from log where kind = 'application.created'"
    )
    await connection.close()
    return int(length)


async def _in_the_log(opened: app.App) -> int:
    connection = await opened.connected("bench")
    position = await connection.fetchval("select count(*) from log")
    await connection.close()
    return int(position)
