"""`verify`, `rebuild` and `restored`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from service.log import connect
from service.log.connect import Connection
from tests import postgres
from tests.cli.conftest import Terminal


def test_a_sound_record(terminal: Terminal) -> None:
    """Exit 0 with the number of records and the root; --json for programs."""
    printed = terminal("verify", "--json")
    assert 0 == printed.code
    assert {"sound", "positions", "root", "checkpoints", "findings"} == set(printed.json)
    assert (True, []) == (printed.json["sound"], printed.json["findings"])
    assert 64 == len(printed.json["root"])


@pytest.mark.parametrize(
    ("what", "change", "where"),
    [
        (
            "leaf",
            "entry = replace(entry, 'Demo cleaner', 'Demo Cleaner')",
            "kind = 'role.created' and entry like '%Demo cleaner%'",
        ),
        ("copy", "kind = 'role.renamed'", "kind = 'integration.deleted'"),
    ],
)
def test_a_row_that_was_edited_is_named(writing: Terminal, what: str, change: str, where: str) -> None:
    """Whoever owns the database edits a row: exit 6 and the first position that disagrees."""
    position = postgres.run(_tamper(writing, change, where))
    printed = writing("verify", "--json")
    assert 6 == printed.code
    assert (what, position) in [(one["what"], one["position"]) for one in printed.json["findings"]]
    assert f"{what} at position {position}: " in writing("verify").out


def test_replays_give_the_same_state(terminal: Terminal) -> None:
    """Folded once, or folded, taken back and folded again: one digest, the same each time."""
    first, second = (terminal("rebuild", "--check", "--json") for _ in range(2))
    assert (0, True, []) == (first.code, first.json["same"], first.json["differing"])
    assert 64 == len(first.json["digest"])
    assert first.json == second.json


def test_the_trail_is_rebuilt(writing: Terminal) -> None:
    """Search tables that were emptied hold the same again."""
    before = writing("audit", "--outcome", "denied", "--json").json["events"]
    postgres.run(_execute(writing, "delete from trail_touch", "delete from trail"))
    assert [] == writing("audit", "--outcome", "denied", "--json").json["events"]
    assert 0 == writing("rebuild").code
    assert before == writing("audit", "--outcome", "denied", "--json").json["events"]
    assert 0 == writing("verify").code


def test_a_restored_log_begins_a_new_epoch(writing: Terminal) -> None:
    """A person says so, with a reason, and the record holds it."""
    before = postgres.run(_epoch(writing))
    assert 0 == writing("restored", "--yes", "--reason", "The disk died").code
    assert before != postgres.run(_epoch(writing))
    event = writing("audit", "--kind", "log.restored", "--json").json["events"][0]
    assert ("console", "The disk died") == (event["actor"]["kind"], event["reason"])
    assert 0 == writing("verify").code


async def _tamper(terminal: Terminal, change: str, where: str) -> int:
    """Change a row as the tables' owner, past the triggers. Returns its position."""
    async with _connected(terminal.database.owner_dsn) as connection:
        await connection.execute("set session_replication_role = replica")
        position: int = await connection.fetchval(f"update log set {change} where {where} returning position")  # noqa: S608  # Our own words.
        return position


async def _execute(terminal: Terminal, *statements: str) -> None:
    async with _connected(terminal.database.service_dsn) as connection:
        for statement in statements:
            await connection.execute(statement)


async def _epoch(terminal: Terminal) -> str:
    async with _connected(terminal.database.service_dsn) as connection:
        return str(await connection.fetchval("select epoch from log_head"))


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[Connection]:
    connection = await connect.connect(dsn, "muniment", "test")
    try:
        yield connection
    finally:
        await connection.close()
