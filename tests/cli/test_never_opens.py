"""Commands that ask never open an account and never make a file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from service.log import connect, migrate
from tests import postgres
from tests.cli.conftest import Terminal

Seat = Callable[[postgres.Database | None], Terminal]
ASKING = (
    ("can", "sally", "contract_data:manage", "application:Baz"),
    ("why", "sally", "contract_data:manage", "application:Baz"),
    ("show", "role:Administrator"),
    ("audit",),
    ("rebuild", "--check"),
    ("invite", "Sally", "sally@example.org"),
    ("redeem", "AAAAA-AAAAA"),
    ("break-glass", "--email", "sally@example.org", "--yes"),
    ("restored", "--yes"),
)
PROVING = (("verify",), ("rebuild",))
"""They work on an empty log too: there is just nothing in it."""


def _ids(arguments: tuple[str, ...]) -> str:
    return arguments[0]


@pytest.mark.parametrize("arguments", ASKING, ids=_ids)
def test_on_an_empty_log_a_command_names_serve(
    seated: Seat, database: postgres.Database, arguments: tuple[str, ...]
) -> None:
    """Exit 2 with the command that opens an account; the log stays empty, and no directory appears."""
    postgres.run(_make_tables(database))
    terminal = seated(database)
    printed = terminal(*arguments)
    assert (2, "") == (printed.code, printed.out)
    assert "`muniment serve` opens one." in printed.err
    assert 0 == postgres.run(_position(database))
    assert not Path(terminal.environ["MUNIMENT_DATA_DIR"]).exists()


@pytest.mark.parametrize("arguments", [*ASKING, *PROVING, ("migrate", "--check")], ids=_ids)
def test_without_a_data_directory_nothing_is_made(seated: Seat, arguments: tuple[str, ...]) -> None:
    """Where there never was an account a command says so, and does not leave an embedded Postgres behind."""
    terminal = seated(None)
    printed = terminal(*arguments)
    assert (2, "") == (printed.code, printed.out)
    assert "`muniment serve` opens one" in printed.err
    assert not Path(terminal.environ["MUNIMENT_DATA_DIR"]).exists()


@pytest.mark.parametrize("arguments", [("config",), ("doctor",)], ids=_ids)
def test_commands_about_the_installation_make_nothing(seated: Seat, arguments: tuple[str, ...]) -> None:
    """Looking at settings and files has no effect on either."""
    terminal = seated(None)
    terminal(*arguments)
    assert not Path(terminal.environ["MUNIMENT_DATA_DIR"]).exists()


def test_asking_beside_a_foreign_database_makes_no_directory(terminal: Terminal) -> None:
    """With DATABASE_URL and MUNIMENT_KEY a question needs no data directory, and makes none."""
    assert 0 == terminal("can", "kevin", "contract_data:manage", "application:Baz").code
    assert not Path(terminal.environ["MUNIMENT_DATA_DIR"]).exists()


def test_tables_that_are_missing_name_migrate(seated: Seat, database: postgres.Database) -> None:
    """The serving role does not own the tables: exit 6, and the command that makes them."""
    printed = seated(database)("can", "sally", "contract_data:manage", "application:Baz")
    assert 6 == printed.code
    assert "`muniment migrate`" in printed.err


async def _make_tables(database: postgres.Database) -> None:
    connection = await connect.connect(database.owner_dsn, "public", "migrate")
    await migrate.migrate(connection, "muniment", database.service_role)
    await connection.close()


async def _position(database: postgres.Database) -> int:
    connection = await connect.connect(database.service_dsn, "muniment", "test")
    position: int = await connection.fetchval("select position from log_head")
    await connection.close()
    return position
