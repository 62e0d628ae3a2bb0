"""A bot that is denied as often as it can ask, always the same thing and ever other things."""

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import Final

import aiohttp
import msgspec

from service.events.attempts import AttemptDenied
from service.log import recorded
from tests.torture import checker
from tests.torture.ground import Ground
from tests.torture.served import Service, Watch, database, ended
from tests.torture.writers import asked, session

ROUNDS: Final = 10
BOTS: Final = 16
SECONDS: Final = 2.0
THINGS: Final = 50
"""Applications that the bot tries to delete one after the other."""
RECORDS_MAX: Final = 100
"""What a flood of a few seconds may leave: the first ones, one by one, and then one a minute for all the rest."""
RESIDENT_MIB_MAX: Final = 64
"""What a flood may cost in memory, which allocators give back late."""


async def run(ground: Ground) -> None:
    """Denied or told to wait, never anything else; a few records for thousands of attempts; and nothing grows."""
    async with database(ground) as (server, environ):
        service = Service(ground, **environ)
        async with ended(service), session() as client:
            await service.start()
            watch = Watch(ground, server.owner_dsn)
            token = await _bot(service, client)
            for number in range(THINGS):
                await service.ask("POST", "/pacticipants", {"name": f"app-{number}"})
            before, resident = await watch.check([], []), _resident_mib(service)
            statuses: Counter[int] = Counter()
            for number in range(ground.rounds):
                until = time.monotonic() + SECONDS
                bots = [_flood(ground, client, service, token, bot, until, statuses) for bot in range(BOTS)]
                await asyncio.gather(*bots)
                ground.tell(f"round {number + 1}: {dict(statuses)}, {_resident_mib(service)} MiB resident")
            ground.require(statuses[403] > 0 and statuses[429] > 0, f"Nothing was limited: {dict(statuses)}.")
            status, _, text = await service.ask("POST", "/pacticipants", {"name": "somebody else's"})
            ground.require(status == 201, f"Somebody else paid for it: {status} {text[:200]}")
            grown = _resident_mib(service) - resident
            ground.require(grown < RESIDENT_MIB_MAX, f"The flood cost {grown} MiB.")
            ground.require(await service.stop() == 0, "The service did not end with 0 at SIGTERM.")
            after = await watch.check([], [])
            await _counted(ground, server.owner_dsn, len(after) - len(before), statuses)


async def _bot(service: Service, client: aiohttp.ClientSession) -> str:
    """The token of a system account that may do nothing but read teams."""
    _, _, made = await asked(client, "POST", f"{service.url}/admin/system-accounts", {"name": "bot"})
    uuid = msgspec.json.decode(made)["uuid"]
    reading = {"name": "reading", "permissions": [{"scope": "team:read:*"}]}
    _, _, role = await asked(client, "POST", f"{service.url}/admin/roles", reading)
    roles = {"roles": [msgspec.json.decode(role)["uuid"]]}
    await asked(client, "PUT", f"{service.url}/admin/users/{uuid}/roles", roles)
    _, _, listed = await asked(client, "GET", f"{service.url}/admin/system-accounts/{uuid}/tokens")
    items = msgspec.json.decode(listed)["_embedded"]["items"]
    return str(next(item["value"] for item in items if not item["readOnly"]))


async def _flood(
    ground: Ground,
    client: aiohttp.ClientSession,
    service: Service,
    token: str,
    bot: int,
    until: float,
    statuses: Counter[int],
) -> None:
    """Ask again at once, whatever the answer; half of the bots for the same thing."""
    number = 0
    while time.monotonic() < until:
        number += 1
        name = "the same" if bot % 2 else f"{bot}-{number}-{until}"
        body = {"name": name, "permissions": [{"scope": "role:manage:*"}]}
        method, where = "POST", f"{service.url}/admin/roles"
        if bot % 4 == 0:
            method, where = "DELETE", f"{service.url}/pacticipants/app-{number % THINGS}"
        status, headers, text = await asked(client, method, where, body, token=token)
        statuses[status] += 1
        ground.require(
            status == 403 or (status in (429, 503) and "Retry-After" in headers),
            f"A bot without permissions was answered {status} {dict(headers)}: {text[:200]}",
        )


async def _counted(ground: Ground, dsn: str, records: int, statuses: Counter[int]) -> None:
    """A few records, which together say how often the bot was refused."""
    ground.require(records <= RECORDS_MAX, f"The flood left {records} records.")
    told = 0
    for text in await checker.texts(dsn, "attempt.denied"):
        event = recorded.decode(text).data
        assert isinstance(event, AttemptDenied), "its kind says so"
        told += event.count
    ground.require(
        told == statuses[403], f"{statuses[403]} attempts were refused, and the record tells of {told}."
    )
    ground.counts["denied"] += statuses[403]
    ground.counts["told to wait"] += statuses[429]
    ground.counts["records"] += records


def _resident_mib(service: Service) -> int:
    status = Path(f"/proc/{service.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) // 1024
