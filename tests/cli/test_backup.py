"""`backup` and `restore`: the drill, and what refuses to be restored."""

import asyncio
import contextlib
import io
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from service import app as composition
from service import errors
from service.cli import copying, restoration
from service.log import archive
from tests import given, postgres, service
from tests.cli.conftest import Printed, Terminal, Told
from tests.handling import doors

Empty = Callable[[str], postgres.Database]


@pytest.fixture
def kept(writing: Terminal, tmp_path: Path) -> Path:
    """A backup of the story, and its keys beside it."""
    file = tmp_path / "monday.backup"
    printed = writing("backup", str(file))
    assert 0 == printed.code, printed.err
    return file


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch, make_database: Callable[..., postgres.Database]) -> Empty:
    """Makes an empty database and points the terminal's settings at it, as an operator does after a loss."""

    def move(data_dir: str) -> postgres.Database:
        database = make_database()
        monkeypatch.setenv("DATABASE_URL", database.service_dsn)
        monkeypatch.setenv("MUNIMENT_MIGRATE_URL", database.owner_dsn)
        monkeypatch.setenv("MUNIMENT_DATA_DIR", data_dir)
        return database

    return move


def state_of(terminal: Terminal) -> tuple[int, str]:
    """The position and the digest of the state, as `rebuild --check` has them."""
    printed = terminal("rebuild", "--check", "--json")
    assert (0, True) == (printed.code, printed.json["same"])
    return printed.json["position"], printed.json["digest"]


def test_the_drill(writing: Terminal, tmp_path: Path, moved: Empty) -> None:
    """Copy, go on, forget, lose the database, restore: the copied state, a new epoch, and nobody remembered anew."""
    file, data_dir = tmp_path / "monday.backup", writing.environ["MUNIMENT_DATA_DIR"]
    before = state_of(writing)
    copied = writing("backup", str(file), "--json").json
    assert before == (copied["position"], copied["state"])
    sally = writing("show", "user:sally", "--json").json["id"]
    assert 0 == writing("invite", "Nora", "nora@example.org").code
    assert 0 == writing("forget", "sally", "--yes").code
    seen = writing("verify", "--json").json["positions"]
    moved(data_dir)  # the machine and its memory are the same; the database is gone

    done = writing("restore", str(file), "--json", "--reason", "The disk died")
    assert 0 == done.code, done.err
    restored = done.json
    assert (before[0], before[0] + 1) == (restored["copied"], restored["epoch_began"])
    assert (before[0] + 1, seen) == (restored["lost_from"], restored["lost_to"])
    assert (True, 1, []) == (restored["same_state"], restored["forgotten"], restored["warnings"])
    assert copied["epoch"] != restored["epoch"]
    told = writing("audit", "--kind", "log.restored", "--json").json["events"][0]
    assert ("The disk died", restored["position"] - 4) == (told["reason"], told["position"])

    assert 3 == writing("show", "user:sally").code
    trail = writing("audit", "--limit", "500", "--json").out
    assert "(forgotten) published the contract" in trail
    assert "Sally" not in trail
    assert sally in writing("audit", "--kind", "person.forgotten", "--json").out
    assert 3 == writing("show", "user:nora").code
    assert 0 == writing("invite", "Nora", "nora@example.org").code
    assert 0 == writing("verify").code
    state_of(writing)


def test_a_fresh_machine_is_told_of_the_forgotten(
    writing: Terminal, kept: Path, tmp_path: Path, moved: Empty
) -> None:
    """Without a memory no loss is known; another machine's list is brought along, and holds from then on."""
    assert 0 == writing("forget", "sally", "--yes").code
    known = Path(writing.environ["MUNIMENT_DATA_DIR"], "forgotten-muniment.json")
    moved(str(tmp_path / "fresh"))
    done = writing("restore", str(kept), "--forgotten", str(known))
    assert 0 == done.code, done.err
    assert "no loss is known here" in done.err
    assert "1 person was forgotten since" in done.err
    assert 3 == writing("show", "user:sally").code
    assert known.read_bytes() == (tmp_path / "fresh" / "forgotten-muniment.json").read_bytes()
    assert 0 == writing("verify").code


