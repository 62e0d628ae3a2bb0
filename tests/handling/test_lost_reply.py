"""The reply to an append is lost: the order is neither lost nor done twice, whenever Postgres came to it.

Between the service and Postgres stands a wire that cuts the append connection at a chosen moment.
"""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from service import errors
from service.app import App
from service.commands.order import Caller
from service.events.attempts import AttemptDenied
from tests import given, postgres
from tests.handling import doors
from tests.handling.test_door import roles_made
from tests.torture import proxy
from tests.torture.proxy import LATE_SECONDS, Cut, Wire


@asynccontextmanager
async def wired(database: postgres.Database, place: Path) -> AsyncIterator[tuple[App, Wire]]:
    """A replica whose every connection goes through a wire of the test's."""
    async with proxy.between(database.service_dsn) as (dsn, wire):
        through = postgres.Database(
            name=database.name,
            owner_dsn=database.owner_dsn,
            service_dsn=dsn,
            service_role=database.service_role,
        )
        async with doors.opened(through, place) as app:
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
