"""Fixtures for all tests. What they rest on, and what they refuse, is in tests/postgres.py."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # it comes without types

from service.log import connect, migrate
from tests import postgres

SCHEMA = "muniment"

TOLD_ONCE = frozenset({"tests/scenarios/test_planted_secret.py"})
"""Modules whose tests share one long story: one process tells it. xdist's own groups are lost in pytest 9.2."""


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # as above
    """Every test goes to whoever is free, but those of a story together."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return module if module in TOLD_ONCE else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Scheduling:
    """How the processes of one run share its tests."""
    return Scheduling(config, log)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """The server of this session's tests."""
    with postgres.server() as server:
        yield server


@pytest.fixture(scope="session")
def tables(postgres_server: postgres.Server) -> Iterator[str]:
    """The name of a database with every table and nothing in them: a copy of it is made faster than they are."""
    database = postgres_server.create()
    postgres.run(_migrated(database))
    yield database.name
    postgres_server.drop(database.name)


async def _migrated(database: postgres.Database) -> None:
    owner = await connect.connect(database.owner_dsn, SCHEMA, "migrate")
    try:
        await migrate.migrate(owner, SCHEMA, database.service_role)
    finally:
        await owner.close()
        await asyncio.sleep(0.1)  # Postgres may notice the farewell a moment later than we do


@pytest.fixture
def make_database(postgres_server: postgres.Server) -> Iterator[Callable[..., postgres.Database]]:
    """Makes as many fresh databases as a test needs: `make_database()`, `make_database(template=other.name)`."""
    made: list[str] = []

    def make(template: str | None = None) -> postgres.Database:
        database = postgres_server.create(template)
        made.append(database.name)
        return database

    yield make
    for name in made:
        postgres_server.drop(name)


@pytest.fixture
def database(
    make_database: Callable[..., postgres.Database], request: pytest.FixtureRequest
) -> postgres.Database:
    """A fresh database: empty, or a copy of the one that an indirect parameter names."""
    return make_database(template=getattr(request, "param", None))


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A place for an embedded server of the test's own, which the test leaves stopped."""
    above = postgres.open_directory()
    yield above / "data"
    shutil.rmtree(above)