def test_keys_that_were_copied_later_do_as_well(
    writing: Terminal, kept: Path, tmp_path: Path, moved: Empty
) -> None:
    """The newest file of keys is the one to keep: it lists whoever was forgotten since the record was copied."""
    early = writing("show", "role:Viewer", "--json").json["id"]
    assert 0 == writing("forget", "sally", "--yes").code
    later = tmp_path / "tuesday.backup"
    assert 0 == writing("backup", str(later)).code
    moved(str(tmp_path / "fresh"))
    done = writing("restore", str(kept), "--keys", f"{later}.keys")
    assert 0 == done.code, done.err
    assert 3 == writing("show", "user:sally").code
    assert early == writing("show", "role:Viewer", "--json").json["id"]
    assert 0 == writing("verify").code
    moved(str(tmp_path / "fresher"))
    refused = writing("restore", str(later), "--keys", f"{kept}.keys")
    assert 4 == refused.code
    assert "Keys as old or later are needed" in refused.err


def test_the_last_administrator_who_was_forgotten_is_told_of(
    writing: Terminal, kept: Path, tmp_path: Path, moved: Empty
) -> None:
    """An older copy may know no other way back in: the name stays gone, the account is left to a person to end."""
    data_dir = writing.environ["MUNIMENT_DATA_DIR"]
    nora = writing("break-glass", "--email", "nora@example.org", "--yes")
    assert 0 == nora.code
    kevin = writing("show", "user:kevin", "--json").json["id"]
    assert 0 == writing("forget", "kevin", "--yes").code
    moved(data_dir)
    done = writing("restore", str(kept))
    assert 0 == done.code, done.err
    assert f"Then run `muniment forget {kevin}`" in done.err
    assert "Kevin" not in writing("audit", "--limit", "500").out
    assert 0 == writing("break-glass", "--email", "nora@example.org", "--yes").code
    assert 0 == writing("forget", kevin, "--yes").code
    assert 0 == writing("verify").code


async def test_a_service_that_saw_more_stops_until_it_is_restarted(
    told: Told, writing: Terminal, kept: Path, tmp_path: Path, moved: Empty, postgres_server: postgres.Server
) -> None:
    """A restored copy takes the old one's place beneath a running service, which then serves nothing any more."""
    old = writing.database
    async with doors.opened(old, tmp_path / "other", follow=True) as app:
        await doors.do(app, given.role(app.fresh, "role lost"))
        new = moved(str(tmp_path / "fresh"))
        await restoration.restored(kept, kept.with_name(f"{kept.name}.keys"), (), "", "")
        owner = await asyncpg.connect(postgres_server.owner_dsn)
        for name in (old.name, new.name):
            await owner.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name
            )
        await owner.execute(f'alter database "{old.name}" rename to "{old.name}_away"')
        await owner.execute(f'alter database "{new.name}" rename to "{old.name}"')
        await owner.close()
        async with asyncio.timeout(10):
            while not app.replica.stopped:
                await asyncio.sleep(0.05)
        with pytest.raises(errors.Unavailable, match="epoch"):
            await doors.do(app, given.role(app.fresh, "role A"))
    async with doors.opened(old, tmp_path / "other") as again:
        assert 1 == (await doors.do(again, given.role(again.fresh, "role A"))).records[0].v
    postgres_server.drop(f"{old.name}_away")


