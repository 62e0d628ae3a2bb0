"""A running service for the tests: the real application on real Postgres, spoken to over real HTTP.

async with service.running(database, data_dir) as running:
    sally = await running.person("sally", teams=[team])
    answer = await sally.get("/user")
    assert 200 == answer.status
"""

import io
import json as jsons
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec
from aiohttp import web
from yarl import URL

from service import app as composition
from service.app import App
from service.http import wire
from service.http.edge import Edge, unobserved
from service.settings import Settings, from_environment
from tests import postgres

BASE_URL = "https://contracts.example.org"
ADMIN_TOKEN = "mun_test-administrator-token-of-this-run"
KEY = "11" * 32


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the service answered."""

    status: int
    headers: Mapping[str, str]
    octets: bytes
    path: str = ""
    """What was asked, without its query."""

    @property
    def text(self) -> str:
        return self.octets.decode()

    @property
    def json(self) -> Any:
        return jsons.loads(self.octets)

    @property
    def position(self) -> int:
        return int(self.headers["Muniment-Position"])


class Client:
    """Speaks to one running service with one token (None: without). `id` is its principal's, where known."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        root: URL,
        token: str | None,
        principal: str = "",
        read_only: str = "",
    ) -> None:
        self._session = session
        self._root = root
        self.token = token
        self.id = principal
        self.read_only_token = read_only

    async def get(self, path: str, **more: Any) -> Answer:
        return await self.ask("GET", path, **more)

    async def post(self, path: str, json: object = None, **more: Any) -> Answer:
        return await self.ask("POST", path, json=json, **more)

    async def put(self, path: str, json: object = None, **more: Any) -> Answer:
        return await self.ask("PUT", path, json=json, **more)

    async def patch(self, path: str, json: object = None, **more: Any) -> Answer:
        return await self.ask("PATCH", path, json=json, **more)

    async def delete(self, path: str, json: object = None, **more: Any) -> Answer:
        return await self.ask("DELETE", path, json=json, **more)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request. `path` is sent as it stands, escapes included; an address under BASE_URL is one of ours."""
        sent = {"Authorization": f"Bearer {self.token}"} if self.token is not None else {}
        if json is not None:
            body = jsons.dumps(json).encode()
        if body is not None:
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        address = URL(f"{str(self._root).rstrip('/')}{path.removeprefix(BASE_URL)}", encoded=True)
        async with self._session.request(
            method,
            address,
            data=None if body is None else io.BytesIO(body),
            headers=sent,
            allow_redirects=False,
        ) as response:
            return Answer(
                status=response.status,
                headers=response.headers,
                octets=await response.read(),
                path=response.url.path,
            )

    def read_only(self) -> "Client":
        """The same principal, with its read-only token."""
        return Client(self._session, self._root, self.read_only_token, self.id)


class Running:
    """A service, and clients for whoever the test needs."""

    def __init__(self, app: App, session: aiohttp.ClientSession, root: URL) -> None:
        self.app = app
        self.root = root
        self._session = session
        self.nobody = self.client(None)
        self.admin = self.client(ADMIN_TOKEN)

    def client(self, token: str | None, principal: str = "", read_only: str = "") -> Client:
        """A client with any token."""
        return Client(self._session, self.root, token, principal, read_only)

    @property
    def position(self) -> int:
        """Where the log stands."""
        return self.app.replica.position

    async def person(
        self, name: str, *, roles: Sequence[str] | None = None, teams: Sequence[str] | None = None
    ) -> Client:
        """Somebody invited by the administrator who redeemed the code. `roles` and `teams` replace the default ones."""
        email = f"{name.lower().replace(' ', '.')}@example.org"
        invited = await self.admin.post(
            "/admin/users/invite-user", {"name": name, "email": email, "active": True}
        )
        assert 200 == invited.status, invited.text
        redeemed = await self.nobody.post("/invitations/redeem", {"code": invited.json["invitation"]["code"]})
        assert 200 == redeemed.status, redeemed.text
        client = self._with_tokens(invited.json["uuid"], redeemed.json)
        await self._place(client.id, roles, teams)
        return client

    async def system_account(
        self, name: str, *, roles: Sequence[str] | None = None, teams: Sequence[str] | None = None
    ) -> Client:
        """A system account with its tokens. `roles` and `teams` replace the default ones."""
        made = await self.admin.post("/admin/system-accounts", {"name": name})
        assert 201 == made.status, made.text
        tokens = await self.admin.get(f"/admin/system-accounts/{made.json['uuid']}/tokens")
        client = self._with_tokens(made.json["uuid"], tokens.json)
        await self._place(client.id, roles, teams)
        return client

    async def team(self, name: str, **fields: Any) -> str:
        """A new team's id; fields as in POST /admin/teams."""
        made = await self.admin.post("/admin/teams", {"name": name, **fields})
        assert 201 == made.status, made.text
        return str(made.json["uuid"])

    async def role(self, name: str, *scopes: str) -> str:
        """A new custom role's id."""
        body = {"name": name, "permissions": [{"scope": scope} for scope in scopes]}
        made = await self.admin.post("/admin/roles", body)
        assert 201 == made.status, made.text
        return str(made.json["uuid"])

    def _with_tokens(self, principal: str, document: Any) -> Client:
        values = {item["readOnly"]: item["value"] for item in document["_embedded"]["items"]}
        return self.client(values[False], principal, values[True])

    async def _place(self, principal: str, roles: Sequence[str] | None, teams: Sequence[str] | None) -> None:
        if roles is not None:
            placed = await self.admin.put(f"/admin/users/{principal}/roles", {"roles": list(roles)})
            assert 204 == placed.status, placed.text
        if teams is None:
            return
        held = (await self.admin.get(f"/admin/users/{principal}")).json["_embedded"]["teams"]
        for team in held:
            left = await self.admin.delete(f"/admin/teams/{team['uuid']}/users/{principal}")
            assert 204 == left.status, left.text
        for team in teams:
            joined = await self.admin.post(f"/admin/teams/{team}/users", {"users": [principal]})
            assert 200 == joined.status, joined.text


