"""An older copy of the database in the place of the one that was served from, under two replicas that saw more."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
from typing import Final

import aiohttp
import msgspec

from service import embedded, embedded_postmaster
from service.events.account import LogRestored
from service.log import recorded
from tests.torture import checker
from tests.torture.checker import Acknowledged
from tests.torture.ground import Ground
from tests.torture.served import QUESTION, Service, Watch, converged, database, ended
from tests.torture.writers import writing

ROUNDS: Final = 3
WRITERS: Final = 8
STOPPED_SECONDS_MAX: Final = 15.0
FORK_EXIT: Final = 6
"""The exit code of what is broken."""


async def run(ground: Ground) -> None:
    """The fork is seen by all and served by none, until `muniment restored` records what was lost; then all follow."""
    async with database(ground) as (server, environ):
        left, right = Service(ground, "left", **environ), Service(ground, "right", **environ)
        async with ended(left, right):
            kept: list[Acknowledged] = []
            for number in range(ground.rounds):
                await asyncio.gather(left.start(), right.start())
                kept += await _written(ground, [left, right], f"kept{number}-")
                await _copied(server)
                lost = await _written(ground, [left, right], f"lost{number}-")
                await _replaced(server)
                await _stopped(ground, [left, right])
                await _refused(ground, left)
                ran = await left.command("restored", "--yes", "--reason", "the disk broke")
                ground.require(ran.code == 0, f"muniment restored ended with {ran.code}: {ran.err}")
                await right.kill()
                await asyncio.gather(left.start(), right.start())
                after = await _written(ground, [left, right], f"after{number}-")
                await _judged(ground, server, kept + after, lost)
                await converged(ground, [left, right])
                kept += after
                ground.tell(f"round {number + 1}: {len(lost)} lost, {len(kept)} kept")
                ground.counts["lost and said so"] += len(lost)
                await left.prove()
                ground.require([0, 0] == [await left.stop(), await right.stop()], "One did not end with 0.")


async def _written(ground: Ground, services: list[Service], prefix: str) -> list[Acknowledged]:
    async with writing(ground, [one.url for one in services], WRITERS, prefix) as writers:
        await writers.more(4 * WRITERS)
    # Each action is told to be seen by every replica, and a moment later remembered on its disk.
    await converged(ground, services)
    await asyncio.sleep(1.5)
    return writers.acknowledged


async def _copied(server: embedded.Embedded) -> None:
    """A copy as a careful operator takes it: with Postgres stopped."""
    await asyncio.to_thread(server._cluster.stop)
    cluster, copy = server.data_dir / "postgres", server.data_dir / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    subprocess.run(["cp", "-a", str(cluster), str(copy)], check=True)
    await server.ensure_running()


async def _replaced(server: embedded.Embedded) -> None:
    """The disk breaks, and what is put in its place is the copy."""
    cluster = server.data_dir / "postgres"
    pid = embedded_postmaster.claimed(cluster)
    assert pid is not None, "it runs"
    os.kill(pid, signal.SIGKILL)
    while server.is_running():
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.5)  # its children notice a moment later
    shutil.rmtree(cluster)
    (server.data_dir / "copy").rename(cluster)
    await server.ensure_running()


async def _stopped(ground: Ground, services: list[Service]) -> None:
    """Nobody who saw more says anything about what is true."""
    for one in services:
        async with asyncio.timeout(STOPPED_SECONDS_MAX):
            while "stopped" not in (await one.ask("GET", "/readyz"))[2]:
                await asyncio.sleep(0.1)
        for method, path, body in (
            ("GET", "/readyz", None),
            ("GET", "/pacticipants", None),
            ("POST", "/pacticipants", {"name": "beside it"}),
            ("POST", "/access/v1/evaluation", QUESTION),
        ):
            with contextlib.suppress(aiohttp.ClientError):
                status, headers, text = await one.ask(method, path, body)
                ground.require(
                    status == 503 and "Retry-After" in headers,
                    f"{one.name}: {method} {path} was {status} {dict(headers)} beside a fork: {text[:300]}",
                )


async def _refused(ground: Ground, one: Service) -> None:
    """A restart is no way around it."""
    await one.kill()
    await one.spawn()
    assert one.process is not None, "it was spawned"
    async with asyncio.timeout(60):
        code = await one.process.wait()
    ground.require(
        code == FORK_EXIT and "muniment restored" in one.last_words(),
        f"A start on an older copy ended with {code}: {one.last_words()}",
    )


async def _judged(
    ground: Ground, server: embedded.Embedded, kept: list[Acknowledged], lost: list[Acknowledged]
) -> None:
    log = await Watch(ground, server.owner_dsn).check(kept, [])
    requests = {entry.request for entry in log}
    ground.require(
        not any(one.request in requests for one in lost), "What was written after the copy is in the copy."
    )
    entries = await checker.texts(server.owner_dsn, "log.restored")
    event = recorded.decode(entries[-1]).data
    assert isinstance(event, LogRestored), "its kind says so"
    positions = [one.position for one in lost]
    ground.require(
        event.lost_from <= min(positions) and max(positions) <= event.lost_to,
        f"Positions {min(positions)} to {max(positions)} were acknowledged and lost; the record says"
        f" {msgspec.json.encode(event).decode()}.",
    )
