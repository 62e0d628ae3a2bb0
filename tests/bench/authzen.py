"""AuthZEN over HTTP with Debian's wrk: beside a bare aiohttp handler, as of earlier positions, and in batches.

The service opens a log of a million records and is a process of its own, without lines for its answers
(LOG_LEVEL=warning) as the bare handler has none; both run on uvloop where it is installed. The bare handler decodes
the same bodies and answers a constant (`constant`). Who asks is a system account that may ask and no more.
"""

import asyncio
import importlib.util
import statistics
import time
from pathlib import Path
from typing import Any, Final

import msgspec

from tests.bench import asking, over_http, worlds
from tests.bench.ground import Ground
from tests.bench.measure import Figure, in_turns, ratio, spelt
from tests.bench.population import Shape
from tests.bench.replaying import million

EVALUATION: Final = "/access/v1/evaluation"
EVALUATIONS: Final = "/access/v1/evaluations"
SUBJECTS: Final = "/access/v1/search/subject"
_BATCH_CALLERS: Final = 8
"""So many that the service always has one to answer while others are still being sent."""
_TURNS: Final = 3
_QUESTIONS: Final = 2_000
_BATCHES: Final = 20
_USERS: Final = 10_000
_SEARCHES: Final = 5
_OF_EVERYBODY: Final = "contract_data:read"
"""What everybody may, of every application: by the role User, which all people of a world have."""


