"""How long the long lists take over HTTP, and how long decisions wait meanwhile.

The service, a bare handler that answers with as many bytes, and the coroutine that decides share one loop, as in the
service; who asks is a process of its own.
"""

import json
import logging
import socket
import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import msgspec
import structlog
from aiohttp import web

from service import app
from service.http import wire
from tests.bench import stalls, worlds
from tests.bench.ground import Fresh, Ground
from tests.bench.measure import Figure, spelt
from tests.bench.population import Shape
from tests.bench.stalls import PUBLISHING
from tests.service import edge_of

_ROWS = 5_000
_MS_MAX = 300
_STALL_MS_MAX = 50


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds from the request to its last byte, ours and the bare handler's, and a decision's longest wait."""

    ours: list[float] = []
    bare: list[float] = []
    longest: list[float] = []
    rows: int = 0


async def figures(ground: Ground) -> list[Figure]:
    """Every list in turns with as many bytes from the bare handler."""
    rows = ground.size(_ROWS, 40)
    shape = Shape(users=20, teams=max(2, rows // 100), applications=rows, changes=rows, mix=PUBLISHING)
    stored = await ground.world(shape)
    settings = worlds.settings_of(ground.database(stored.database.name), ground.directory / "listing")
    client = ground.fresh("receiving")
    found: list[Figure] = []
    async with app.opened(settings, follow=True) as opened, _served(opened) as address:
        await stalls.settled(opened)
        somebody = await _team_reader(address)
        for what, place, token in (
            ("GET /integrations", "integrations", worlds.ADMIN_TOKEN),
            ("the same, by who reads by teams alone", "integrations", somebody),
            ("GET /pacticipants", "pacticipants", worlds.ADMIN_TOKEN),
        ):
            asked = {"address": address, "path": f"/{place}", "token": token}
            whole = await client.ask({**asked, "count": place})
            async with _bare(bytes(whole["bytes"])) as bare:
                taken = Taken(rows=whole["rows"])
                for _ in range(ground.rounds):
                    await _take(opened, client, {**asked, "address": bare}, whole["bytes"], taken.bare)
                    waits = await _take(opened, client, asked, whole["bytes"], taken.ours)
                    taken.longest.append(waits.longest)
            found += _figures(what, taken)
    ground.end(client.program)
    return found


async def _take(
    opened: app.App, client: Fresh, asked: dict[str, str], octets: int, into: list[float]
) -> stalls.Waits:
    """One turn. Raises RuntimeError where the answer is not what it was before."""

    async def received() -> int:
        found = await client.ask(asked)
        if found["bytes"] != octets:
            raise RuntimeError(f"{asked['path']}: {found['bytes']} bytes, and {octets} before")
        into.append(found["ms"])
        return octets

    return await stalls.during(opened, received())


def _figures(what: str, taken: Taken) -> list[Figure]:
    many = f"{what}, {taken.rows:,} rows"
    return [
        Figure(
            what=f"{many}: request to last byte",
            rounds=tuple(taken.ours),
            unit="ms",
            raw=f"{spelt(statistics.median(taken.bare))} ms for as many bytes",
            ours=f"{spelt(statistics.median(taken.ours))} ms",
            at_most=_MS_MAX,
        ),
        Figure(
            what=f"{many}: longest wait of a decision meanwhile",
            rounds=tuple(taken.longest),
            unit="ms",
            raw="",
            ours=f"{spelt(statistics.median(taken.longest))} ms",
            at_most=_STALL_MS_MAX,
        ),
    ]


async def _team_reader(address: str) -> str:
    """The token of a system account that reads everything, but each thing only through the team that it belongs to."""
    headers = {"Authorization": f"Bearer {worlds.ADMIN_TOKEN}"}
    async with aiohttp.ClientSession(f"http://{address}", headers=headers) as session:

        async def asked(method: str, path: str, body: object = None) -> dict[str, object]:
            async with session.request(method, path, json=body) as answer:
                octets = await answer.read()
                if answer.status >= 300:
                    raise RuntimeError(f"{path}: {answer.status} {octets!r}")
                found: dict[str, object] = json.loads(octets) if octets else {}
                return found

        role = await asked(
            "POST",
            "/admin/roles",
            {"name": "Team's", "permissions": [{"scope": "contract_data:manage:team"}]},
        )
        account = await asked("POST", "/admin/system-accounts", {"name": "Team's"})
        await asked("PUT", f"/admin/users/{account['uuid']}/roles", {"roles": [role["uuid"]]})
        for team in msgspec.convert((await asked("GET", "/admin/teams"))["teams"], list[dict[str, object]]):
            await asked("POST", f"/admin/teams/{team['uuid']}/users", {"users": [account["uuid"]]})
        found = await asked("GET", f"/admin/system-accounts/{account['uuid']}/tokens")
        items = msgspec.convert(found["_embedded"], dict[str, list[dict[str, object]]])["items"]
        return next(str(one["value"]) for one in items if not one["readOnly"])


@asynccontextmanager
async def _served(opened: app.App) -> AsyncIterator[str]:
    """The service on a free port of the loopback, which writes no lines about its answers; its address."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    try:
        async with _listening(wire.runner(edge_of(opened), shutdown_timeout=1.0)) as address:
            yield address
    finally:
        structlog.configure(**before)


@asynccontextmanager
async def _bare(octets: bytes) -> AsyncIterator[str]:
    """A handler that answers everything with these bytes; its address."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=octets)

    bare = web.Application()
    bare.router.add_get("/{tail:.*}", answer)
    async with _listening(web.AppRunner(bare)) as address:
        yield address


@asynccontextmanager
async def _listening(runner: web.AppRunner) -> AsyncIterator[str]:
    await runner.setup()
    try:
        await web.SockSite(runner, socket.create_server(("127.0.0.1", 0))).start()
        host, port = runner.addresses[0]
        yield f"{host}:{port}"
    finally:
        await runner.cleanup()
