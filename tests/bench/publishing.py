"""What publishing a contract costs, over HTTP, beside creating an application: the same load, in turns.

A pair that is known, a version that is new: as a build publishes it. The content is the one that the pair had before,
as it mostly is, or another one each time, which the vault then keeps too.
"""

import asyncio
import base64
import json
import statistics
import urllib.request
from typing import Final

import asyncpg

from tests.bench import appends, over_http, worlds
from tests.bench.ground import MUNIMENT, Ground, free_port
from tests.bench.measure import Figure, in_turns, spelt
from tests.bench.over_http import Load

_TURN_SECONDS: Final = 1.0
_TURNS: Final = 2
_AT_MOST: Final = 1.3
_SCRIPT: Final = over_http.SCRIPT.with_name("publish.lua")
_SIDES: Final = {
    "PUT /pacts/…, the content that the pair had before": ("PUT", "same"),
    "POST /contracts/publish with a branch, the content that the pair had before": ("POST", "same"),
    "PUT /pacts/…, another content each time": ("PUT", "new"),
    "POST /contracts/publish with a branch, another content each time": ("POST", "new"),
}


async def figures(ground: Ground) -> list[Figure]:
    """The cost of each way to publish, as a multiple of what creating an application costs."""
    wrk = await asyncio.to_thread(over_http.found_or_installed)
    database = ground.database()
    port = free_port()
    environment = {**worlds.environment_of(database, ground.directory / "publishing"), "PORT": str(port)}
    service = ground.start(str(MUNIMENT), "serve", environment=environment)
    await over_http.answers(f"http://127.0.0.1:{port}/readyz", service)
    await asyncio.to_thread(_make_the_pair, port)
    seconds = max(1.0, ground.seconds(_TURN_SECONDS))
    raw = await appends.raw_side(database.owner_dsn, "x" * 700)
    created: list[Load] = []
    published: list[Load] = []

    async def creating() -> float:
        created.append(await asyncio.to_thread(over_http.load, wrk, port, seconds))
        await raw.trail.caught_up()
        return created[-1].rate

    async def publishing(method: str, which: str) -> float:
        published.append(
            await asyncio.to_thread(
                over_http.load, wrk, port, seconds, _SCRIPT, "/contracts/publish", (method, which)
            )
        )
        await raw.trail.caught_up()
        return published[-1].rate

    sides = [lambda asked=asked: publishing(*asked) for asked in _SIDES.values()]
    try:
        turns = await in_turns(ground.rounds, creating, *sides, turns=_TURNS)
    finally:
        await raw.close()
    await _require_all_there(database.owner_dsn, published)
    ground.end(service)
    return [_figure(what, turns, column) for column, what in enumerate(_SIDES, start=1)]


def _figure(what: str, turns: list[tuple[float, ...]], column: int) -> Figure:
    """Rates are a second's; a cost is the inverse of its rate."""
    rates, ours = [row[0] for row in turns], [row[column] for row in turns]
    return Figure(
        what=what,
        rounds=tuple(row[0] / row[column] for row in turns),
        raw=f"{spelt(statistics.median(rates))} applications/s",
        ours=f"{spelt(statistics.median(ours))} contracts/s",
        at_most=_AT_MOST,
    )


def _make_the_pair(port: int) -> None:
    content = base64.b64encode(b"{}").decode()
    item = {"consumerName": "Foo", "providerName": "Bar", "content": content}
    body = {"pacticipantName": "Foo", "pacticipantVersionNumber": "0", "contracts": [item]}
    request = urllib.request.Request(  # our own address on the loopback
        f"http://127.0.0.1:{port}/contracts/publish",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {worlds.ADMIN_TOKEN}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # as above
        answer.read()


async def _require_all_there(dsn: str, loads: list[Load]) -> None:
    """Raise unless every contract whose answer was seen is in the log, and none that was not asked for."""
    connection = await asyncpg.connect(dsn)
    there = await connection.fetchval(
        f"select count(*) - 1 from {worlds.SCHEMA}.log where kind = 'contract.published'"  # noqa: S608  # a constant
    )
    await connection.close()
    made = sum(one.made for one in loads)
    if not made <= there <= made + over_http.CALLERS * len(loads):
        raise RuntimeError(f"{made} contracts were acknowledged, and {there} are in the log")