async def figures(ground: Ground) -> list[Figure]:
    """Every figure: on a service that holds a million records, and the search on one that holds 10,000 users."""
    if ground.scale == 1 and importlib.util.find_spec("uvloop") is None:
        raise RuntimeError("These figures are taken on uvloop: .venv/bin/pip install uvloop")
    wrk = await asyncio.to_thread(over_http.found_or_installed)
    found: list[Figure] = []
    users = ground.size(_USERS, 40)
    crowd = Shape(users=users, teams=max(2, users // 100), applications=max(5, users // 10), changes=1)
    for shape in (million(ground), crowd):
        stored = await ground.world(shape)
        database = ground.database(stored.database.name)
        world = await asking.world_of(database.owner_dsn, stored)
        service = asking.Service(
            ground, wrk, worlds.environment_of(database, ground.directory / database.name)
        )
        try:
            await over_http.answers(f"http://127.0.0.1:{service.port}/readyz", service.program)
            await asyncio.to_thread(service.become_client)
            if shape is crowd:
                found.append(await _search(ground, service, world, users))
            else:
                await asyncio.to_thread(_require_agreement, service, world)
                found += [*await _single(ground, service, world), *await _batches(ground, service, world)]
        finally:
            service.end()
    return found


async def _single(ground: Ground, service: asking.Service, world: asking.World) -> list[Figure]:
    """Ours, the bare handler, ours as of earlier positions, and the ceiling, in turns."""
    count = ground.size(_QUESTIONS, 50)
    now = _file(ground, "now", [world.question() for _ in range(count)])
    then = _file(ground, "then", [world.question() | world.earlier() for _ in range(count)])
    sides = {
        "bare": (service.bare, now),
        "ours": (service.port, now),
        "then": (service.port, then),
        "ceiling": (service.ceiling, now),
    }
    loads: dict[str, list[asking.Load]] = {name: [] for name in sides}

    async def turn(name: str) -> float:
        port, bodies = sides[name]
        loads[name].append(await asyncio.to_thread(service.load, port, EVALUATION, bodies))
        return loads[name][-1].rate

    turns = await in_turns(
        ground.rounds,
        *(lambda name=name: turn(name) for name in sides),
        turns=_TURNS if ground.scale == 1 else 1,
    )
    bare, ours, then_, ceiling = (list(side) for side in zip(*turns, strict=True))
    loop = "uvloop" if importlib.util.find_spec("uvloop") else "asyncio's own loop"
    p99 = {name: _by_round([one.p99_ms for one in loads[name]], ground.rounds) for name in ("bare", "ours")}
    return [
        ratio(
            f"evaluation, {asking.CALLERS} callers ({loop}), to a bare handler",
            bare,
            ours,
            "/s",
            at_least=0.85,
        ),
        ratio("the same, 99 % of answers within", p99["bare"], p99["ours"], "ms", at_most=1.3),
        ratio("as of a random position, to now", ours, then_, "/s", at_least=0.8),
        ratio("the same wrk against what does not even read, to the bare handler", bare, ceiling, "/s"),
        Figure(
            what="wrk's share of one processor while it calls the service",
            rounds=tuple(_by_round([one.busy * 100 for one in loads["ours"]], ground.rounds)),
            unit="%",
            raw="",
            ours="",
        ),
    ]


async def _batches(ground: Ground, service: asking.Service, world: asking.World) -> list[Figure]:
    """Decisions a second in batches: of two sizes, as of earlier positions, and of many subjects."""
    small, large = ground.size(1_000, 20), ground.size(10_000, 200)
    bodies = {
        "small": (small, [world.batch(small) for _ in range(_BATCHES)]),
        "large": (large, [world.batch(large) for _ in range(_BATCHES // 4)]),
        "then": (small, [world.batch(small) | world.earlier() for _ in range(_BATCHES)]),
        "crowd": (small, [world.crowd(small) for _ in range(_BATCHES)]),
    }
    files = {name: _file(ground, name, documents) for name, (_, documents) in bodies.items()}

    async def turn(name: str) -> float:
        found = await asyncio.to_thread(service.load, service.port, EVALUATIONS, files[name], _BATCH_CALLERS)
        return found.rate * bodies[name][0]

    rows = await in_turns(ground.rounds, *(lambda name=name: turn(name) for name in bodies))
    rates = dict(zip(bodies, ([row[place] for row in rows] for place in range(len(bodies))), strict=True))
    return [
        _rate(f"decisions in batches of {small:,}", rates["small"], at_least=150_000),
        ratio(
            f"in batches of {large:,}, to those of {small:,}",
            rates["small"],
            rates["large"],
            "/s",
            at_least=1.0,
        ),
        ratio(
            "in batches as of a random position each, to now",
            rates["small"],
            rates["then"],
            "/s",
            at_least=0.8,
        ),
        _rate(f"decisions in batches of {small:,}, each with a subject of its own", rates["crowd"]),
    ]


async def _search(ground: Ground, service: asking.Service, world: asking.World, users: int) -> Figure:
    """From the request to the last byte of an answer that names everybody. Raises RuntimeError where it does not."""
    asked = {"subject": {"type": "user"}, "action": {"name": _OF_EVERYBODY}, "resource": world.thing()}

    async def turn() -> float:
        began = time.perf_counter()
        found = await asyncio.to_thread(service.asked, SUBJECTS, asked)
        milliseconds = (time.perf_counter() - began) * 1_000
        if len(msgspec.json.decode(found)["results"]) < users:
            raise RuntimeError(f"{users:,} users may, and were not all found: {found[:200]!r}")
        return milliseconds

    rounds = [statistics.median([await turn() for _ in range(_SEARCHES)]) for _ in range(ground.rounds)]
    return Figure(
        what=f"a subject search whose answer is all of {users:,} users, to its last byte",
        rounds=tuple(rounds),
        unit="ms",
        raw="",
        ours=f"{spelt(statistics.median(rounds))} ms",
        at_most=100,
    )


def _rate(what: str, rates: list[float], at_least: float | None = None) -> Figure:
    return Figure(
        what=what, rounds=tuple(rates), unit="/s", raw="", ours=spelt(rates[0]) + " /s", at_least=at_least
    )


def _by_round(values: list[float], rounds: int) -> list[float]:
    """Each round's mean."""
    each = len(values) // rounds
    return [sum(values[start : start + each]) / each for start in range(0, len(values), each)]


def _file(ground: Ground, name: str, documents: list[dict[str, Any]]) -> Path:
    """The bodies in a file, one a line."""
    path = ground.directory / f"{name}.jsonl"
    path.write_bytes(b"\n".join(map(msgspec.json.encode, documents)) + b"\n")
    return path


def _require_agreement(service: asking.Service, world: asking.World) -> None:
    """Raise unless a batch says what single questions say, now and earlier, and says both yes and no."""
    questions = [world.question() for _ in range(100)]
    for context in ({}, world.earlier()):
        batch = service.posted(EVALUATIONS, {**context, "evaluations": questions})["evaluations"]
        single = [service.posted(EVALUATION, question | context)["decision"] for question in questions]
        if [one["decision"] for one in batch] != single or len(set(single)) != 2:
            raise RuntimeError(f"The batch says {batch}, single questions {single}")
