"""A database that was replaced by an older copy: never served unnoticed, and accepted only by a person."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from service import app as composition
from service import errors
from service.events.account import LogRestored
from tests import given, postgres
from tests.handling import doors
from tests.service import settings


async def write(database: postgres.Database, place: Path, *names: str) -> int:
    """Roles by these names, one after the other; the position reached."""
    async with doors.opened(database, place) as app:
        for name in names:
            await doors.do(app, given.role(app.fresh, name))
        return app.replica.position


async def quiet(database: postgres.Database) -> None:
    """Until nobody is connected, so that the database can be copied."""
    connection = await asyncpg.connect(database.owner_dsn.replace(database.name, "postgres"))
    try:
        for _ in range(100):
            if not await connection.fetchval(
                "select count(*) from pg_stat_activity where datname = $1", database.name
            ):
                return
            await asyncio.sleep(0.05)
    finally:
        await connection.close()


async def test_an_older_copy_is_refused_until_a_person_accepts_it(
    database: postgres.Database, make_database: doors.MakeDatabase, place: Path
) -> None:
    """What was seen from here and is missing keeps the service from opening; accepting it records what was lost."""
    kept = await write(database, place, "role kept")
    await quiet(database)
    older = make_database(template=database.name)
    lost_to = await write(database, place, "role lost 1", "role lost 2")
    with pytest.raises(errors.Broken, match="muniment restored"):
        async with doors.opened(older, place):
            pass
    async with doors.opened(older, place, forked=True) as app:
        before = app.replica.head
        outcome = await composition.restored(app, "operator", reason="the disk broke")
    assert before is not None
    event = outcome.records[0].data
    assert isinstance(event, LogRestored)
    assert (kept + 1, lost_to) == (event.lost_from, event.lost_to)
    assert before.epoch == event.epoch_before != event.epoch
    assert kept + 2 == await write(older, place, "role after")
    assert "log.restored" in [record.data.__struct_config__.tag for record in await doors.log_of(older)]


async def test_a_copy_that_grew_apart_is_refused(
    database: postgres.Database, make_database: doors.MakeDatabase, place: Path
) -> None:
    """As long as the one seen before, but another record at its end: a fork, and no better than a loss."""
    await write(database, place, "role kept")
    await quiet(database)
    copy = make_database(template=database.name)
    await write(database, place, "role here")
    await write(copy, place / "elsewhere", "role there")
    with pytest.raises(errors.Broken, match="another record"):
        async with doors.opened(copy, place):
            pass


async def test_the_newer_database_is_refused_after_a_restoration_was_accepted(
    database: postgres.Database, make_database: doors.MakeDatabase, place: Path
) -> None:
    """From then on the restored log is the log: going back to the other one is a second fork."""
    await write(database, place, "role kept")
    await quiet(database)
    older = make_database(template=database.name)
    await write(database, place, "role lost")
    async with doors.opened(older, place, forked=True) as app:
        await composition.restored(app, "operator")
    with pytest.raises(errors.Broken):
        async with doors.opened(database, place):
            pass


async def test_a_replica_on_the_old_epoch_stops(database: postgres.Database, place: Path) -> None:
    """A replica that was running through a restoration serves nothing and writes nothing any more, and says why."""
    async with (
        doors.opened(database, place / "old", follow=True) as old,
        doors.opened(database, place / "writer") as idle,
    ):
        async with doors.opened(database, place / "new", forked=True) as new:
            await composition.restored(new, "operator", force=True)
        async with asyncio.timeout(5):
            while not old.replica.stopped:
                await asyncio.sleep(0.02)
        assert not old.caught_up()
        for app in (old, idle):
            with pytest.raises(errors.Unavailable, match="epoch"):
                await doors.do(app, given.role(app.fresh, "role A"))
    assert "role.created" != (await doors.log_of(database))[-1].data.__struct_config__.tag


async def test_a_database_swapped_beneath_a_running_replica_stops_it(
    database: postgres.Database,
    make_database: doors.MakeDatabase,
    place: Path,
    postgres_server: postgres.Server,
) -> None:
    """A failover to a copy that lacks acknowledged records leaves no gap to see; the replica sees it all the same."""
    await write(database, place, "role kept")
    await quiet(database)
    older = make_database(template=database.name)
    async with doors.opened(database, place) as app:
        await doors.do(app, given.role(app.fresh, "role lost"))
        owner = await asyncpg.connect(postgres_server.owner_dsn)
        try:
            await owner.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", database.name
            )
            await owner.execute(f'alter database "{database.name}" rename to "{database.name}_away"')
            await owner.execute(f'alter database "{older.name}" rename to "{database.name}"')
        finally:
            await owner.close()
        with pytest.raises(errors.Unavailable):
            await doors.do(app, given.role(app.fresh, "role A"))
        assert "older copy" in app.replica.stopped
        with pytest.raises(errors.Unavailable, match="stopped"):
            await doors.do(app, given.role(app.fresh, "role A"))
    postgres_server.drop(f"{database.name}_away")


async def test_two_first_starts_at_once_open_one_account(
    make_database: doors.MakeDatabase, place: Path
) -> None:
    """Two replicas that start on the same empty database: one opens the account, the other one serves it."""
    other = make_database()
    chosen = [composition.opened(settings(other, place / name), open_account=True) for name in "ab"]
    apps = await asyncio.gather(*(one.__aenter__() for one in chosen))
    try:
        heads = {app.replica.head for app in apps}
        assert 1 == len(heads)
    finally:
        for one in chosen:
            await one.__aexit__(None, None, None)
    kinds = [record.data.__struct_config__.tag for record in await doors.log_of(other)]
    assert (1, 1) == (kinds.count("log.opened"), kinds.count("user.created"))
