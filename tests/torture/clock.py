"""A machine whose clock is an hour off, by faketime: nothing is recorded at a wrong time, and everything is read."""

import asyncio
import os
import shutil
import subprocess
from typing import Final

from tests.torture.ground import Ground
from tests.torture.served import Service, Watch, database, ended
from tests.torture.writers import writing

ROUNDS: Final = 4
WRITERS: Final = 8
OFFSETS: Final = ("+3600", "-3600", "+2", "-10")
"""Seconds; an append is refused more than 1 s ahead of the database's clock or 5 s behind it."""
HEALED_SECONDS_MAX: Final = 30.0


async def run(ground: Ground) -> None:
    """Writes are refused with the sentence about the clock, reads go on, and all heals when the clock is right."""
    library = _library()
    if library is None:
        ground.counts["SKIPPED: no faketime"] = 1
        ground.require("CI" not in os.environ, "faketime is missing and cannot be installed.")
        return
    file = ground.directory / "clock"
    async with database(ground) as (server, environ):
        service = Service(
            ground,
            LD_PRELOAD=library,
            FAKETIME_TIMESTAMP_FILE=str(file),
            FAKETIME_NO_CACHE="1",
            FAKETIME_DONT_FAKE_MONOTONIC="1",
            **environ,
        )
        file.write_text("+0\n")
        async with ended(service):
            await service.start()
            watch = Watch(ground, server.owner_dsn)
            async with writing(ground, [service.url], WRITERS) as writers:
                for number in range(ground.rounds):
                    await writers.more(2 * WRITERS)
                    offset = OFFSETS[number % len(OFFSETS)]
                    file.write_text(f"{offset}\n")
                    # A clock that is behind goes on from the last record's time, until that is 5 s ago.
                    await asyncio.sleep(1.0 if offset.startswith("+") else 6.5)
                    await _refused(ground, service, offset)
                    file.write_text("+0\n")
                    await writers.more(2 * WRITERS, HEALED_SECONDS_MAX)
                    await service.until(200, "/readyz", HEALED_SECONDS_MAX)
                    await watch.check(writers.acknowledged, writers.sent)
                    ground.tell(f"round {number + 1}, {offset} s: {len(writers.acknowledged)} acknowledged")
            await watch.check(writers.acknowledged, writers.sent)
            await service.prove()
            await service.stop()


async def _refused(ground: Ground, service: Service, offset: str) -> None:
    before = (await service.ask("GET", "/pacticipants"))[1]["Muniment-Position"]
    status, headers, text = await service.ask("POST", "/pacticipants", {"name": f"at {offset}"})
    ground.require(
        status == 503 and "Retry-After" in headers and "clock" in text,
        f"With the clock {offset} s off a write was {status} {dict(headers)}: {text[:300]}",
    )
    status, headers, text = await service.ask("GET", "/pacticipants")
    ground.require(status == 200, f"With the clock {offset} s off a read was {status}: {text[:300]}")
    ground.require(
        before == headers["Muniment-Position"], "Something was recorded while the clock was wrong."
    )
    await service.until(503, "/readyz", 5.0)


def _library() -> str | None:
    """The library that `faketime` loads into a program; installed from Debian where it is missing and we are root."""
    if shutil.which("faketime") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        for arguments in (["update"], ["install", "--yes", "faketime"]):
            subprocess.run(["apt-get", *arguments], capture_output=True, check=False)
    if shutil.which("faketime") is None:
        return None
    told = subprocess.run(
        ["faketime", "-f", "+0s", "printenv", "LD_PRELOAD"], capture_output=True, text=True, check=True
    )
    return told.stdout.strip()