def settings(database: postgres.Database, data_dir: Path, **environment: str) -> Settings:
    """The settings of a service on a test's database; more variables by keyword."""
    return from_environment(
        {
            "DATABASE_URL": database.service_dsn,
            "MUNIMENT_MIGRATE_URL": database.owner_dsn,
            "MUNIMENT_DATA_DIR": str(data_dir),
            "MUNIMENT_KEY": KEY,
            "MUNIMENT_ADMIN_TOKEN": ADMIN_TOKEN,
            "BASE_URL": BASE_URL,
            # Tests are denied more than anybody else; those of the limit itself set one.
            "MUNIMENT_DENIALS_PER_MINUTE": "0",
            **environment,
        }
    ).settings


@asynccontextmanager
async def running(
    database: postgres.Database,
    data_dir: Path,
    answered: Callable[[str, str, int, float], None] = unobserved,
    clock: Callable[[], datetime] = composition.clock,
    **environment: str,
) -> AsyncIterator[Running]:
    """The service on a fresh database, opened if it is empty, and stopped with the context.

    `answered` is told of every answer.
    """
    chosen = settings(database, data_dir, **environment)
    async with composition.opened(chosen, open_account=True, follow=True, clock=clock) as app:
        edge = msgspec.structs.replace(edge_of(app), answered=answered)
        runner = wire.runner(edge, shutdown_timeout=1.0)
        await runner.setup()
        try:
            site = web.SockSite(runner, socket.create_server(("127.0.0.1", 0)))
            await site.start()
            host, port = runner.addresses[0]
            async with aiohttp.ClientSession() as session:
                yield Running(app, session, URL(f"http://{host}:{port}/"))
        finally:
            await runner.cleanup()


def edge_of(app: App) -> Edge:
    """The parts of a composed service that its HTTP surfaces touch."""
    return Edge(
        settings=app.settings,
        keys=app.keys,
        fresh=app.fresh,
        replica=app.replica,
        handler=app.handler,
        reader=app.reader,
        vigil=app.vigil,
        uses=app.uses,
        client=app.client,
        release=app.release,
    )


def host_and_port(root: URL) -> tuple[str, int]:
    """Where the service listens, for a test that writes bytes no client library would."""
    parts = urlsplit(str(root))
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port
