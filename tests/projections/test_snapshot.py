"""Starting from a snapshot yields what a replay yields; one that is not ours or not this log's is not used."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from projections import digest, rebuild, snapshot
from projections.directory import Directory
from service import snapshots
from service.app import App
from service.log import connect
from service.log.connect import Connection
from tests import given, postgres
from tests.handling import doors
from tests.handling.conftest import database as database  # noqa: PLC0414  # a fixture, used by name
from tests.handling.conftest import opened_account as opened_account  # noqa: PLC0414  # as above
from tests.handling.conftest import place as place  # noqa: PLC0414  # as above


async def take(app: App) -> snapshot.Header:
    """A snapshot of what the app holds now."""
    connection = await app.connected("test")
    try:
        return await snapshots.taken(connection, app.replica, app.upkeep.proven, app.release)
    finally:
        await connection.close()


@asynccontextmanager
async def superuser(database: postgres.Database) -> AsyncIterator[Connection]:
    """A connection that no trigger stops."""
    connection = await connect.connect(database.owner_dsn, "muniment", "test")
    try:
        yield connection
    finally:
        await connection.close()


async def replayed(app: App) -> Directory:
    """The log folded from record 1."""
    directory = Directory()
    connection = await app.connected("test")
    try:
        await rebuild.replay(connection, directory, app.replica.position, lambda _done, _all: None)
    finally:
        await connection.close()
    return directory


async def test_a_start_from_a_snapshot_is_a_replay(database: postgres.Database, place: Path) -> None:
    """State, people and answers are the same, for what lies below the snapshot and for what came after it."""
    async with doors.opened(database, place) as app:
        await doors.do(app, given.invite(app.fresh, "Sally"))
        header = await take(app)
        assert 0 == app.resumed_from
        await doors.do(app, given.invite(app.fresh, "Billy"))
        end = app.replica.position
    async with doors.opened(database, place) as app:
        assert (header.position, end, []) == (app.resumed_from, app.replica.position, app.notices)
        assert () == digest.differing(digest.parts(app.replica.directory), digest.parts(await replayed(app)))
        now = app.replica.now()
        for name in ("sally", "billy"):
            found = now.principal_with_email(f"{name}@example.org")
            assert found is not None
            assert [found] == now.principals_named(name)
        await doors.do(app, given.role(app.fresh, "after"))
