"""A log of its own for each test that asks: tables made by their owner, used by the serving role."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from service.log import connect, migrate
from service.log.connect import Connection
from tests import postgres

SCHEMA = "account_one"


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """A migrated schema with a connection of its owner and one of the serving role."""

    database: postgres.Database
    schema: str
    owner: Connection
    service: Connection


@pytest.fixture
async def log(database: postgres.Database) -> AsyncIterator[Log]:
    """An empty log."""
    owner = await connect.connect(database.owner_dsn, SCHEMA, "migrate")
    await migrate.migrate(owner, SCHEMA, database.service_role)
    service = await connect.connect(database.service_dsn, SCHEMA, "append")
    yield Log(database=database, schema=SCHEMA, owner=owner, service=service)
    await service.close()
    await owner.close()
