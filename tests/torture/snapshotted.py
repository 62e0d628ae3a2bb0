"""Snapshots that are forged, stale, of another release, or were being written when somebody killed who wrote them."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Final

import asyncpg
import msgspec

from tests.torture.checker import Acknowledged
from tests.torture.ground import Ground
from tests.torture.killed import children
from tests.torture.served import Service, Watch, database, ended
from tests.torture.writers import writing

ROUNDS: Final = 12
WRITERS: Final = 12
EVERY: Final = 100
"""Records after which the service has a snapshot taken."""
TAKEN_SECONDS_MAX: Final = 60.0
FAULTS: Final = (
    "killed while it is written",
    "a forged part",
    "a forged header",
    "none",
    "another release's",
    "another release's under this one's name",
    "beyond the head",
    "a missing part",
    "a header without its own MAC",
)
_STATEMENTS: Final = {
    "a forged header": """update snapshot set header = replace(header, '"release":"', '"release":"1')""",
    "a forged part": "update snapshot_part set octets = set_byte(octets, 100, 255 - get_byte(octets, 100))",
    "another release's": "update snapshot_part set fold = sha256(fold); update snapshot set fold = sha256(fold)",
    "another release's under this one's name": """update snapshot set header =
        replace(header, encode(fold, 'hex'), encode(sha256(fold), 'hex'))""",
    "beyond the head": "update snapshot_part set position = position + 1000000;"
    " update snapshot set position = position + 1000000",
    "a missing part": "delete from snapshot_part",
    "a header without its own MAC": "update snapshot set mac = sha256(mac)",
}
"""What a superuser of the database can do to every snapshot there is, without MUNIMENT_KEY."""


async def run(ground: Ground) -> None:
    """What was not made by this release of this log is not believed; what is served is the log's fold, always."""
    async with database(ground) as (server, environ):
        service = Service(ground, MUNIMENT_SNAPSHOT_EVERY=str(EVERY), LOG_LEVEL="info", **environ)
        async with ended(service):
            await service.start()
            watch = Watch(ground, server.owner_dsn)
            acknowledged, sent = list[Acknowledged](), list[str]()
            for number in range(ground.rounds):
                fault = FAULTS[number] if number < len(FAULTS) else ground.random.choice(FAULTS)
                async with writing(ground, [service.url], WRITERS, f"r{number}-") as writers:
                    resumed = await _struck(ground, service, server.owner_dsn, fault)
                    await writers.more(WRITERS)
                acknowledged += writers.acknowledged
                sent += writers.sent
                await watch.check(acknowledged, sent)
                await service.prove()
                ground.tell(f"round {number + 1}, {fault}: started from {resumed} of {len(watch.log)}")
                ground.counts["snapshots believed" if resumed else "logs replayed"] += 1
            ground.require(await service.stop() == 0, "The service did not end with 0 at SIGTERM.")


async def _struck(ground: Ground, service: Service, dsn: str, fault: str) -> int:
    """Let a snapshot be taken under fire, kill the service, do the fault, start; where the start went on from."""
    await _another(ground, dsn, await _newest(dsn))
    if fault == "killed while it is written":
        await _kill_writer(ground, service)
    takers = [pid for pid in children(service.pid) if _takes_a_snapshot(pid)]
    await service.kill()
    while any(
        _takes_a_snapshot(pid) for pid in takers
    ):  # it outlives the service, and is whole or not at all
        await asyncio.sleep(0.05)
    newest = await _newest(dsn)
    if fault in _STATEMENTS:
        await _as_superuser(dsn, _STATEMENTS[fault])
    said = service.said.stat().st_size
    await service.start()
    resumed = _resumed(service, said)
    believed = 0 if fault in _STATEMENTS else newest
    ground.require(
        resumed == believed,
        f"{fault}: the start went on from {resumed}, not {believed}; the newest snapshot is at {newest}.",
    )
    return resumed


async def _another(ground: Ground, dsn: str, before: int) -> None:
    """Wait until the service has had another snapshot taken than the one at this position."""
    try:
        async with asyncio.timeout(TAKEN_SECONDS_MAX):
            while await _newest(dsn) == before:
                await asyncio.sleep(0.1)
    except TimeoutError:
        ground.violated([f"No snapshot was taken behind {before} within {TAKEN_SECONDS_MAX:.0f} s."])


async def _kill_writer(ground: Ground, service: Service) -> None:
    """kill -9 of the child that takes the next snapshot, at some moment of its life."""
    async with asyncio.timeout(TAKEN_SECONDS_MAX):
        while not (found := [pid for pid in children(service.pid) if _takes_a_snapshot(pid)]):
            await asyncio.sleep(0.02)
    await asyncio.sleep(ground.random.uniform(0.0, 1.5))
    for pid in found:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            ground.counts["too late to kill"] += 1
    ground.counts["killed while writing"] += 1


def _takes_a_snapshot(pid: int) -> bool:
    try:
        return b"snapshot" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return False


async def _newest(dsn: str) -> int:
    """The position of the newest snapshot that is whole, 0 without one."""
    connection = await asyncpg.connect(dsn)
    try:
        return int(
            await connection.fetchval(
                "select coalesce((select position from muniment.snapshot order by at desc, position desc limit 1), 0)"
            )
        )
    finally:
        await connection.close()


async def _as_superuser(dsn: str, statements: str) -> None:
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "muniment"})
    try:
        await connection.execute("set session_replication_role = replica; " + statements)
    finally:
        await connection.close()


def _resumed(service: Service, since: int) -> int:
    """The position of the snapshot from which the last start went on, by the service's own word; 0 for none."""
    for line in service.said.read_bytes()[since:].decode(errors="replace").splitlines():
        if '"resumed from a snapshot"' in line:
            return int(msgspec.json.decode(line)["position"])
    return 0
