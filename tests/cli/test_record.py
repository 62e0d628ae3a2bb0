"""`verify`, `rebuild` and `restored`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from service.log import connect
from service.log.connect import Connection
from tests import postgres
from tests.cli.conftest import Terminal
from tests.log import forging


def test_a_sound_record(terminal: Terminal) -> None:
    """Exit 0 with the number of records and the root; --json for programs."""
    printed = terminal("verify", "--json")
    assert 0 == printed.code
    assert {"sound", "positions", "records", "root", "checkpoints", "findings"} == set(printed.json)
    assert (True, []) == (printed.json["sound"], printed.json["findings"])
    assert 64 == len(printed.json["root"])
    assert printed.json["positions"] == printed.json["records"]


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


def test_only_what_was_read_counts_as_verified(writing: Terminal) -> None:
    """A record that is gone was not verified: the count is of the rows that were there, not of the head's position."""
    before = writing("verify", "--json").json
    postgres.run(_remove(writing, 3))
    after = writing("verify", "--json").json
    assert before["positions"] == after["positions"]
    assert before["records"] - 1 == after["records"]
    assert f"Verified {after['records']} records and " in writing("verify").err


def test_a_text_that_is_no_record_is_named_by_its_position(writing: Terminal) -> None:
    """Junk beyond the head stops a replay; the sentence names where it stands and the command that tells more."""
    postgres.run(_add_junk(writing, 99_999_999))
    printed = writing("show", "role:Viewer")
    assert (6, "") == (printed.code, printed.out)
    assert "position 99999999 is not a record" in printed.err
    assert "`muniment verify`" in printed.err
    assert "head at position 99999999: " in writing("verify").out


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
    assert 0 == writing("restored", "--yes", "--force", "--reason", "The disk died").code
    assert before != postgres.run(_epoch(writing))
    event = writing("audit", "--kind", "log.restored", "--json").json["events"][0]
    assert ("console", "The disk died") == (event["actor"]["kind"], event["reason"])
    assert 0 == writing("verify").code


@pytest.mark.parametrize("seen", [False, True])
def test_a_healthy_log_is_not_restored_by_mistake(writing: Terminal, seen: bool) -> None:
    """A new epoch stops every service, so it takes a loss that this machine can see, or --force; exit 4 otherwise."""
    if seen:
        assert 0 == writing("audit", "--limit", "1").code
    before = postgres.run(_epoch(writing))
    printed = writing("restored", "--yes")
    assert (4, "") == (printed.code, printed.out)
    assert ("Nothing is missing" if seen else "has not seen the log") in printed.err
    assert "--force" in printed.err
    assert before == postgres.run(_epoch(writing))
    assert 0 == writing("restored", "--yes", "--force").code
    assert (
        "nothing was lost as far as that machine had seen" in writing("audit", "--kind", "log.restored").out
    )


def test_a_tail_that_was_cut_is_named_and_can_be_accepted(writing: Terminal) -> None:
    """`verify` names the first lost position, more than the cut log itself can tell; then a person accepts it."""
    assert 0 == writing("audit", "--limit", "1").code
    end = writing("verify", "--json").json["positions"]
    postgres.run(_cut(writing, end - 1))
    printed = writing("verify", "--json")
    assert 6 == printed.code
    assert [("seen", end)] == [(one["what"], one["position"]) for one in printed.json["findings"]]
    assert "1 disagreement." in writing("verify").err
    assert 0 == writing("restored", "--yes").code
    assert f"which lost position {end}" in writing("audit", "--kind", "log.restored").out
    assert 0 == writing("verify").code


