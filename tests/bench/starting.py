"""From the start of a fresh process to a service that is ready, on a log of a million records with a snapshot.

Beside it stands a fresh process that does nothing but fetch the same snapshot's bytes by raw asyncpg. The phases are
those of a process that opens the log as the service does.
"""

import asyncio
import statistics
import subprocess
import time

import asyncpg

from tests import postgres
from tests.bench import measure, worlds
from tests.bench.ground import MUNIMENT, ROOT, Ground, free_port, inherited
from tests.bench.measure import Figure, ratio, spelt
from tests.bench.over_http import answers
from tests.bench.replaying import million

_ROUNDS_MAX = 3
_PHASES = {
    "python_seconds": "of it: until Python runs",
    "import_seconds": "of it: imports",
    "before_seconds": "of it: finding Postgres, keys and the snapshot",
    "load_seconds": "of it: loading it, and the tail",
    "people_seconds": "after it: people's names, in the background",
}


async def figures(ground: Ground) -> list[Figure]:
    """`muniment serve` from exec to the first ready answer: from a snapshot, and once without any."""
    stored = await ground.world(million(ground))
    environment = worlds.environment_of(stored.database, ground.directory / "starting")
    without = await _ready(ground, environment)
    try:
        taking = await _snapshot(environment)
        fetched, ready, opened = [], [], []
        for _ in range(min(ground.rounds, _ROUNDS_MAX)):
            fetched.append((await _asked(ground, environment, "fetch"))["seconds"])
            ready.append(await _ready(ground, environment))
            opened.append(await _asked(ground, environment, "open"))
            if opened[-1]["resumed_from"] != stored.head.position:
                raise RuntimeError(f"{opened[-1]} did not start from the snapshot at {stored.head.position}")
    finally:
        await _without_snapshots(stored.database)
    resident = statistics.median(one["resident_mb"] for one in opened)
    return [
        Figure(
            what=f"exec to ready, from a snapshot of {stored.head.position:,} records",
            rounds=tuple(ready),
            unit="s",
            raw=f"{spelt(statistics.median(fetched))} s to fetch its bytes",
            ours=f"{spelt(statistics.median(ready))} s",
            at_most=3,
        ),
        ratio("the same, to fetching the snapshot's bytes in a fresh process", fetched, ready, "s"),
        *(
            Figure(what=words, rounds=tuple(one[name] for one in opened), unit="s", raw="", ours="")
            for name, words in _PHASES.items()
        ),
        Figure(what="exec to ready without a snapshot", rounds=(without,), unit="s", raw="", ours=""),
        Figure(what="`muniment snapshot`, from exec to its end", rounds=(taking,), unit="s", raw="", ours=""),
        Figure(what="resident after a start from a snapshot", rounds=(resident,), unit="MB", raw="", ours=""),
    ]


async def _ready(ground: Ground, environment: dict[str, str]) -> float:
    """Seconds from exec until `/readyz` says yes."""
    port = free_port()
    began = time.perf_counter()
    service = ground.start(str(MUNIMENT), "serve", environment={**environment, "PORT": str(port)})
    await answers(f"http://127.0.0.1:{port}/readyz", service)
    seconds = time.perf_counter() - began
    ground.end(service)
    return seconds


async def _snapshot(environment: dict[str, str]) -> float:
    """Take one, and say how many seconds the whole command took."""
    measure.tell("Taking a snapshot …")
    began = time.perf_counter()
    ran = await asyncio.create_subprocess_exec(
        str(MUNIMENT),
        "snapshot",
        cwd=ROOT,
        env={**inherited(), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    if await ran.wait():
        raise RuntimeError(f"`muniment snapshot` ended with {ran.returncode}")
    return time.perf_counter() - began


async def _asked(ground: Ground, environment: dict[str, str], word: str) -> dict[str, float]:
    """One answer of a fresh process, which counts from its own exec."""
    began = time.monotonic()
    program = ground.fresh("afresh", environment)
    found: dict[str, float] = await program.ask({"do": word, "began": began})
    await program.ask({"do": "close"})
    ground.end(program.program)
    return found


async def _without_snapshots(database: postgres.Database) -> None:
    """Leave the world as it was: another figure folds it."""
    connection = await asyncpg.connect(database.owner_dsn)
    for table in ("snapshot_part", "snapshot"):
        await connection.execute(f"delete from {worlds.SCHEMA}.{table}")  # noqa: S608  # two constants
    await connection.close()
