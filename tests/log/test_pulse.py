"""A connection that fell silent is known by what its backend does, and one that merely waits is left alone."""

import asyncio
from collections.abc import Callable

import asyncpg
import pytest

from service import errors
from service.log import connect, pulse
from service.log.connect import Connection
from service.log.pulse import Pulse
from tests import postgres
from tests.torture import proxy


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "FIRST_SECONDS", 0.1)
    monkeypatch.setattr(pulse, "INTERVAL_SECONDS", 0.1)


def _feeling(database: postgres.Database) -> Pulse:
    async def connected() -> Connection:
        return await connect.connect(database.service_dsn, "public", "pulse")

    return Pulse(connected)


@pytest.mark.parametrize("swallowed", ["the statement", "the reply"])
async def test_a_statement_over_a_silent_connection_ends_as_lost(
    make_database: Callable[..., postgres.Database], swallowed: str
) -> None:
    """Whether the statement or its reply was swallowed, whoever waits learns within seconds that it is lost."""
    database = make_database()
    async with proxy.between(database.service_dsn) as (dsn, wire):
        connection = await connect.connect(dsn, "public", "test")
        statement = "select 1"
        if swallowed == "the statement":
            wire.silent = True
        else:
            statement = "select pg_sleep(0.3)"
            asyncio.get_running_loop().call_later(0.1, setattr, wire, "silent", True)

        async def ask() -> None:
            with _feeling(database).felt(connection):
                await connection.fetchval(statement)

        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)) as failure:
            await asyncio.wait_for(ask(), 5)
    assert connect.lost(failure.value)
    assert not isinstance(failure.value, TimeoutError)


async def test_a_backend_that_works_is_waited_for(make_database: Callable[..., postgres.Database]) -> None:
    """However long a statement takes, it is not given up while Postgres works on it, or waits for a lock for it."""
    database = make_database()
    owner = await asyncpg.connect(database.owner_dsn)
    connection = await connect.connect(database.service_dsn, "public", "test")
    await owner.execute("select pg_advisory_lock(1)")
    asyncio.get_running_loop().call_later(1.0, owner.terminate)
    with _feeling(database).felt(connection):
        await connection.fetchval("select pg_advisory_lock(1)")
        assert 1 == await connection.fetchval("select 1")
    await connection.close()


async def test_a_connection_that_rests_is_left_alone(make_database: Callable[..., postgres.Database]) -> None:
    """While a large batch is drafted nothing is asked of Postgres, and its idleness means nothing."""
    database = make_database()
    connection = await connect.connect(database.service_dsn, "public", "test")
    feeling = _feeling(database)
    with feeling.felt(connection):
        with feeling.resting(connection):
            await asyncio.sleep(1.0)
        assert 1 == await connection.fetchval("select 1")
    await connection.close()


async def test_a_connection_that_falls_silent_while_it_is_opened_is_given_up(
    make_database: Callable[..., postgres.Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever on the way it happens, whoever wanted the connection learns that there is none."""
    monkeypatch.setattr(connect, "OPEN_SECONDS_MAX", 0.5)
    async with proxy.between(make_database().service_dsn) as (dsn, wire):
        wire.delay_seconds = 0.1
        for before in (0.0, 0.15, 0.35, 0.45):
            asyncio.get_running_loop().call_later(before, setattr, wire, "silent", True)
            with pytest.raises(errors.Unavailable, match="did not answer within"):
                await asyncio.wait_for(connect.connect(dsn, "public", "test"), 5)
            wire.silent = False
