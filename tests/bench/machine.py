"""The machine that figures are taken on, and the one absolute number they depend on: how long an fsync takes."""

import os
import platform
import statistics
import subprocess
import tempfile
import time
from datetime import datetime
from pathlib import Path

import asyncpg
import msgspec

from service import app
from tests import postgres
from tests.bench.ground import ROOT, Ground

_FSYNCS = 100


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader needs to compare. `commit` has a + where files were changed since."""

    at: datetime
    commit: str
    cores: int
    memory_gb: float
    kernel: str
    python: str
    postgres: str
    where: str
    fsync_ms: float
    load: float


def described(ground: Ground) -> Machine:
    """This machine, now. `load` is the average of the last minute, before anything was measured."""
    return Machine(
        at=app.clock(),
        commit=_commit(),
        cores=os.cpu_count() or 0,
        memory_gb=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        kernel=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        postgres=postgres.run(_version(ground.server.owner_dsn)),
        where="the server of DATABASE_URL"
        if os.environ.get("DATABASE_URL")
        else "embedded, by a Unix socket",
        fsync_ms=_fsync_ms(ground.directory),
        load=round(os.getloadavg()[0], 1),
    )


def _commit() -> str:
    def git(*arguments: str) -> str:
        ran = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
        return ran.stdout.strip()

    return (git("rev-parse", "--short", "HEAD") or "no commit") + (
        "+" if git("status", "--porcelain") else ""
    )


async def _version(dsn: str) -> str:
    connection = await asyncpg.connect(dsn)
    try:
        return str(await connection.fetchval("show server_version"))
    finally:
        await connection.close()


def _fsync_ms(directory: Path) -> float:
    """The median milliseconds of writing 8 KiB and syncing it, beside the bench's own files."""
    taken = []
    with tempfile.TemporaryFile(dir=directory) as file:
        for _ in range(_FSYNCS):
            file.write(b"\x00" * 8_192)
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            taken.append((time.perf_counter() - began) * 1_000)
    return round(statistics.median(taken), 2)
