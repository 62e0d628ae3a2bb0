"""History that a superuser rewrote without MUNIMENT_KEY: not served, not signed, and accepted by a person alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from service import app as composition
from service import data_directory, errors
from service.events.account import LogOpened
from service.log import connect, recorded, witness
from service.log.connect import Connection
from service.log.keys import Keys
from service.settings import from_environment
from tests import given, postgres
from tests.handling import doors
from tests.handling.test_door import roles_made
from tests.log import forging
from tests.service import settings


@asynccontextmanager
async def superuser(database: postgres.Database) -> AsyncIterator[Connection]:
    """A connection that no trigger stops."""
    connection = await connect.connect(database.owner_dsn, "muniment", "test")
    try:
        yield connection
    finally:
        await connection.close()


async def rewritten(database: postgres.Database) -> None:
    """An early record says something else, and everything in the database agrees with it."""
    async with superuser(database) as connection:
        await forging.rewrite(connection, 3, '"kind":"role.created"', '"kind": "role.created"')
        await connection.execute("delete from checkpoint")


async def signed(database: postgres.Database) -> list[int]:
    """The sizes of the checkpoints that there are."""
    async with superuser(database) as connection:
        return [row["size"] for row in await connection.fetch("select size from checkpoint order by size")]


async def test_a_rewritten_log_is_neither_served_nor_signed(database: postgres.Database, place: Path) -> None:
    """The forged root would be signed within a second of a start; the start is refused instead."""
    async with doors.opened(database, place, follow=True):
        pass
    await rewritten(database)
    with pytest.raises(errors.Broken, match="another one than when it was seen"):
        async with doors.opened(database, place, follow=True):
            pass
    assert [] == await signed(database)


async def test_history_rewritten_beneath_a_running_replica_stops_it(
    database: postgres.Database, place: Path
) -> None:
    """A replica signs only the tree that it grew itself, whatever the head says in between."""
    async with doors.opened(database, place, follow=True) as app:
        await doors.do(app, given.role(app.fresh, "role A"))
        async with asyncio.timeout(5):
            while not await signed(database) or (await signed(database))[-1] < app.replica.position:
                await asyncio.sleep(0.05)
        await rewritten(database)
        async with asyncio.timeout(5):
            while not app.replica.stopped:
                await asyncio.sleep(0.05)
        with pytest.raises(errors.Unavailable, match="stopped"):
            await doors.do(app, given.role(app.fresh, "role B"))
    assert [] == await signed(database)


async def test_what_waits_when_a_replica_stops_is_not_recorded(
    database: postgres.Database, place: Path
) -> None:
    """By what may be another log nothing more is decided, also of orders that were taken in before it was known."""
    async with doors.opened(database, place) as app, superuser(database) as holding:
        await doors.do(app, given.role(app.fresh, "role first"))
        await holding.execute("begin")
        await holding.fetchrow("select * from log_head for update")
        sent = asyncio.create_task(doors.do(app, given.role(app.fresh, "role sent")))
        while not app.handler.appending_seconds():
            await asyncio.sleep(0.01)
        waiting = asyncio.create_task(doors.do(app, given.role(app.fresh, "role waiting")))
        while not app.handler.waiting:
            await asyncio.sleep(0.01)
        app.replica.stopped = "The log has forked."
        await holding.execute("rollback")
        position = (await sent).position
        with pytest.raises(errors.Unavailable, match="The log has forked"):
            await waiting
    assert {"role first": position - 1, "role sent": position} == roles_made(await doors.log_of(database))


async def test_a_deleted_checkpoint_is_told_at_the_next_start(
    database: postgres.Database, place: Path
) -> None:
    """The log is what it was, so it is served and signed anew; whoever starts it learns that one is gone."""
    async with doors.opened(database, place, follow=True) as app:
        end = app.replica.position
    async with superuser(database) as connection:
        await connection.execute("set session_replication_role = replica")
        await connection.execute("delete from checkpoint")
    async with doors.opened(database, place, follow=True) as app:
        assert [f"Warning: {witness.gone(end, 0)}"] == app.notices
    assert [end] == await signed(database)


@pytest.mark.parametrize("key", ["", "22" * 32])
async def test_a_log_under_another_key_leaves_no_trace_here(
    database: postgres.Database, place: Path, key: str
) -> None:
    """A first start here would make a key, and a second one would believe it: the log is asked first."""
    data_dir = place / "new"
    environment = {
        "DATABASE_URL": database.service_dsn,
        "MUNIMENT_MIGRATE_URL": database.owner_dsn,
        "MUNIMENT_DATA_DIR": str(data_dir),
        **({"MUNIMENT_KEY": key} if key else {}),
    }
    chosen = from_environment(environment).settings
    sentence = "This log was opened under another key; set MUNIMENT_KEY to the one that opened it."
    with pytest.raises(errors.Broken) as failure:
        async with composition.opened(chosen, open_account=True, follow=True):
            pass
    assert sentence == failure.value.sentence
    assert not data_dir.exists()


async def test_a_log_that_names_another_signer_is_not_remembered(
    database: postgres.Database, place: Path
) -> None:
    """A forger's own verifier key in record 1 keeps the log from being served, and leaves no memory of it here."""
    async with superuser(database) as connection:
        entry = await connection.fetchval("select entry from log where position = 1")
        opened = recorded.decode(entry).data
        assert isinstance(opened, LogOpened)
        forger = Keys.derived(b"x" * 32).signer(opened.origin)
        await forging.rewrite(connection, 1, opened.verifier, forger.verifier)
        await connection.execute("delete from checkpoint")
    with pytest.raises(errors.Broken, match="another verifier key"):
        async with doors.opened(database, place / "new", follow=True):
            pass
    assert not data_directory.seen_file(settings(database, place / "new")).exists()


async def test_a_restoration_without_a_loss_takes_force(database: postgres.Database, place: Path) -> None:
    """Where everything that was seen is there, no service has reason to stop, and none is stopped by mistake."""
    async with doors.opened(database, place, follow=True):
        pass
    async with doors.opened(database, place, forked=True) as app:
        with pytest.raises(errors.Refused, match="Nothing is missing") as refusal:
            await composition.restored(app, "operator")
        assert "nothing_lost" == refusal.value.reason
    async with doors.opened(database, place, forked=True) as app:
        outcome = await composition.restored(app, "operator", force=True)
        event = outcome.records[0].data
        assert (0, 0) == (getattr(event, "lost_from", None), getattr(event, "lost_to", None))


async def test_a_rewritten_log_can_be_accepted_by_a_person(database: postgres.Database, place: Path) -> None:
    """It is said in the record how much was seen that is not what it was; then the log is served again."""
    async with doors.opened(database, place, follow=True) as app:
        end = app.replica.position
    await rewritten(database)
    async with doors.opened(database, place, forked=True) as app:
        outcome = await composition.restored(app, "operator")
    event = outcome.records[0].data
    assert (1, end) == (getattr(event, "lost_from", None), getattr(event, "lost_to", None))
    async with doors.opened(database, place, follow=True) as app:
        assert end + 1 == app.replica.position
        assert app.settings == settings(database, place)
