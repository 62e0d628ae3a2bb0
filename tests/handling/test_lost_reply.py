"""The reply to an append is lost: the order is neither lost nor done twice, whenever Postgres came to it.

Between the service and Postgres stands a wire that cuts the append connection at a chosen moment.
"""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from service import errors, handling
from service.app import App
from service.commands.order import Caller
from service.events.attempts import AttemptDenied
from service.log import connect
from tests import given, postgres
from tests.handling import doors
from tests.handling.test_door import roles_made
from tests.torture.proxy import LATE_SECONDS, Cut, Wire


@asynccontextmanager
async def wired(database: postgres.Database, place: Path) -> AsyncIterator[tuple[App, Wire]]:
    """A replica whose every connection goes through a wire of the test's."""
    async with doors.behind_a_wire(database) as (through, wire), doors.opened(through, place) as app:
        yield app, wire


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


async def test_a_lost_append_that_is_found_under_the_lock_is_not_made_again(
    database: postgres.Database, place: Path
) -> None:
    """What Postgres did while the fair form waited for the lock is the answer, however long that wait was."""
    async with doors.opened(database, place) as app:
        await doors.do(app, given.role(app.fresh, "role first"))
        before = await app.connected("test")
        await before.execute("begin")
        await before.fetchrow("select * from log_head for update")
        order = asyncio.create_task(doors.do(app, given.role(app.fresh, "role 1")))
        await _waiting_for_the_head(database, 1)
        app.handler._fair_until = math.inf
        _cut_off(app)
        await _waiting_for_the_head(database, 2)
        app.handler._fair_until = 0.0  # the wait took longer than the fair form lasts
        await before.execute("rollback")
        outcome = await order
        await connect.close(before)
    made = roles_made(await doors.log_of(database))
    assert outcome.position == made["role 1"]
    assert ["role first", "role 1"] == list(made)


async def test_who_did_not_fit_into_the_second_draft_is_not_told_that_nothing_was_done(
    database: postgres.Database, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both orders were sent once, and Postgres may still come to that: neither is certainly not done."""
    async with doors.opened(database, place) as app:
        await doors.do(app, given.role(app.fresh, "role first"))
        before = await app.connected("test")
        await before.execute("begin")
        await before.fetchrow("select * from log_head for update")
        orders = [asyncio.create_task(doors.do(app, given.role(app.fresh, f"role {n}"))) for n in range(2)]
        await _waiting_for_the_head(database, 1)
        monkeypatch.setattr(handling, "BATCH_RECORDS_MAX", 1)
        _cut_off(app)
        await _waiting_for_the_head(database, 2)

        async def away() -> connect.Connection:
            raise errors.Unavailable("The database is away.")

        connected = app.handler._connected
        monkeypatch.setattr(handling, "RECOVERY_SECONDS_MAX", 0.1)
        monkeypatch.setattr(app.handler, "_connected", away)
        _cut_off(app)
        told = await asyncio.gather(*orders, return_exceptions=True)
        monkeypatch.setattr(app.handler, "_connected", connected)
        await before.execute("rollback")
        await connect.close(before)
        await doors.do(app, given.role(app.fresh, "role last"))
    assert [errors.OutcomeUnknown] * 2 == [type(answer) for answer in told]
    assert ["role first", "role 0", "role 1", "role last"] == list(roles_made(await doors.log_of(database)))


def _cut_off(app: App) -> None:
    """End the connection over which an append waits; its backend hears of it once it did what it was told."""
    appending = app.handler._connection
    assert appending is not None
    appending.terminate()


async def _waiting_for_the_head(database: postgres.Database, appending: int) -> None:
    """Return once so many appends, or locks before one, wait for somebody else's transaction."""
    connection = await asyncpg.connect(database.owner_dsn)
    try:
        async with asyncio.timeout(10):
            while appending != await connection.fetchval(
                "select count(*) from pg_stat_activity where datname = current_database()"
                " and application_name = 'muniment/append' and wait_event_type = 'Lock'"
            ):
                await asyncio.sleep(0.02)
    finally:
        await connection.close()


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
