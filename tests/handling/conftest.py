"""An account that is open already, copied for each test: opening one takes longer than most tests."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from service import app as composition
from tests import postgres
from tests.service import settings


@pytest.fixture(scope="session")
def opened_account(
    postgres_server: postgres.Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The name of a database that holds an open account, to which nobody is connected."""
    database = postgres_server.create()

    async def open_it() -> None:
        chosen = settings(database, tmp_path_factory.mktemp("opening"))
        async with composition.opened(chosen, open_account=True):
            pass
        await asyncio.sleep(0.1)  # Postgres may notice the farewells a moment later than we do

    postgres.run(open_it())
    yield database.name
    postgres_server.drop(database.name)


@pytest.fixture
def database(opened_account: str, make_database: Callable[..., postgres.Database]) -> postgres.Database:
    """A database with an open account."""
    return make_database(template=opened_account)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A data directory without an embedded server."""
    return tmp_path
