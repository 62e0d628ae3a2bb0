"""A running service for each test that asks."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests import postgres, service
from tests.service import Running


@pytest.fixture
def database(tables: str, make_database: Callable[..., postgres.Database]) -> postgres.Database:
    """A database with all tables, and nothing in them."""
    return make_database(template=tables)


@pytest.fixture
async def running(database: postgres.Database, tmp_path: Path) -> AsyncIterator[Running]:
    """The service on a fresh database, with the first Administrator's token known."""
    async with service.running(database, tmp_path) as started:
        yield started
