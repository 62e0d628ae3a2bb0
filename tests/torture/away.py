"""Postgres away for a while, under writers and somebody who asks."""

import asyncio
import contextlib
import os
import signal
import time
from typing import Final

import aiohttp
import msgspec

from service import embedded, embedded_postmaster
from tests.torture.ground import Ground
from tests.torture.killed import children
from tests.torture.prober import probing
from tests.torture.served import QUESTION, Service, Watch, database, ended
from tests.torture.writers import writing

ROUNDS: Final = 10
WRITERS: Final = 16
WAYS: Final = ("frozen", "killed", "stopped")
AWAY_SECONDS: Final = 4.0
READY_SECONDS_MAX: Final = 2.0
"""Within which `/readyz` is false once Postgres is away, and true once it is back; a slow machine adds a little."""
SLACK_SECONDS: Final = 1.0


async def run(ground: Ground) -> None:
    """Writes are 503 with Retry-After, reads and questions go on and say how old they are, and all heals by itself."""
    async with database(ground) as (server, environ):
        service = Service(ground, **environ)
        async with ended(service):
            await service.start()
            watch = Watch(ground, server.owner_dsn)
            async with (
                probing(ground, [service.url]) as prober,
                writing(ground, [service.url], WRITERS) as writers,
            ):
                for number in range(ground.rounds):
                    await writers.more(2 * WRITERS)
                    way = WAYS[number % len(WAYS)]
                    await _leave(server, way)
                    await _look(ground, service)
                    if way == "frozen":
                        _signal_all(server, signal.SIGCONT)
                    await server.ensure_running()
                    took = await service.until(200, "/readyz", 30.0)
                    ground.require(
                        took <= READY_SECONDS_MAX + SLACK_SECONDS,
                        f"Ready {took:.1f} s after Postgres came back.",
                    )
                    await writers.more(2 * WRITERS)
                    await watch.check(writers.acknowledged, writers.sent)
                    ground.tell(
                        f"round {number + 1}, {way}: ready after {took:.1f} s, {len(writers.acknowledged)} acknowledged"
                        f", statuses {dict(writers.statuses)}, questions {dict(prober.statuses)}"
                    )
            await watch.check(writers.acknowledged, writers.sent)
            ground.require(writers.statuses[503] > 0, "No write was told 503, so nothing was tried.")
            await service.prove()
            ground.require(await service.stop() == 0, "The service did not end with 0 at SIGTERM.")


async def _leave(server: embedded.Embedded, way: str) -> None:
    match way:
        case "killed":
            os.kill(_postmaster(server), signal.SIGKILL)
            while server.is_running():
                await asyncio.sleep(0.01)
        case "frozen":
            _signal_all(server, signal.SIGSTOP)
        case _:
            await asyncio.to_thread(server._cluster.stop)


def _signal_all(server: embedded.Embedded, number: int) -> None:
    """To every process of Postgres: a machine that hangs closes no connection."""
    postmaster = _postmaster(server)
    for pid in (postmaster, *children(postmaster)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _postmaster(server: embedded.Embedded) -> int:
    pid = embedded_postmaster.claimed(server.data_dir / "postgres")
    assert pid is not None, "it was started"
    return pid


async def _look(ground: Ground, service: Service) -> None:
    """For some seconds: what is answered while Postgres is away."""
    began = time.monotonic()
    took = await service.until(503, "/readyz", 10.0)
    ground.require(took <= READY_SECONDS_MAX + SLACK_SECONDS, f"Still called ready {took:.1f} s after.")
    while time.monotonic() - began < AWAY_SECONDS:
        await asyncio.sleep(0.3)
        status, _, _ = await service.ask("GET", "/healthz")
        ground.require(
            status == 200, f"/healthz was {status} while Postgres was away: a restart would be no help."
        )
    for method, path, body in (
        ("GET", "/pacticipants", None),
        ("GET", "/user", None),
        ("POST", "/access/v1/evaluation", QUESTION),
    ):
        status, headers, text = await service.ask(method, path, body)
        ground.require(
            status == 200 and "Muniment-Position" in headers and int(headers.get("Muniment-Age", -1)) >= 1,
            f"{method} {path} was {status} {dict(headers)} while Postgres was away: {text[:200]}",
        )
        if body is not None and status == 200:
            ground.require(msgspec.json.decode(text)["decision"] is True, f"A false answer: {text}")
    try:
        status, headers, text = await service.ask("POST", "/pacticipants", {"name": f"away {began}"})
    except (aiohttp.ClientError, TimeoutError) as failure:
        ground.violated([f"A write while Postgres was away was not answered: {failure!r}"])
        return
    ground.require(
        status == 503 and "Retry-After" in headers,
        f"A write was {status} {dict(headers)} while Postgres was away: {text[:200]}",
    )
