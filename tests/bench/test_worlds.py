"""A bench's world is a real log: nothing that reads logs can tell it from one that was lived through."""

from pathlib import Path

from projections import digest
from service import app
from service.commands.applications import CreateApplication
from service.commands.order import Caller
from service.log import connect, verify
from service.log.keys import Keys
from service.orders import Order
from service.vocabulary import ApplicationId
from tests import postgres
from tests.bench import worlds
from tests.bench.population import Shape

SMALL = Shape(users=40, teams=5, applications=12, changes=200)


async def test_a_world_verifies(database: postgres.Database) -> None:
    """Every text agrees with its leaf, tile, checkpoint, copies, keys and vault rows."""
    stored = await worlds.store(database, SMALL)
    connection = await connect.connect(database.service_dsn, worlds.SCHEMA, "verify")
    report = await verify.verify(connection, Keys.derived(worlds.MASTER), lambda _done, _all: None)
    await connection.close()
    assert () == tuple(report.findings)
    assert stored.head.position == report.positions


async def test_a_world_is_opened_and_written_to(database: postgres.Database, tmp_path: Path) -> None:
    """The service opens it, folds the same state as its records in memory, and appends behind it."""
    stored = await worlds.store(database, SMALL)
    async with app.opened(worlds.settings_of(database, tmp_path)) as opened:
        world, directory = worlds.folded(SMALL)
        assert stored.head.position == opened.replica.position == directory.position
        assert directory.principals.keys() == opened.replica.directory.principals.keys()
        ours, theirs = digest.parts(directory), digest.parts(opened.replica.directory)
        assert ours["applications"] == theirs["applications"]
        view = opened.replica.now()
        assert SMALL.applications == len(list(view.applications()))
        administrator = view.principal_with_email("admin@example.org")
        assert administrator is not None
        assert world.population.administrator == administrator.id
        made = CreateApplication(application=ApplicationId(opened.fresh.id()), name="One more")
        outcome = await opened.handler.handle(
            Order(command=made, caller=Caller(principal=administrator.id, token=administrator.tokens[0]))
        )
        assert stored.head.position + 2 == outcome.position


def test_the_same_seed_gives_the_same_people() -> None:
    """Two benches measure the same world."""
    first, _ = worlds.folded(SMALL)
    second, _ = worlds.folded(SMALL)
    assert first.population.users == second.population.users
    assert first.settled == second.settled


def test_a_world_has_as_many_records_as_it_was_asked_for() -> None:
    """A million means a million."""
    _, directory = worlds.folded(Shape(users=10, teams=3, applications=4, total=500))
    assert 500 == directory.position
