"""`keys`: a later key drawn, changed over to, and shown."""

import asyncio
import stat
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from service import app as composition
from service import errors
from service.cli import rotation
from service.log import checkpoint, verify
from tests import given, postgres, service
from tests.cli.conftest import Terminal
from tests.handling import doors

LATER = "22" * 32


@pytest.fixture
def owning(writing: Terminal, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal whose settings also name the tables' owner."""
    monkeypatch.setenv("MUNIMENT_MIGRATE_URL", writing.database.owner_dsn)
    return writing


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts further keys behind the account's first one, as an operator does."""

    def put(*further: str) -> None:
        monkeypatch.setenv("MUNIMENT_KEY", ",".join((service.KEY, *further)))

    return put


def test_a_key_is_drawn_and_changes_nothing(owning: Terminal) -> None:
    """It is printed for MUNIMENT_KEY, 64 digits; without it there is nothing to change over to."""
    drawn = owning("keys", "new")
    assert (0, 65) == (drawn.code, len(drawn.out))
    assert "muniment keys rotate" in drawn.err
    refused = owning("keys", "rotate", "--yes")
    assert 4 == refused.code
    assert "muniment keys new" in refused.err


def test_after_a_rotation_everything_stands_under_the_new_key(
    owning: Terminal, later: Callable[..., None]
) -> None:
    """Every value and every person's key is sealed again and opens; run again there is nothing left to do."""
    before = owning("checkpoint", "--verifier").out.splitlines()
    later(LATER)
    early = owning("keys", "show", "--json").json
    assert [True, True] == [line["here"] for line in early]
    assert (1, 0) == (early[0]["since"], early[1]["since"])
    done = owning("keys", "rotate", "--yes", "--json", "--reason", "The laptop was stolen")
    assert 0 == done.code, done.err
    assert early[0]["values"] + early[0]["people"] < done.json["rows"] + 2
    first, second = owning("keys", "show", "--json").json
    assert (0, 0) == (first["values"], first["people"])
    assert (early[0]["values"], done.json["position"]) == (second["values"], second["since"])
    assert second["people"] > early[0]["people"], "the reason has a key of its own"
    assert 0 == owning("verify").code
    assert 0 == owning("rebuild", "--check").code
    assert (
        "The laptop was stolen"
        == owning("audit", "--kind", "key.added", "--json").json["events"][0]["reason"]
    )
    assert "Sally" in owning("audit", "--limit", "500").out
    again = owning("keys", "rotate", "--yes", "--json").json
    assert (0, done.json["position"]) == (again["rows"], again["position"])
    verifiers = owning("checkpoint", "--verifier").out.splitlines()
    assert [*before, done.json["verifier"]] == verifiers
    note = owning("checkpoint").out
    assert {checkpoint.verify(note, verifier).size for verifier in verifiers}


def test_without_the_new_key_nothing_starts(owning: Terminal, later: Callable[..., None]) -> None:
    """A sentence names the missing key by its fingerprint, and what to do; other keys cannot take its place."""
    later(LATER)
    done = owning("keys", "rotate", "--yes", "--json").json
    for further in ((), ("33" * 32,)):
        later(*further)
        refused = owning("show", "role:Viewer")
        assert (6, "") == (refused.code, refused.out)
        assert f"key {done['fingerprint']} is missing in MUNIMENT_KEY" in refused.err
        assert 6 == owning("verify").code
        assert "fail" in {line["outcome"] for line in owning("doctor", "--json").json["lines"]}
    later(LATER, "33" * 32)
    assert 0 == owning("show", "role:Viewer").code
    assert 0 == owning("keys", "rotate", "--yes").code
    later("33" * 32)
    assert 0 == owning("verify").code, (
        "a key between the first and the newest may go once nothing stands under it"
    )


def test_a_start_from_a_snapshot_seals_by_the_key_in_force(
    owning: Terminal, later: Callable[..., None]
) -> None:
    """What was folded before is not folded again, and still the right key seals; without it nothing starts."""
    later(LATER)
    assert 0 == owning("keys", "rotate", "--yes").code
    assert 0 == owning("snapshot").code
    assert 0 == owning("invite", "Nora", "nora@example.org").code
    first, second = owning("keys", "show", "--json").json
    assert (0, 0) == (first["values"], first["people"])
    assert 0 < second["people"]
    assert 0 == owning("verify").code
    later()
    assert 6 == owning("show", "role:Viewer").code


def test_a_note_by_the_old_key_alone_is_found(owning: Terminal, later: Callable[..., None]) -> None:
    """Whoever stole the first key signs nothing any more that `verify` believes."""
    later(LATER)
    assert 0 == owning("keys", "rotate", "--yes").code

    async def strip() -> None:
        connection = await asyncpg.connect(owning.database.owner_dsn)
        await connection.execute("set session_replication_role = replica; set search_path = muniment")
        note = await connection.fetchval("select note from checkpoint order by size desc limit 1")
        first = "\n".join(note.splitlines()[:5]) + "\n"
        await connection.execute("update checkpoint set note = $1 where note = $2", first, note)
        await connection.close()

    postgres.run(strip())
    assert owning("verify").out.startswith("signature at position")


async def test_running_services_change_over_together(
    owning: Terminal, later: Callable[..., None], tmp_path: Path
) -> None:
    """One that has the new key goes on and seals under it; one that was not restarted stops, and says what it lacks."""
    later(LATER)
    async with (
        doors.opened(owning.database, tmp_path / "old", follow=True) as old,
        composition.opened(
            service.settings(owning.database, tmp_path / "new", MUNIMENT_KEY=f"{service.KEY},{LATER}"),
            follow=True,
        ) as new,
    ):
        await doors.do(new, given.role(new.fresh, "before"))
        done = await rotation.rotated("", "")
        await new.replica.wait_for(done.position, 5)
        command = given.invite(new.fresh, "Nora")
        await doors.do(new, command)
        async with asyncio.timeout(10):
            while not old.replica.stopped:
                await asyncio.sleep(0.05)
        assert done.fingerprint in old.replica.stopped
        with pytest.raises(errors.Unavailable):
            await doors.do(old, given.role(old.fresh, "after"))
        connection = await new.connected("test")
        wrapped = await connection.fetchval("select wrapped from person_key where key = $1", command.new.key)
        report = await verify.verify(connection, new.keys, lambda _done, _all: None)
        await connection.close()
        assert () == report.findings
        assert wrapped.startswith(b"\x02" + bytes.fromhex(done.fingerprint))


def test_the_data_directory_keeps_several(owning: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without MUNIMENT_KEY the later key goes behind the first one in the file, which stays its owner's alone."""
    monkeypatch.delenv("MUNIMENT_KEY")
    place = Path(owning.environ["MUNIMENT_DATA_DIR"])
    place.mkdir(parents=True, exist_ok=True)
    (place / "key").write_text(service.KEY + "\n")
    drawn = owning("keys", "new")
    assert (0, "") == (drawn.code, drawn.out)
    lines = (place / "key").read_text().split()
    assert (service.KEY, 2, 64) == (lines[0], len(lines), len(lines[1]))
    assert 0o600 == stat.S_IMODE((place / "key").stat().st_mode)
    assert 0 == owning("keys", "rotate", "--yes").code
    assert 0 == owning("verify").code
