"""The network between the service and Postgres: cut after a commit, half-open, slow, in any order, under writers."""

import asyncio
import contextlib
from typing import Final

from tests.torture import proxy
from tests.torture.ground import Ground
from tests.torture.prober import probing
from tests.torture.proxy import Wire
from tests.torture.served import Service, Watch, database, ended
from tests.torture.writers import writing

ROUNDS: Final = 20
WRITERS: Final = 32
FAULTS: Final = ("cut after commit", "half-open", "slow and cut after commit", "late commit", "cut", "slow")
CUTS: Final = 3
HALF_OPEN_SECONDS: Final = 3.0
SLOW_SECONDS: Final = 0.2
HEALED_SECONDS_MAX: Final = 45.0
"""A connection that fell silent is noticed by its silence alone, which takes a while; nothing else takes long."""


async def run(ground: Ground) -> None:
    """Writes succeed or are answered 503 with Retry-After, no answer is false, and all heals by itself."""
    async with database(ground) as (server, _), proxy.between(server.service_dsn) as (dsn, wire):
        service = Service(ground, DATABASE_URL=dsn, MUNIMENT_MIGRATE_URL=server.owner_dsn)
        async with ended(service):
            await service.start()
            watch = Watch(ground, server.owner_dsn)
            async with (
                probing(ground, [service.url]) as prober,
                writing(ground, [service.url], WRITERS) as writers,
            ):
                await writers.more(WRITERS)
                for number in range(ground.rounds):
                    fault = FAULTS[number] if number < len(FAULTS) else ground.random.choice(FAULTS)
                    await _misbehave(wire, fault, ground)
                    await writers.more(2 * WRITERS, HEALED_SECONDS_MAX)
                    await service.ready(HEALED_SECONDS_MAX)
                    await watch.check(writers.acknowledged, writers.sent)
                    ground.tell(
                        f"round {number + 1}, {fault}: {len(writers.acknowledged)} acknowledged,"
                        f" {wire.cuts} cuts, questions {dict(prober.statuses)}"
                    )
            await watch.check(writers.acknowledged, writers.sent)
            ground.counts["cuts"] += wire.cuts
            await service.prove()
            ground.require(await service.stop() == 0, "The service did not end with 0 at SIGTERM.")


async def _misbehave(wire: Wire, fault: str, ground: Ground) -> None:
    match fault:
        case "cut after commit":
            await _cut(wire, "after Postgres did it")
        case "late commit":
            await _cut(wire, "and Postgres does it late")
        case "cut":
            wire.drop()
        case "half-open":
            wire.silent = True
            await asyncio.sleep(ground.random.uniform(0.5, 1) * HALF_OPEN_SECONDS)
            wire.silent = False
        case _:
            wire.delay_seconds = SLOW_SECONDS
            if fault != "slow":
                await _cut(wire, "after Postgres did it")
            await asyncio.sleep(10 * SLOW_SECONDS)
            wire.delay_seconds = 0.0


async def _cut(wire: Wire, cut: proxy.Cut) -> None:
    """Several times, each as soon as the service appends again."""
    for _ in range(CUTS):
        wire.cut = cut
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10):
                while wire.cut is not None:
                    await asyncio.sleep(0.01)
