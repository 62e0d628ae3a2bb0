"""Orders through the real door on real Postgres, and what the log then holds."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import msgspec

from service import app as composition
from service.app import App
from service.commands import Command
from service.commands.order import Caller
from service.log import merkle, recorded
from service.log.recorded import Recorded
from service.orders import Order, Outcome
from service.vocabulary import PrincipalId
from tests import postgres
from tests.service import ADMIN_TOKEN, settings
from tests.torture import proxy
from tests.torture.proxy import Wire

MakeDatabase = Callable[..., postgres.Database]


@asynccontextmanager
async def opened(database: postgres.Database, place: Path, **more: object) -> AsyncIterator[App]:
    """One replica of the account in the database."""
    async with composition.opened(settings(database, place), **more) as app:  # type: ignore[arg-type]  # passed on as they are
        yield app


@asynccontextmanager
async def behind_a_wire(database: postgres.Database) -> AsyncIterator[tuple[postgres.Database, Wire]]:
    """The database as a service sees it whose every connection goes through a wire of the test's."""
    async with proxy.between(database.service_dsn) as (dsn, wire):
        through = postgres.Database(
            name=database.name,
            owner_dsn=database.owner_dsn,
            service_dsn=dsn,
            service_role=database.service_role,
        )
        yield through, wire


def kevin(app: App) -> PrincipalId:
    """The first Administrator."""
    token = app.replica.now().token_with_digest(app.keys.token_digest(ADMIN_TOKEN))
    assert token is not None
    return token.principal


def order(app: App, command: Command, key: str = "", body: bytes = b"", **more: object) -> Order:
    """An order of the first Administrator's."""
    given = Order(
        command=command,
        caller=Caller(principal=kevin(app)),
        idempotency_key=key,
        fingerprint=body or key.encode(),
    )
    return msgspec.structs.replace(given, **more)


async def do(app: App, command: Command, key: str = "", body: bytes = b"", **more: object) -> Outcome:
    return await app.handler.handle(order(app, command, key, body, **more))


async def log_of(database: postgres.Database) -> list[Recorded]:
    """Every record as it is stored, after seeing that positions are gapless, times rise and leaves agree."""
    connection = await asyncpg.connect(database.owner_dsn)
    try:
        rows = await connection.fetch("select position, entry, leaf from muniment.log order by position")
    finally:
        await connection.close()
    records = [recorded.decode(row["entry"]) for row in rows]
    assert list(range(1, len(rows) + 1)) == [row["position"] for row in rows]
    assert [row["position"] for row in rows] == [record.position for record in records]
    assert [merkle.leaf_hash(row["entry"].encode()) for row in rows] == [row["leaf"] for row in rows]
    times = [record.recorded_at for record in records]
    assert sorted(set(times)) == times
    assert len({record.id for record in records}) == len(records)
    return records


async def cut_appending(database: postgres.Database) -> int:
    """End the connections over which anybody appends, as a failover or an impatient operator does; how many."""
    connection = await asyncpg.connect(database.service_dsn)
    try:
        return len(
            await connection.fetch(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and application_name = 'muniment/append'"
            )
        )
    finally:
        await connection.close()
