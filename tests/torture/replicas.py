"""Two replicas that write at once, and one of them frozen by SIGSTOP in the middle of it."""

import asyncio
import signal
import time
from typing import Final

from service.log import connect
from tests.torture.ground import Ground
from tests.torture.served import Service, Watch, converged, database, ended
from tests.torture.writers import Writers, writing

ROUNDS: Final = 10
WRITERS: Final = 16
FROZEN_SECONDS: Final = 8.0
THAWED_SECONDS_MAX: Final = 15.0
WAIT_SECONDS_MAX: Final = connect.IDLE_IN_TRANSACTION_MS_MAX / 1_000 + 10.0
"""For how long the other replica may be held up: Postgres throws out who idles with the head; a slow machine adds."""
FAIR: Final = 0.1
"""The least share of what is acknowledged that either of two equal replicas gets."""


async def run(ground: Ground) -> None:
    """Neither starves the other, what either acknowledged is there once, and both come to hold the same."""
    async with database(ground) as (server, environ):
        left, right = Service(ground, "left", **environ), Service(ground, "right", **environ)
        async with ended(left, right):
            await left.start()
            await right.start()
            watch = Watch(ground, server.owner_dsn)
            async with (
                writing(ground, [left.url], WRITERS, "left") as lefts,
                writing(ground, [right.url], WRITERS, "right") as rights,
            ):
                await _together(ground, lefts, rights)
                for number in range(ground.rounds):
                    frozen, its, others = (left, lefts, rights) if number % 2 else (right, rights, lefts)
                    await _freeze(ground, frozen, its, others)
                    await watch.check(lefts.acknowledged + rights.acknowledged, lefts.sent + rights.sent)
                    ground.tell(
                        f"round {number + 1}, {frozen.name}: {len(lefts.acknowledged)} acknowledged by left,"
                        f" {len(rights.acknowledged)} by right"
                    )
            await watch.check(lefts.acknowledged + rights.acknowledged, lefts.sent + rights.sent)
            await converged(ground, [left, right])
            await left.prove()
            for one in (left, right):
                ground.require(await one.stop() == 0, f"{one.name} did not end with 0 at SIGTERM.")


async def _together(ground: Ground, lefts: Writers, rights: Writers) -> None:
    """Both at once: each gets its share."""
    await lefts.more(WRITERS)
    await rights.more(WRITERS)
    before = len(lefts.acknowledged), len(rights.acknowledged)
    while len(lefts.acknowledged) + len(rights.acknowledged) - sum(before) < 40 * WRITERS:
        await asyncio.sleep(0.05)
    shares = len(lefts.acknowledged) - before[0], len(rights.acknowledged) - before[1]
    ground.require(
        min(shares) >= FAIR * sum(shares),
        f"Of two equal replicas one got {shares[0]}, the other {shares[1]}.",
    )


async def _freeze(ground: Ground, frozen: Service, its: Writers, others: Writers) -> None:
    """Stop one wherever it is, and let it go on."""
    await its.more(ground.random.randrange(1, 64))
    await asyncio.sleep(ground.random.uniform(0, 0.02))
    frozen.signal(signal.SIGSTOP)
    began = time.monotonic()
    try:
        await asyncio.sleep(FROZEN_SECONDS)
        waited = others.longest_wait(began, time.monotonic())
        ground.require(
            waited <= WAIT_SECONDS_MAX, f"A frozen replica held the other one up for {waited:.1f} s."
        )
        await others.more(WRITERS, WAIT_SECONDS_MAX)
    finally:
        frozen.signal(signal.SIGCONT)
    await its.more(WRITERS)
    await frozen.ready(THAWED_SECONDS_MAX)
