"""kill -9 of the service, of Postgres, of one of its backends, or of everything, in the middle of 64 writers."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from typing import Final

from tests.torture.checker import Acknowledged
from tests.torture.ground import Ground
from tests.torture.served import Service, Watch, ended
from tests.torture.writers import writing

ROUNDS: Final = 50
WRITERS: Final = 64
FIRST_STARTS: Final = 8
START_SECONDS: Final = 3.0
VICTIMS: Final = ("service", "postgres", "both", "a backend")
_PROOFS_EVERY: Final = 5
"""`verify` and `rebuild --check` read the whole log; after the last round they run in any case."""


async def run(ground: Ground) -> None:
    """Every acknowledged action is in the log once, where it was acknowledged, and no start needs a hand."""
    service = Service(ground)
    async with ended(service):
        for _ in range(min(ground.rounds, FIRST_STARTS)):
            await _killed_while_starting(service)
        await service.start()
        watch = Watch(ground, service.owner_dsn)
        acknowledged, sent = list[Acknowledged](), list[str]()
        for number in range(ground.rounds):
            victim = VICTIMS[number] if number < len(VICTIMS) else ground.random.choice(VICTIMS)
            async with writing(ground, [service.url], WRITERS, f"r{number}-") as writers:
                await writers.more(ground.random.randrange(32, 400))
                await kill(service, victim)
                if victim == "service":
                    await _killed_while_starting(service)
                if victim in ("service", "both"):
                    await service.start()
                await writers.more(WRITERS)
            acknowledged += writers.acknowledged
            sent += writers.sent
            await watch.check(acknowledged, sent)
            ground.tell(f"round {number + 1}, {victim}: {len(acknowledged)} acknowledged")
            if (number + 1) % _PROOFS_EVERY == 0:
                await service.prove()
        ground.require(await service.stop() == 0, "The service did not end with 0 at SIGTERM.")
        ground.require(service.postmaster() is None, "The service left Postgres behind at SIGTERM.")
        await service.start()
        await watch.check(acknowledged, sent)
        await service.prove()
        await service.stop()


async def _killed_while_starting(service: Service) -> None:
    """A start that does not live to its end, be it the first one, with Postgres or without."""
    await service.spawn()
    await asyncio.sleep(service.ground.random.uniform(0.2, START_SECONDS))
    postmaster = service.postmaster()
    await service.kill()
    if postmaster is not None and service.ground.random.random() < 0.5:
        with contextlib.suppress(ProcessLookupError):
            os.kill(postmaster, signal.SIGKILL)
    service.ground.counts["killed while starting"] += 1


async def kill(service: Service, victim: str) -> None:
    """kill -9 of whom the word says. Nothing is started again here."""
    postmaster = service.postmaster()
    assert postmaster is not None, "Postgres runs while writers are acknowledged"
    match victim:
        case "service":
            await service.kill()
        case "postgres":
            os.kill(postmaster, signal.SIGKILL)
        case "a backend":
            _kill_a_backend(service, postmaster)
        case _:
            os.kill(postmaster, signal.SIGKILL)
            await service.kill()


def _kill_a_backend(service: Service, postmaster: int) -> None:
    """Postgres then ends every other one too, since what they share may be damaged, and recovers by itself."""
    made = children(postmaster)
    backends = [pid for pid in made if b"muniment" in _title(pid)]
    os.kill(service.ground.random.choice(backends or made), signal.SIGKILL)


def children(pid: int) -> list[int]:
    """The processes that this one made and that live."""
    return sorted(int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def _title(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""
