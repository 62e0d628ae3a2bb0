"""The tests' own databases: what they promise to whoever runs them beside real data."""

import asyncpg
import pytest

from tests import postgres


async def test_a_test_gets_an_empty_database_of_its_own(database: postgres.Database) -> None:
    """Whatever a test does, it does to nobody's data."""
    owner = await asyncpg.connect(database.owner_dsn)
    try:
        assert database.name == await owner.fetchval("select current_database()")
        assert database.name.startswith("muniment_test_")
        assert [] == await owner.fetch("select 1 from pg_tables where schemaname = 'public'")
        assert "UTF8" == await owner.fetchval("show server_encoding")
    finally:
        await owner.close()


async def test_the_serving_role_may_connect_and_nothing_more(database: postgres.Database) -> None:
    """A test that passes as the serving role passes because of a grant of ours."""
    serving = await asyncpg.connect(database.service_dsn)
    try:
        assert database.service_role == await serving.fetchval("select current_user")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await serving.execute("create table public.mine ()")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await serving.execute("create temporary table mine ()")
        assert not await serving.fetchval(
            "select rolsuper or rolcreatedb or rolcreaterole from pg_roles where rolname = current_user"
        )
    finally:
        await serving.close()


async def test_a_database_can_be_copied(
    postgres_server: postgres.Server, database: postgres.Database
) -> None:
    """A migrated database serves as the template of the next tests'."""
    owner = await asyncpg.connect(database.owner_dsn)
    await owner.execute("create table thing (); insert into thing default values")
    await owner.close()
    copy = postgres_server.create(template=database.name)
    try:
        connection = await asyncpg.connect(copy.owner_dsn)
        assert 1 == await connection.fetchval("select count(*) from thing")
        await connection.close()
    finally:
        postgres_server.drop(copy.name)


@pytest.mark.parametrize(
    "name", ["muniment", "postgres", "template1", 'muniment_test_x"; drop database "y', ""]
)
def test_what_the_tests_did_not_make_they_do_not_drop(postgres_server: postgres.Server, name: str) -> None:
    """A database with any other name is safe from the tests, whatever DATABASE_URL says."""
    with pytest.raises(AssertionError, match="Refused"):
        postgres_server.drop(name)


@pytest.mark.parametrize(
    ("dsn", "expected"),
    [
        ("postgresql://a:b@host:1/db", "postgresql://r:s@host:1/db"),
        ("postgresql://host/db?sslmode=require", "postgresql://r:s@host/db?sslmode=require"),
        ("postgresql:///db?host=/run&user=a&password=b", "postgresql:///db?host=/run&user=r&password=s"),
        ("postgresql://a:b@/db?host=/run", "postgresql://r:s@/db?host=/run"),
    ],
)
def test_the_role_of_an_address_is_exchanged(dsn: str, expected: str) -> None:
    """The serving role of the tests connects to the same server by the same way."""
    assert expected == postgres._with_role(dsn, "r", "s")
