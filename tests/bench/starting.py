"""From the start of a fresh process to a service that is ready, on a log of a million records."""

import time

from tests.bench import worlds
from tests.bench.ground import MUNIMENT, Ground, free_port
from tests.bench.measure import Figure, spelt
from tests.bench.over_http import answers
from tests.bench.replaying import million

_ROUNDS_MAX = 3


async def figures(ground: Ground) -> list[Figure]:
    """`muniment serve` from exec to the first ready answer."""
    stored = await ground.world(million(ground))
    taken = [await _start(ground, worlds.environment_of(stored.database, ground.directory / "starting"))]
    return [
        Figure(
            what=f"start without a snapshot, {stored.head.position:,} records",
            rounds=tuple(taken),
            unit="s",
            raw="",
            ours=f"{spelt(taken[0])} s",
        )
    ]


async def _start(ground: Ground, environment: dict[str, str]) -> float:
    port = free_port()
    began = time.perf_counter()
    service = ground.start(str(MUNIMENT), "serve", environment={**environment, "PORT": str(port)})
    await answers(f"http://127.0.0.1:{port}/readyz", service)
    seconds = time.perf_counter() - began
    ground.end(service)
    return seconds