def test_history_that_was_rewritten_is_found_by_who_saw_it(writing: Terminal, tmp_path: Path) -> None:
    """All was forged alike and no checkpoint is left in the database: memory and a kept note name the positions."""
    assert 0 == writing("audit", "--limit", "1").code
    kept = tmp_path / "kept.note"
    kept.write_text(postgres.run(_note(writing)) + "\n")
    assert 0 == writing("verify", "--checkpoint", str(kept)).code
    postgres.run(_rewrite(writing))
    printed = writing("verify", "--checkpoint", str(kept))
    assert 6 == printed.code
    assert {"seen at position 1:", "kept at position 1:"} <= {
        line.split(": ")[0] + ":" for line in printed.out.splitlines()
    }
    assert str(kept) in printed.out
    refused = writing("can", "kevin", "role:manage", "role:*")
    assert (6, "") == (refused.code, refused.out)
    doctor = writing("doctor", "--json").json["lines"]
    assert ["fork"] == [line["what"] for line in doctor if line["outcome"] == "fail"]


def test_a_file_that_is_no_checkpoint(terminal: Terminal, tmp_path: Path) -> None:
    """Exit 2 and the file's name, before anything is read."""
    (tmp_path / "other").write_bytes(b"\xff")
    printed = terminal("verify", "--checkpoint", str(tmp_path / "other"))
    assert (2, "") == (printed.code, printed.out)
    assert "other is not a checkpoint" in printed.err
    assert 2 == terminal("verify", "--checkpoint", str(tmp_path / "none")).code


def test_a_memory_that_was_changed_is_a_finding(writing: Terminal) -> None:
    """Whoever edits what this machine saw is not let off by it."""
    assert 0 == writing("audit", "--limit", "1").code
    file = Path(writing.environ["MUNIMENT_DATA_DIR"], "seen-muniment.json")
    file.write_text(file.read_text().replace('"position"', '"Position"'))
    printed = writing("verify")
    assert 6 == printed.code
    assert printed.out.startswith("seen: The file")


def test_a_console_command_signs_what_it_wrote(writing: Terminal) -> None:
    """Without a service nobody else would, and `verify` would name the record before long."""
    assert 0 == writing("audit", "--limit", "1").code
    size = postgres.run(_note(writing)).split("\n")[1]
    assert size == str(writing("verify", "--json").json["positions"])


def test_a_value_that_no_record_names(writing: Terminal) -> None:
    """There is no position to name then."""
    postgres.run(_execute(writing, "insert into vault values (gen_random_uuid(), 'x')"))
    assert writing("verify").out.startswith("vault: The vault holds the value")


async def _cut(terminal: Terminal, position: int) -> None:
    async with _connected(terminal.database.owner_dsn) as connection:
        await forging.cut(connection, position)
        await connection.execute("delete from trail where position > $1", position)
        await connection.execute("delete from trail_touch where position > $1", position)
        await connection.execute("update trail_head set position = least(position, $1)", position)


async def _rewrite(terminal: Terminal) -> None:
    async with _connected(terminal.database.owner_dsn) as connection:
        where = "kind = 'role.created' and entry like '%Demo cleaner%'"
        position = await connection.fetchval(f"select position from log where {where}")  # noqa: S608  # Our own words.
        await forging.rewrite(connection, position, "Demo cleaner", "Demo Cleaner")
        await connection.execute("delete from checkpoint")


async def _remove(terminal: Terminal, position: int) -> None:
    async with _connected(terminal.database.owner_dsn) as connection:
        await connection.execute("set session_replication_role = replica")
        await connection.execute("delete from log where position = $1", position)


async def _add_junk(terminal: Terminal, position: int) -> None:
    """A row beyond the head whose text is no record."""
    async with _connected(terminal.database.owner_dsn) as connection:
        await connection.execute("set session_replication_role = replica")
        await connection.execute(
            "insert into log (position, event_id, kind, recorded_at, leaf, entry)"
            " values ($1, gen_random_uuid(), 'x', now(), sha256('x'), 'x')",
            position,
        )


async def _note(terminal: Terminal) -> str:
    async with _connected(terminal.database.service_dsn) as connection:
        return str(await connection.fetchval("select note from checkpoint order by size desc limit 1"))


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
