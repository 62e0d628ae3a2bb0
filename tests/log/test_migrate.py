import asyncpg
import pytest

from service import errors
from service.log import connect, migrate
from tests import postgres
from tests.log.conftest import Log


async def test_migrating_again_does_nothing(log: Log) -> None:
    """A start on current tables changes nothing, and its status says so."""
    assert [] == await migrate.migrate(log.owner, log.schema, log.database.service_role)
    assert (await migrate.status(log.service, log.schema)).current


async def test_two_schemas_are_two_logs(log: Log) -> None:
    """No SQL names the schema: a second account in the same database has tables of its own."""
    other = await connect.connect(log.database.owner_dsn, 'Account "Two"', "migrate")
    assert ["0001_the_log", "0002_snapshot", "0003_token_use", "0004_span"] == await migrate.migrate(
        other, 'Account "Two"', log.database.service_role
    )
    accounts = {await one.fetchval("select account::text from log_head") for one in (log.owner, other)}
    await other.close()
    assert 2 == len(accounts)


async def test_missing_tables_are_named_with_the_command(database: postgres.Database) -> None:
    """A serving role that finds no tables says which command makes them, and cannot make them itself."""
    service = await connect.connect(database.service_dsn, "muniment", "check")
    assert not await migrate.owns(service, "muniment")
    with pytest.raises(errors.Broken, match=r"missing.*`muniment migrate`"):
        await migrate.require_current(service, "muniment")
    await service.close()


async def test_the_owner_may_migrate_an_empty_database(database: postgres.Database) -> None:
    """Where the service owns the database it needs no second role."""
    owner = await connect.connect(database.owner_dsn, "muniment", "migrate")
    assert await migrate.owns(owner, "muniment")
    await migrate.migrate(owner, "muniment", None)
    await migrate.require_current(owner, "muniment")
    await owner.close()


async def test_an_edited_migration_is_refused(log: Log) -> None:
    """What was applied is never edited: tables that other files made are not trusted."""
    await log.owner.execute("update migration set sha256 = sha256(sha256)")
    with pytest.raises(errors.Broken, match="edited"):
        await migrate.require_current(log.service, log.schema)
    with pytest.raises(errors.Broken, match="edited"):
        await migrate.migrate(log.owner, log.schema, None)


async def test_tables_of_a_later_release_are_refused(log: Log) -> None:
    """An older release does not write into tables that it does not know."""
    await log.owner.execute("insert into migration values (9999, '9999_later', '', now())")
    with pytest.raises(errors.Broken, match="later release"):
        await migrate.require_current(log.service, log.schema)


async def test_a_database_that_is_not_utf8_is_refused(postgres_server: postgres.Server) -> None:
    """The leaf hashes UTF-8 text, so a database that would translate it is refused before a table is made."""
    name = f"{postgres.PREFIX}latin1_{id(postgres_server)}"
    admin = await asyncpg.connect(postgres_server.owner_dsn)
    await admin.execute(f"create database \"{name}\" template template0 encoding 'LATIN1' locale 'C'")
    try:
        owner = await asyncpg.connect(postgres_server.owner_dsn, database=name)
        with pytest.raises(errors.Invalid, match="LATIN1"):
            await migrate.migrate(owner, "muniment", None)
        await owner.close()
    finally:
        await admin.close()
        postgres_server.drop(name)


@pytest.mark.parametrize("table", ["log", "checkpoint", "tile"])
@pytest.mark.parametrize("statement", ["update {} set {} = {}", "delete from {}", "truncate {}"])
async def test_the_record_is_append_only_for_its_owner(log: Log, table: str, statement: str) -> None:
    """Even the tables' owner changes nothing by a plain statement: the trigger refuses, with or without rows."""
    column = {"log": "kind", "checkpoint": "note", "tile": "hashes"}[table]
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await log.owner.execute(statement.format(table, column, column))


@pytest.mark.parametrize(
    "statement",
    [
        "update log set kind = kind",
        "delete from log",
        "truncate log",
        "delete from checkpoint",
        "update tile set level = level",
        "update log_head set account = account",
        "delete from log_head",
        "update vault set ciphertext = ciphertext",
        "update idempotency set status = 0",
        "delete from idempotency",
        "truncate trail",
        "insert into migration values (2, 'x', '', now())",
        "create table mine (a int)",
        "alter table log disable trigger all",
        "drop table log",
    ],
)
async def test_the_serving_role_has_no_more_than_it_needs(log: Log, statement: str) -> None:
    """What the service cannot do by right, nobody who takes it over can do."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await log.service.execute(statement)


@pytest.mark.parametrize(
    "change",
    [
        "position = position - 1, frontier = frontier",
        "recorded_at = recorded_at - interval '1 second'",
        "account = gen_random_uuid()",
        "key_check = 'another'",
    ],
)
async def test_the_head_never_goes_back(log: Log, change: str) -> None:
    """Not even the owner moves the head back, or gives the log to another account or key."""
    await log.owner.execute(
        "update log_head set position = 1, frontier = '\\x0000000000000001' || sha256('a'), key_check = 'one'"
    )
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await log.owner.execute(f"update log_head set {change}")  # noqa: S608  # a test's own text


async def test_there_is_one_head(log: Log) -> None:
    """A second head row would be a second order of events."""
    with pytest.raises(asyncpg.UniqueViolationError):
        await log.owner.execute("insert into log_head default values")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await log.owner.execute("delete from log_head")
