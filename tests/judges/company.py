"""The company of seed 002 on a live service of ours: Sally in team A, Billy in team B, Kevin the Administrator.

Team A owns Foo and Bar, team B owns Bar and Baz. Beside them stand three system accounts of team A: Pipeline, which may
record deployments, Watcher, which may look at everything and change nothing, and Builder, which has its team's secrets
and webhooks.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import msgspec

from service import demo, demo_play
from service.demo_play import Answer, Request
from tests import service
from tests.judges.proofs import Wrong
from tests.torture import ground, served

_WATCHER: Final = ("contract_data:read:*", "environment:read:*")
_BUILDER: Final = ("secret:manage:team", "webhook:manage:team")
_READING: Final = "trail.read"
_RECORDED_SECONDS_MAX: Final = 20.0


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One record as the trail tells it."""

    position: int
    sentence: str
    outcome: str


class Company:
    """The running service, and everybody's token by first name; `sally, reading` has Sally's read-only token."""

    def __init__(self, running: served.Service, session: aiohttp.ClientSession) -> None:
        self.service = running
        self.url = running.url
        self.directory = running.ground.directory
        self.tokens: dict[str, str] = {demo.ADMINISTRATOR: service.ADMIN_TOKEN}
        self.ids: dict[str, str] = {}
        self._session = session

    async def ask(
        self, who: str, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request over plain HTTP; who is nobody where `who` is empty."""
        sent = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        address = path if path.startswith("http") else self.url + path
        async with self._session.request(
            method, address, json=body, headers={**sent, **(headers or {})}
        ) as answer:
            position = int(answer.headers.get("Muniment-Position", 0))
            return Answer(status=answer.status, text=await answer.text(), position=position)

    async def position(self) -> int:
        """Where the log stands."""
        return (await self.ask(demo.ADMINISTRATOR, "GET", "/user")).position

    async def trail(self, after: int) -> list[Record]:
        """What GET /audit tells Kevin of the time behind this position, but for who read it."""
        found: list[Record] = []
        path = f"/audit?after={after}"
        while path:
            answer = await self.ask(demo.ADMINISTRATOR, "GET", path)
            if answer.status != 200:
                raise Wrong(f"GET {path} was answered {answer.status}: {answer.text}")
            document = msgspec.json.decode(answer.text)
            found += _records(document["events"])
            path = document["_links"].get("next", {}).get("href", "")
        return found

    async def recorded(self, kind: str, number: int) -> None:
        """Wait until the record holds so many of a kind. Raises Wrong where it never does."""
        until = asyncio.get_running_loop().time() + _RECORDED_SECONDS_MAX
        found = 0
        while asyncio.get_running_loop().time() < until:
            answer = await self.ask(demo.ADMINISTRATOR, "GET", f"/audit?kind={kind}&pageSize=100")
            found = len(msgspec.json.decode(answer.text)["events"])
            if found >= number:
                return
            await asyncio.sleep(0.2)
        raise Wrong(f"The record holds {found} of {kind} in place of {number}.")

    async def stopped(self, after: int) -> list[Record]:
        """Stop the service, and what `muniment audit` then tells of the time behind this position."""
        code = await self.service.stop()
        if code != 0:
            raise Wrong(f"The service ended with {code}: {self.service.last_words()}")
        ran = await self.service.command("audit", "--since", str(after + 1), "--limit", "1000", "--json")
        if ran.code != 0:
            raise Wrong(f"muniment audit ended with {ran.code}: {ran.err}")
        return _records(msgspec.json.decode(ran.out)["events"])


def _records(events: list[dict[str, Any]]) -> list[Record]:
    return [msgspec.convert(one, Record) for one in events if one["kind"] != _READING]


@asynccontextmanager
async def opened(judge: str, **environ: str) -> AsyncIterator[Company]:
    """A service of its own for a judge, with these settings, ended afterwards with its database."""
    place = ground.Ground(f"judge {judge}", 1, 1, ground.aloud)
    # The demonstration's story begins with the first Administrator under this address.
    running = served.Service(place, MUNIMENT_ADMIN_EMAIL=demo.KEVIN_EMAIL, **environ)
    try:
        async with served.ended(running), aiohttp.ClientSession() as session:
            await running.start()
            company = Company(running, session)
            await _founded(company)
            yield company
            if running.process is not None and running.process.returncode is None:
                await running.stop()
    finally:
        place.close()


async def _founded(company: Company) -> None:
    """Teams and people as the demonstration makes them, then the system accounts."""

    async def ask(request: Request) -> Answer:
        company.tokens["in the story"] = request.token
        return await company.ask(
            "in the story" if request.token else "", request.method, request.path, request.body
        )

    played = await demo_play.play(demo.STORY[:1], ask, demo.ADMINISTRATOR, service.ADMIN_TOKEN)
    company.ids |= played.ids
    company.tokens |= {name: token.text() for name, token in played.tokens.items()}
    watcher = await made(
        company, "/admin/roles", name="Watcher", permissions=[{"scope": one} for one in _WATCHER]
    )
    builder = await made(
        company, "/admin/roles", name="Builder", permissions=[{"scope": one} for one in _BUILDER]
    )
    for name, roles in (("pipeline", []), ("watcher", [watcher]), ("builder", [builder])):
        await account(company, name, roles)
    tokens = await _asked(company, "sally", "/settings/tokens")
    company.tokens["sally, reading"] = _value(tokens, read_only=True)


async def account(company: Company, name: str, roles: list[str]) -> None:
    """A system account of team A with these roles; without any it keeps CI/CD, which it begins with."""
    account = await made(company, "/admin/system-accounts", name=name.capitalize())
    company.ids[name] = account
    if roles:
        await company.ask(demo.ADMINISTRATOR, "PUT", f"/admin/users/{account}/roles", {"roles": roles})
    await company.ask(
        demo.ADMINISTRATOR, "POST", f"/admin/teams/{company.ids['A']}/users", {"users": [account]}
    )
    tokens = await _asked(company, demo.ADMINISTRATOR, f"/admin/system-accounts/{account}/tokens")
    company.tokens[name] = _value(tokens, read_only=False)


async def made(company: Company, path: str, **body: object) -> str:
    answer = await company.ask(demo.ADMINISTRATOR, "POST", path, body)
    if answer.status != 201:
        raise Wrong(f"POST {path} was answered {answer.status}: {answer.text}")
    return str(msgspec.json.decode(answer.text)["uuid"])


async def _asked(company: Company, who: str, path: str) -> Any:
    answer = await company.ask(who, "GET", path)
    if answer.status != 200:
        raise Wrong(f"GET {path} was answered {answer.status}: {answer.text}")
    return msgspec.json.decode(answer.text)


def _value(tokens: Any, *, read_only: bool) -> str:
    return next(str(one["value"]) for one in tokens["_embedded"]["items"] if one["readOnly"] is read_only)
