"""Applications created over HTTP by 64 callers, against the raw commit rate; Debian's wrk is the load.

The service is a process of its own, with its log on /dev/null. Beside it the same wrk calls a bare aiohttp
handler, which shows that neither wrk nor the connection is the limit.
"""

import asyncio
import importlib.util
import os
import secrets
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import asyncpg
import msgspec

from tests import postgres
from tests.bench import appends, measure, worlds
from tests.bench.ground import MUNIMENT, ROOT, Ground, free_port
from tests.bench.measure import Figure, in_turns, ratio

CALLERS = 64
_TURN_SECONDS = 1.0
_TURNS = 3
_START_SECONDS_MAX = 600.0
SCRIPT = Path(__file__).parent / "create.lua"


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What one run of wrk saw."""

    made: int
    refused: int
    errors: int
    seconds: float
    p99_ms: float
    first: str

    @property
    def rate(self) -> float:
        """Applications a second."""
        return self.made / self.seconds


async def figures(ground: Ground) -> list[Figure]:
    """The service, with the bare handler beside it."""
    wrk = await asyncio.to_thread(found_or_installed)
    database = ground.database()
    port, bare_port = free_port(), free_port()
    environment = {**worlds.environment_of(database, ground.directory / "over-http"), "PORT": str(port)}
    service = ground.start(str(MUNIMENT), "serve", environment=environment)
    bare = ground.start(sys.executable, "-m", "tests.bench.bare", str(bare_port), environment={})
    await answers(f"http://127.0.0.1:{port}/readyz", service)
    seconds = max(1.0, ground.seconds(_TURN_SECONDS))
    raw = await appends.raw_side(database.owner_dsn, "x" * 700)
    loads: list[Load] = []

    async def ours() -> float:
        loads.append(await asyncio.to_thread(load, wrk, port, seconds))
        await raw.trail.caught_up()
        return loads[-1].rate

    async def bare_handler() -> float:
        return (await asyncio.to_thread(load, wrk, bare_port, seconds)).rate

    try:
        turns = await in_turns(ground.rounds, lambda: raw.rate(seconds), ours, bare_handler, turns=_TURNS)
    finally:
        await raw.close()
    await _require_all_there(database, loads)
    ground.end(service)
    ground.end(bare)
    rate, served, unhindered = (list(side) for side in zip(*turns, strict=True))
    loop = "uvloop" if importlib.util.find_spec("uvloop") else "asyncio's own loop"
    return [
        ratio(
            f"64 callers creating applications ({loop}, log to /dev/null)", rate, served, "/s", at_least=1.5
        ),
        ratio("the same wrk against a bare handler, to that of the service", served, unhindered, "/s"),
        Figure(
            what="99 % of the service's answers within",
            rounds=tuple(one.p99_ms for one in loads),
            unit="ms",
            raw="",
            ours="",
        ),
    ]


def load(
    wrk: str,
    port: int,
    seconds: float,
    script: Path = SCRIPT,
    path: str = "/pacticipants",
    more: tuple[str, ...] = (),
) -> Load:
    """One run of wrk, with `more` arguments for its script. Raises RuntimeError when anything came back refused."""
    word = f"load-{secrets.token_hex(4)}"
    ran = subprocess.run(
        [
            wrk, "--threads", "1", "--connections", str(CALLERS), "--duration", f"{max(1, round(seconds))}s",
            "--timeout", "10s", "--script", str(script), f"http://127.0.0.1:{port}{path}",
            "--", worlds.ADMIN_TOKEN, word, *more,
        ],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=seconds + 60,
    )  # fmt: skip
    line = next(line for line in ran.stdout.splitlines() if line.startswith("BENCH "))
    _, made, refused, failed, microseconds, p99, *first = line.split(" ", 6)
    found = Load(
        made=int(made),
        refused=int(refused),
        errors=int(failed),
        seconds=int(microseconds) / 1e6,
        p99_ms=int(p99) / 1_000,
        first=" ".join(first),
    )
    if found.refused or found.errors or not found.made:
        raise RuntimeError(f"Not every answer was a success: {found}")
    return found


async def answers(url: str, program: "subprocess.Popen[bytes]") -> float:
    """Wait until the address answers 200; seconds waited. Raises RuntimeError when the program ends or takes long."""
    began = time.perf_counter()
    while time.perf_counter() - began < _START_SECONDS_MAX:
        if program.poll() is not None:
            raise RuntimeError(f"{program.args!r} ended with {program.returncode}")
        if await asyncio.to_thread(_is_up, url):
            return time.perf_counter() - began
        await asyncio.sleep(0.01)
    raise RuntimeError(f"{url} did not answer within {_START_SECONDS_MAX:.0f} s")


def found_or_installed() -> str:
    """The path of wrk; as root on Debian it is installed where missing. Raises RuntimeError with what to do."""
    if not shutil.which("wrk") and os.geteuid() == 0 and shutil.which("apt-get"):
        measure.tell("Installing wrk by apt-get …")
        if _ran("apt-get", "install", "-y", "-q", "wrk"):
            _ran("apt-get", "update", "-q")
            _ran("apt-get", "install", "-y", "-q", "wrk")
    if path := shutil.which("wrk"):
        return path
    raise RuntimeError("The figure over HTTP needs wrk. On Debian and Ubuntu: apt-get install wrk.")


def _ran(*arguments: str) -> int:
    return subprocess.run(arguments, stdout=subprocess.DEVNULL, check=False).returncode


def _is_up(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  # our own address on the loopback
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


async def _require_all_there(database: postgres.Database, loads: list[Load]) -> None:
    """Raise unless every application whose 201 was seen is in the log, and none that was not asked for.

    wrk leaves without waiting for its last answers, so each run may have left as many more as it has callers.
    """
    connection = await asyncpg.connect(database.owner_dsn)
    there = await connection.fetchval(
        f"select count(*) from {worlds.SCHEMA}.log where kind = 'application.created'"  # noqa: S608  # a constant
    )
    await connection.close()
    made = sum(one.made for one in loads)
    if not made <= there <= made + CALLERS * len(loads):
        raise RuntimeError(f"{made} applications were acknowledged, and {there} are in the log")