def test_another_key_is_refused(
    writing: Terminal, kept: Path, tmp_path: Path, moved: Empty, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing in the copy could be opened by it, so nothing is touched; without any key it is refused too."""
    moved(str(tmp_path / "fresh"))
    monkeypatch.setenv("MUNIMENT_KEY", "22" * 32)
    refused = writing("restore", str(kept))
    assert (4, "") == (refused.code, refused.out)
    assert "under another MUNIMENT_KEY" in refused.err
    monkeypatch.delenv("MUNIMENT_KEY")
    assert 2 == writing("restore", str(kept)).code
    monkeypatch.setenv("MUNIMENT_KEY", service.KEY)
    assert 0 == writing("restore", str(kept)).code


def test_a_copy_under_a_later_key_needs_that_key(
    writing: Terminal, tmp_path: Path, moved: Empty, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said before anything is touched; with both keys the copy is restored and goes on under the later one."""
    both = f"{service.KEY},{'22' * 32}"
    monkeypatch.setenv("MUNIMENT_KEY", both)
    monkeypatch.setenv("MUNIMENT_MIGRATE_URL", writing.database.owner_dsn)
    assert 0 == writing("keys", "rotate", "--yes").code
    file = tmp_path / "monday.backup"
    assert 0 == writing("backup", str(file)).code
    moved(str(tmp_path / "fresh"))
    monkeypatch.setenv("MUNIMENT_KEY", service.KEY)
    refused = writing("restore", str(file))
    assert 6 == refused.code
    assert "is missing in MUNIMENT_KEY" in refused.err
    monkeypatch.setenv("MUNIMENT_KEY", both)
    assert 0 == writing("restore", str(file)).code
    assert 0 == writing("verify").code
    assert [0, 0] == [writing("keys", "show", "--json").json[0][held] for held in ("values", "people")]


def test_a_place_that_is_not_empty_is_refused(
    writing: Terminal, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is restored over a log, the very one that was copied included."""
    before = writing("verify", "--json").json
    monkeypatch.setenv("MUNIMENT_MIGRATE_URL", writing.database.owner_dsn)
    refused = writing("restore", str(kept))
    assert 4 == refused.code
    assert "holds a log already" in refused.err
    assert before == writing("verify", "--json").json


def test_two_halves_that_were_exchanged_are_refused(
    writing: Terminal, kept: Path, tmp_path: Path, moved: Empty
) -> None:
    """The file of keys is no record."""
    moved(str(tmp_path / "fresh"))
    refused = writing("restore", f"{kept}.keys", "--keys", str(kept))
    assert 4 == refused.code
    assert "the two files were exchanged" in refused.err


def test_a_copy_holds_nothing_in_the_clear(writing: Terminal, kept: Path, tmp_path: Path) -> None:
    """Any tar unpacks it, nobody but its owner reads it, and neither half holds a name, an address or a token."""
    for file in (kept, kept.with_name(f"{kept.name}.keys")):
        assert 0o600 == stat.S_IMODE(file.stat().st_mode)
        with tarfile.open(file) as tar:
            tar.extractall(tmp_path / "unpacked", filter="data")
    everything = b"".join(path.read_bytes() for path in (tmp_path / "unpacked").rglob("*") if path.is_file())
    assert b"position,event_id,kind" in everything
    for word in (b"Sally", b"sally@example.org", service.ADMIN_TOKEN.encode(), b"mun_"):
        assert word not in everything
    assert not list(tmp_path.glob("*.new"))


def test_a_copy_is_checked_without_a_database(
    writing: Terminal, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the key is not: then all but the question who made it is answered, which is said."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    printed = writing("backup", "--check", str(kept), "--json")
    assert (0, True) == (printed.code, printed.json["sound"])
    assert printed.json["rows"]["log"] == printed.json["position"] >= printed.json["signed"] > 0
    monkeypatch.delenv("MUNIMENT_KEY")
    unsure = writing("backup", "--check", str(kept))
    assert 0 == unsure.code
    assert "There is no key here" in unsure.err


@pytest.mark.parametrize("where", [0.1, 0.5, 0.9, 0.999])
def test_a_damaged_copy_is_found(writing: Terminal, kept: Path, where: float) -> None:
    """One byte that is another, or a file that ends too early: exit 6, and the file is named."""
    octets = bytearray(kept.read_bytes())
    octets[int(len(octets) * where)] ^= 0x41
    kept.write_bytes(octets)
    assert damaged(writing("backup", "--check", str(kept)), kept)
    kept.write_bytes(octets[: int(len(octets) * where)])
    assert damaged(writing("backup", "--check", str(kept)), kept)
    kept.write_bytes(b"")
    assert damaged(writing("backup", "--check", str(kept)), kept)


@pytest.mark.parametrize(
    ("name", "octets"),
    [
        ("manifest.json", b'{"format": 1, "release": "\xc1"}'),
        ("log/000001.csv", b"position,entry,leaf\n1\n"),
        ("checkpoint/000001.csv", b"size,note\n1,a note,and more\n"),
    ],
)
def test_damage_of_any_kind_is_a_sentence(
    writing: Terminal, tmp_path: Path, name: str, octets: bytes
) -> None:
    """What no longer is text, or lacks a column: exit 6 with the file's name, and no trace."""
    file = tmp_path / "changed.backup"
    with tarfile.open(file, "w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(octets)
        tar.addfile(member, io.BytesIO(octets))
    assert damaged(writing("backup", "--check", str(file)), file)


def damaged(printed: Printed, file: Path) -> bool:
    return printed.code == 6 and str(file) in printed.err and printed.out == ""


def test_a_copy_is_taken_beside_a_service_that_writes(writing: Terminal, tmp_path: Path) -> None:
    """It is of one position: what is appended meanwhile is in it whole or not at all."""

    async def beside() -> list[int]:
        async with composition.opened(service.settings(writing.database, tmp_path / "service")) as app:
            sizes = []
            for number in range(3):
                await doors.do(app, given.role(app.fresh, f"role {number}"))
                copied = await copying.copied(
                    tmp_path / str(number), tmp_path / f"{number}.keys", with_state=True
                )
                sizes.append(copied.position)
                assert copied.position == app.replica.position
            return sizes

    sizes = postgres.run(beside())
    assert sorted(sizes) == sizes
    for number in range(3):
        assert 0 == writing("backup", "--check", str(tmp_path / str(number))).code


def test_one_backup_writes_a_file_at_a_time(writing: Terminal, kept: Path) -> None:
    """Two that began at once would mix their bytes, or one take the other's file away: the later one is refused.

    What an interrupted run left behind is in nobody's way.
    """
    before, unfinished = kept.read_bytes(), kept.with_name(f"{kept.name}.new")
    with contextlib.closing(archive.Writing(kept)):
        refused = writing("backup", str(kept))
        assert unfinished.exists()
    assert 4 == refused.code
    assert f"Another backup is writing {kept}" in refused.err
    assert not unfinished.exists()
    assert before == kept.read_bytes()
    unfinished.write_bytes(bytes(1_000_000))
    assert 0 == writing("backup", str(kept)).code
    assert 0 == writing("backup", "--check", str(kept)).code


def test_the_keys_do_not_go_into_the_copy(writing: Terminal, tmp_path: Path) -> None:
    """One name for both halves is a mistake, and nothing is written."""
    both = str(tmp_path / "both")
    refused = writing("backup", both, "--keys", both)
    assert (2, True) == (refused.code, "a file of their own" in refused.err)
    assert not list(tmp_path.glob("both*"))


def test_an_empty_log_or_a_missing_directory(writing: Terminal, tmp_path: Path, moved: Empty) -> None:
    """There is nothing to copy, or nowhere to put it: a sentence, and no file."""
    assert 2 == writing("backup", str(tmp_path / "none" / "x")).code
    nowhere = writing("backup", str(tmp_path / "x"), "--keys", str(tmp_path / "none" / "x"))
    assert (2, True) == (nowhere.code, f"There is no directory {tmp_path / 'none'}." in nowhere.err)
    database = moved(str(tmp_path / "fresh"))
    assert 0 == writing("migrate").code
    assert 2 == writing("backup", str(tmp_path / "x")).code
    assert not list(tmp_path.glob("x*"))
    assert database.name
