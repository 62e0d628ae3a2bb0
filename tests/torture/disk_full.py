"""No room left for Postgres: the data directory on a small tmpfs that fills up, and is emptied again.

Where nothing may be mounted the system's bound on the size of a file does it, set on Postgres' living processes.
"""

import asyncio
import contextlib
import os
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from tests.torture.ground import Ground
from tests.torture.killed import children
from tests.torture.served import QUESTION, Service, Watch, ended
from tests.torture.writers import writing

ROUNDS: Final = 5
WRITERS: Final = 16
SIZE_MIB: Final = 320
"""Holds a cluster, a copy of its binaries where other accounts cannot reach them, and some segments of its journal."""
FULL_SECONDS: Final = 3.0
HEALED_SECONDS_MAX: Final = 60.0
_FILE_BYTES_MAX: Final = 16 * 1024

Bound = Callable[[bool], None]


async def run(ground: Ground) -> None:
    """Writes are 503 with Retry-After, reads go on, and with room again all is as before, with nothing lost."""
    service = Service(ground)
    async with _small(ground, service) as fill, ended(service):
        await service.start()
        watch = Watch(ground, service.owner_dsn)
        async with writing(ground, [service.url], WRITERS) as writers:
            for number in range(ground.rounds):
                await writers.more(4 * WRITERS)
                refused = writers.statuses[503]
                fill(True)
                try:
                    async with asyncio.timeout(HEALED_SECONDS_MAX):
                        while writers.statuses[503] == refused:
                            await asyncio.sleep(0.05)
                    await _read(ground, service)
                    await asyncio.sleep(FULL_SECONDS)
                    await _read(ground, service)
                finally:
                    fill(False)
                await writers.more(4 * WRITERS, HEALED_SECONDS_MAX)
                await service.until(200, "/readyz", HEALED_SECONDS_MAX)
                await watch.check(writers.acknowledged, writers.sent)
                ground.tell(
                    f"round {number + 1}: {len(writers.acknowledged)} acknowledged, {dict(writers.statuses)}"
                )
        await watch.check(writers.acknowledged, writers.sent)
        defects = service.said.read_text().count('"batch failed"')
        # A bound on files ends in an error without a code, which nobody can tell from a defect.
        on_a_disk = ground.counts["on a tmpfs"]
        ground.require(not (on_a_disk and defects), f"A full disk was taken for a defect {defects} times.")
        await service.prove()
        ground.require(await service.stop() == 0, "The service did not end with 0 at SIGTERM.")


async def _read(ground: Ground, service: Service) -> None:
    for method, path, body in (("GET", "/pacticipants", None), ("POST", "/access/v1/evaluation", QUESTION)):
        status, _, text = await service.ask(method, path, body)
        ground.require(status == 200, f"{method} {path} was {status} while the disk was full: {text[:200]}")
        if body is not None and status == 200:
            ground.require(msgspec.json.decode(text)["decision"] is True, f"A false answer: {text}")


@asynccontextmanager
async def _small(ground: Ground, service: Service) -> AsyncIterator[Bound]:
    """What fills the service's disk (True) and makes room again (False)."""
    place = service.data_dir
    place.mkdir(mode=0o711)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m,mode=0711", "tmpfs", str(place)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode == 0:
        ground.counts["on a tmpfs"] = 1
        try:
            yield lambda full: _ballast(place, full=full)
        finally:
            with contextlib.suppress(FileNotFoundError):
                (place / "ballast").unlink()
            subprocess.run(["umount", "--lazy", str(place)], check=False)
    else:
        ground.counts["by a bound on files"] = 1
        yield lambda full: _bounded(service, full=full)


def _ballast(place: Path, *, full: bool) -> None:
    """A file that takes every block that is left."""
    ballast = place / "ballast"
    if not full:
        ballast.unlink()
        return
    with ballast.open("wb") as file, contextlib.suppress(OSError):
        while True:
            os.write(file.fileno(), b"\0" * 65_536)


def _bounded(service: Service, *, full: bool) -> None:
    """Let Postgres' processes, and those that they make, write no file beyond some kilobytes."""
    bound = str(_FILE_BYTES_MAX) if full else "unlimited"
    postmaster = service.postmaster()
    for pid in [] if postmaster is None else [postmaster, *children(postmaster)]:
        with contextlib.suppress(FileNotFoundError):
            owner = Path(f"/proc/{pid}").stat()
            # As the account that runs Postgres: even root may bound another's processes only with a capability for it.
            subprocess.run(
                ["prlimit", "--pid", str(pid), f"--fsize={bound}:unlimited"],
                user=owner.st_uid,
                group=owner.st_gid,
                capture_output=True,
                check=False,
            )
