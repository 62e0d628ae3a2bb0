"""The embedded server's life: who starts it, who stops it, and what it survives."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from service import embedded, embedded_postmaster, errors

HOLDER = """
import asyncio, pathlib, sys
from service import embedded

async def hold():
    server = await embedded.attach(pathlib.Path(sys.argv[1]))
    print("holding", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.release()

asyncio.run(hold())
"""


@contextmanager
def holder(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """Another program that holds on to the server until its input ends."""
    program = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield program
    finally:
        program.kill()
        program.communicate()


def is_holding(program: subprocess.Popen[str]) -> bool:
    assert program.stdout is not None
    return program.stdout.readline() == "holding\n"


def postmaster(data_dir: Path) -> int | None:
    directory = data_dir / "postgres"
    return embedded_postmaster.claimed(directory) if embedded_postmaster.lives(directory) else None


async def answer(server: embedded.Embedded) -> int:
    connection = await asyncpg.connect(server.owner_dsn)
    try:
        await connection.execute("create table if not exists kept (n int)")
        await connection.execute("insert into kept values (1)")
        return int(await connection.fetchval("select count(*) from kept"))
    finally:
        await connection.close()


async def test_the_first_start_makes_a_server_and_the_last_release_stops_it(data_dir: Path) -> None:
    """Nothing of ours runs on once the service has ended, and the next start finds what was committed."""
    server = await embedded.attach(data_dir)
    assert server.is_running()
    assert 1 == await answer(server)
    await server.release()
    assert postmaster(data_dir) is None
    again = await embedded.attach(data_dir)
    assert 2 == await answer(again)
    await again.release()
    await again.release()


async def test_a_server_lives_as_long_as_somebody_holds_on(data_dir: Path) -> None:
    """A command beside a running service uses its server and leaves it running."""
    first = await embedded.attach(data_dir)
    second = await embedded.attach(data_dir)
    running = postmaster(data_dir)
    await first.release()
    assert running == postmaster(data_dir)
    assert 1 == await answer(second)
    await second.release()
    assert postmaster(data_dir) is None


async def test_two_programs_that_start_at_once_share_one_server(data_dir: Path) -> None:
    """Neither fails, and neither makes a second cluster, also when there was none."""
    with holder(data_dir) as left, holder(data_dir) as right:
        assert await asyncio.to_thread(is_holding, left)
        assert await asyncio.to_thread(is_holding, right)
        left.communicate("")
        running = postmaster(data_dir)
        assert running is not None
        right.communicate("")
        assert (0, 0) == (left.returncode, right.returncode)
    assert postmaster(data_dir) is None


async def test_a_killed_server_comes_back_with_what_was_committed(data_dir: Path) -> None:
    """kill -9 of Postgres loses nothing that was acknowledged and needs nobody's hand."""
    server = await embedded.attach(data_dir)
    assert 1 == await answer(server)
    for kills in range(2, 5):
        killed = postmaster(data_dir)
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        await asyncio.sleep(0.05)
        await server.ensure_running()
        assert killed != postmaster(data_dir)
        assert kills == await answer(server)
    await server.release()
    assert postmaster(data_dir) is None


async def test_a_watched_server_comes_back_by_itself(data_dir: Path) -> None:
    """A service whose Postgres is killed has it again without a restart."""
    server = await embedded.attach(data_dir)
    watch = asyncio.create_task(server.watch(interval_seconds=0.05))
    killed = postmaster(data_dir)
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while postmaster(data_dir) in (None, killed) and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    watch.cancel()
    await server.ensure_running()
    assert 1 == await answer(server)
    await server.release()


async def test_a_killed_holder_leaves_a_server_that_the_next_one_stops(data_dir: Path) -> None:
    """kill -9 of the service leaves Postgres running until the next start, which attaches to it and later stops it."""
    with holder(data_dir) as killed:
        assert await asyncio.to_thread(is_holding, killed)
        killed.kill()
        killed.wait()
    orphan = postmaster(data_dir)
    assert orphan is not None
    server = await embedded.attach(data_dir)
    assert orphan == postmaster(data_dir)
    await server.release()
    assert postmaster(data_dir) is None


async def test_both_may_be_killed_at_once(data_dir: Path) -> None:
    """After kill -9 of the service and of Postgres the next start simply starts."""
    with holder(data_dir) as killed:
        assert await asyncio.to_thread(is_holding, killed)
        orphan = postmaster(data_dir)
        assert orphan is not None
        killed.kill()
        os.kill(orphan, signal.SIGKILL)
        killed.wait()
    server = await embedded.attach(data_dir)
    assert 1 == await answer(server)
    await server.release()


async def test_a_terminal_interrupts_the_service_and_not_its_server(data_dir: Path) -> None:
    """Ctrl-C reaches a whole group of processes; Postgres is in another one, so that it is stopped in order."""
    server = await embedded.attach(data_dir)
    running = postmaster(data_dir)
    assert running is not None
    assert os.getsid(running) != os.getsid(0)
    await server.release()


async def test_a_file_that_names_another_program_is_no_server(data_dir: Path) -> None:
    """After a restart of a container the number in postmaster.pid may be anybody's, our own included."""
    server = await embedded.attach(data_dir)
    await server.release()
    left_behind = data_dir / "postgres" / "postmaster.pid"
    left_behind.write_text(f"{os.getpid()}\n{data_dir / 'postgres'}\n0\n5432\n\n\n")
    assert postmaster(data_dir) is None
    again = await embedded.attach(data_dir)
    assert 1 == await answer(again)
    await again.release()


async def test_a_half_made_cluster_is_made_anew(data_dir: Path) -> None:
    """A first start that was killed in the middle of it does not stand in the way of the second."""
    data_dir.mkdir()
    data_dir.chmod(0o711)
    (data_dir / "postgres.new" / "base").mkdir(parents=True)
    (data_dir / "postgres.password.new").write_text("left behind")
    server = await embedded.attach(data_dir)
    assert 1 == await answer(server)
    await server.release()
    assert [] == sorted(path.name for path in data_dir.glob("*.new"))


async def test_another_release_is_refused_with_what_to_do(data_dir: Path) -> None:
    """Postgres cannot read the files of another major release, and says so in riddles."""
    server = await embedded.attach(data_dir)
    await server.release()
    (data_dir / "postgres" / "PG_VERSION").write_text("14\n")
    with pytest.raises(errors.Invalid, match="was made by Postgres 14"):
        await embedded.attach(data_dir)


def test_a_program_without_a_loop_can_hold_on_too(data_dir: Path) -> None:
    """Fixtures and scripts use the server like the service does."""
    with embedded.attached(data_dir, database="another") as server:
        assert "another" == server.database
        assert server.is_running()
    assert postmaster(data_dir) is None
