"""What is done to planted values: everything that can be done to a secret and to a webhook, well and badly."""

import asyncio
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
from aiohttp import web

from tests import receiver
from tests.receiver import Receiver
from tests.scenarios import planted
from tests.scenarios.planted import Value
from tests.scenarios.recording import Recording
from tests.torture.served import Service

SETTINGS = {
    "MUNIMENT_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
    "MUNIMENT_WEBHOOK_RETRY_SECONDS": "1,1",
    "MUNIMENT_WEBHOOK_TIMEOUT_SECONDS": "2",
    "LOG_LEVEL": "debug",
}
PATIENCE_SECONDS = 90.0
"""How long a machine with a lot to do may take to send something."""
DENIED = "mun_nobody-has-this-token-at-all-00000000000"


class Planted(msgspec.Struct, frozen=True, kw_only=True):
    """The values of one run. Those of `shown` are told to whoever manages the webhook, and to nobody else."""

    first: Value
    second: Value
    refused: Value
    password: Value
    later_password: Value
    authorization: Value
    token: Value
    inline: Value
    in_path: Value
    in_body: Value
    clear: Value
    """Planted in the clear on purpose: what a description says is in the record, and must be found."""

    @property
    def secret(self) -> list[Value]:
        """What is never told to anybody."""
        return [
            *(self.first, self.second, self.refused, self.password, self.later_password),
            *(self.authorization, self.token, self.inline),
        ]

    @property
    def shown(self) -> list[Value]:
        """What is told to whoever manages the webhook."""
        return [self.in_path, self.in_body]

    @property
    def hidden(self) -> list[Value]:
        """What may be nowhere in the clear."""
        return [*self.secret, *self.shown]


def drawn() -> Planted:
    """Other values in every run: nothing can have been made to fit them."""
    chance = random.SystemRandom()
    plain = ("in_path", "clear", "authorization", "token")
    names = Planted.__struct_fields__
    return Planted(**{name: planted.drawn(name, chance, plain=name in plain) for name in names})


class Story:
    """What is done to the values, step by step."""

    def __init__(self, running: Service, there: Receiver) -> None:
        self.running, self.there = running, there
        self.client = Recording(running)
        self.values = drawn()
        self.teams: dict[str, str] = {}
        self.watcher = self.watcher_id = ""
        self.secret = self.webhook = self.bearer = ""

    # -- who is there ------------------------------------------------------------------------------------

    async def founded(self) -> None:
        """Two teams, and an account that may read secrets' names in one of them."""
        must = self.client.must
        for name in ("A", "B"):
            self.teams[name] = (await must(201, "POST", "/admin/teams", {"name": name})).json["uuid"]
        body = {"name": "Watcher", "permissions": [{"scope": "secret:read:team"}]}
        role = (await must(201, "POST", "/admin/roles", body)).json["uuid"]
        account = (await must(201, "POST", "/admin/system-accounts", {"name": "watcher"})).json["uuid"]
        await must(204, "PUT", f"/admin/users/{account}/roles", {"roles": [role]})
        await must(200, "POST", f"/admin/teams/{self.teams['A']}/users", {"users": [account]})
        items = (await must(200, "GET", f"/admin/system-accounts/{account}/tokens")).json["_embedded"][
            "items"
        ]
        self.watcher = next(one["value"] for one in items if not one["readOnly"])
        self.watcher_id = account

    # -- secrets -----------------------------------------------------------------------------------------

    async def secrets(self) -> None:
        """Made, made again, refused, denied, tried out, rotated, moved there and back."""
        must, values = self.client.must, self.values
        team = self.teams["A"]
        body = {"name": "ci-token", "description": values.clear.text, "value": values.first.text}
        await must(200, "POST", "/secrets?dry_run=true", {**body, "teamUuid": team})
        keyed = {"Idempotency-Key": "once"}
        made = await must(201, "POST", "/secrets", {**body, "teamUuid": team}, headers=keyed)
        again = await must(201, "POST", "/secrets", {**body, "teamUuid": team}, headers=keyed)
        assert made.json["uuid"] == again.json["uuid"]
        self.secret = made.json["uuid"]
        await self._refused("POST", "/secrets")
        path = f"/secrets/{self.secret}"
        await self._refused("PUT", path)
        rotated = {**body, "value": values.second.text, "teamUuid": team}
        await must(200, "PUT", f"{path}?dry_run=true", rotated)
        await must(200, "PUT", path, rotated, headers={"Idempotency-Key": "rotated"})
        await must(200, "PUT", path, rotated, headers={"Idempotency-Key": "rotated"})
        for team in (self.teams["B"], self.teams["A"]):
            await must(200, "PUT", path, {"name": "ci-token", "teamUuid": team, "description": "moved"})

    async def _refused(self, method: str, path: str) -> None:
        """The value in bodies that are refused, each for another reason, and sent by who may not."""
        text, ask = self.values.refused.text, self.client.ask
        good = {"name": "other", "description": "", "value": text, "teamUuid": self.teams["A"]}
        bad: list[object] = [
            {**good, "name": ""},
            {**good, "name": 7},
            {**good, "name": "x" * 10_000},
            {**good, "teamUuid": "no-such-team"},
            {**good, "teamUuid": {text: text}},
            {**good, "value": [text]},
            {**good, "value": {"value": text}},
            {**good, "value": text * 30_000},
            {**good, "value": f"{text}\u0000"},
            {**good, "description": [text]},
            [good],
            text,
        ]
        for body in bad:
            answer = await ask(method, path, body)
            assert 400 <= answer.status < 500, f"{str(body)[:80]}: {answer.status} {answer.text[:200]}"
        for octets in (json.dumps(good).encode()[:-3], json.dumps(good).encode("utf-16"), text.encode()):
            answer = await ask(method, path, octets=octets)
            assert 400 == answer.status, answer.text
        problem = {"Accept": "application/problem+json"}
        await ask(method, path, {**good, "name": ""}, headers=problem)
        await ask(method, path, good, headers={"Content-Type": "text/plain"})
        for token, status in ((self.watcher, 403), (DENIED, 401)):
            answer = await ask(method, path, good, token=token, headers=problem)
            assert status == answer.status, answer.text
            await ask(method, f"{path}?dry_run=true", good, token=token)
        stale = await ask("PUT", f"/secrets/{self.secret}", good, headers={"If-Match": '"99999999"'})
        assert 412 == stale.status, stale.text

    # -- webhooks ----------------------------------------------------------------------------------------

    def request(self, token: str, **more: str) -> dict[str, Any]:
        """A request with every place that a value can stand in. A password takes the place of an Authorization."""
        authorization = more.pop("authorization", None)
        return {
            "method": "POST",
            "url": self.there.url(f"/hook/{self.values.in_path.text}?by=${{user.ci-token}}"),
            "headers": {
                **({"Authorization": authorization} if authorization else {}),
                "X-Token": token,
                "X-Secret": "${user.ci-token}",
                "Content-Type": "application/json",
            },
            **more,
            "body": {
                "key": self.values.in_body.text,
                "secret": "${user.ci-token}",
                "missing": "${user.nothing}",
                "pact": "${pactbroker.pactUrl}",
            },
        }

    def document(self, **request: Any) -> dict[str, Any]:
        """The webhook as it is sent."""
        return {
            "description": "Build",
            "enabled": True,
            "teamUuid": self.teams["A"],
            "events": [{"name": "contract_content_changed"}],
            "request": request,
        }

    async def webhooks(self) -> None:
        """Made, refused, denied, tried out, saved with asterisks, changed, shown in every way."""
        must, values = self.client.must, self.values
        body = self.document(
            **self.request(values.token.text, username="robot", password=values.password.text)
        )
        await must(200, "POST", "/webhooks?dry_run=true", body)
        keyed = {"Idempotency-Key": "hook"}
        made = await must(201, "POST", "/webhooks", body, headers=keyed)
        assert made.json["uuid"] == (await must(201, "POST", "/webhooks", body, headers=keyed)).json["uuid"]
        self.webhook = made.json["uuid"]
        path = f"/webhooks/{self.webhook}"
        await self._webhooks_refused(body)
        shown = (await must(200, "GET", path)).json
        assert "**********" == shown["request"]["password"]
        assert "**********" == shown["request"]["headers"]["X-Token"]
        again = {**self.document(**shown["request"]), "description": "Build again"}
        await must(200, "PUT", f"{path}?dry_run=true", again)
        await must(200, "PUT", path, again)
        changed = {**again, "request": {**shown["request"], "password": values.later_password.text}}
        await must(200, "PUT", path, changed, headers={"Idempotency-Key": "again"})
        for one in ("/webhooks", path, "/secrets", f"/secrets/{self.secret}", "/"):
            await must(200, "GET", one)
        bearer = self.request(values.token.text, authorization=f"Bearer {values.authorization.text}")
        made = await must(201, "POST", "/webhooks", {**self.document(**bearer), "description": "Bearer"})
        self.bearer = made.json["uuid"]
        assert "**********" == made.json["request"]["headers"]["Authorization"]

    async def _webhooks_refused(self, body: dict[str, Any]) -> None:
        text, ask = self.values.refused.text, self.client.ask
        bad: list[dict[str, object]] = [
            {"method": text},
            {"method": [text]},
            {"url": text},
            {"url": f"ftp://{text}@example.org/"},
            {"url": f"http://robot:{text}@127.0.0.1:1/"},
            {"url": f"http://[{text}]/"},
            {"headers": [text]},
            {"headers": {"Authorization": [text]}},
            {"headers": {f"X {text}": "y"}},
            {"headers": {"Authorization": f"{text}\r\nX: y"}},
            {"headers": {"X-Token": f"{text}\u0000"}},
            {"username": {text: text}},
            {"password": [text]},
            {"password": text * 30_000},
        ]
        good = {**body, "request": {**body["request"], "password": text, "body": text}}
        for path, method in (("/webhooks", "POST"), (f"/webhooks/{self.webhook}", "PUT")):
            for wrong in bad:
                answer = await ask(method, path, {**body, "request": {**body["request"], **wrong}})
                assert 400 <= answer.status < 500, f"{str(wrong)[:80]}: {answer.status} {answer.text[:300]}"
            others: tuple[dict[str, object], ...] = (
                {"events": [{"name": text}]},
                {"events": text},
                {"teamUuid": text},
                {"consumer": {"name": [text]}},
            )
            for more in others:
                answer = await ask(method, path, {**good, **more})
                assert 400 <= answer.status < 500, f"{str(more)[:80]}: {answer.status}"
            assert 403 == (await ask(method, path, good, token=self.watcher)).status
            assert 400 == (await ask(method, path, octets=json.dumps(good).encode()[:-5])).status
        for path in ("/webhooks/execute", f"/webhooks/{self.webhook}/execute"):
            denied = await ask("POST", path, good, token=self.watcher)
            assert 403 == denied.status, denied.text

    # -- what is sent ------------------------------------------------------------------------------------

    async def published(self, version: str, *, status: int = 201) -> None:
        """A contract is published, so that the webhook fires."""
        path = f"/pacts/provider/Bar/consumer/Foo/version/{version}"
        await self.client.must(status, "PUT", path, {"interactions": [{"description": version}]})

    async def sent(self) -> None:
        """Every outcome there is, with a receiver that says everything back that it was told."""
        values, there = self.values, self.there
        for version, answer in enumerate((echoing(500), closing, silent, echoing(302), echoing(200)), 10):
            number = len(there.got)
            there.answers = [answer, answer, echoing(200)]
            await self.published(str(version))
            await there.count(number + (2 if version > 12 else 4), seconds=PATIENCE_SECONDS)
        number = len(there.got)
        there.answers = [echoing(500)] * 6
        await self.published("20")
        await there.count(number + 6, seconds=PATIENCE_SECONDS)
        await self._tried_out()
        await self.client.must(200, "GET", "/audit?pageSize=100&sort=-timestamp")
        for got in there.got:
            if "inline" in got.target:
                continue
            assert values.in_path.text in got.target
            assert values.in_body.text == json.loads(got.body)["key"]
            assert values.second.text == json.loads(got.body)["secret"]
            assert values.second.text == got.headers["X-Secret"]
            assert values.token.text == got.headers["X-Token"]

    async def _tried_out(self) -> None:
        """Tests of the saved webhook, of one that is not saved, and their logs."""
        must = self.client.must
        self.there.answers = [echoing(200), echoing(400), echoing(200), silent]
        tried = await must(200, "POST", f"/webhooks/{self.webhook}/execute", {})
        assert tried.json["success"]
        await must(200, "POST", f"/webhooks/{self.webhook}/execute")
        values = self.values
        inline = self.request(values.inline.text, username="robot", password=values.inline.text)
        body = self.document(**{**inline, "url": self.there.url("/hook/inline")})
        for _ in range(2):
            await must(200, "POST", "/webhooks/execute", body)
        logs = {
            link["href"]
            for _, octets in self.client.answers
            for link in _links(octets)
            if "/triggered-webhooks/" in link["href"]
        }
        for one in sorted(logs):
            await self.client.ask("GET", one)

    # -- everything else ---------------------------------------------------------------------------------

    async def asked_about(self) -> None:
        """Every question that names them, over HTTP and at the console."""
        must, ask = self.client.must, self.client.ask
        path = "/audit?pageSize=100"
        while path:
            page = (await must(200, "GET", path)).json
            for event in page["events"]:
                await ask("GET", f"/audit/{event['uuid']}")
                await ask("GET", f"/effects/{event['uuid']}")
            path = page["_links"].get("next", {}).get("href", "")
        for thing in (f"secret:{self.secret}", "secret:A/ci-token", f"webhook:{self.webhook}"):
            type_ = thing.partition(":")[0]
            await must(200, "GET", f"/access/v1/who?action={type_}:manage&resource={thing}")
            await must(200, "GET", f"/access/v1/why?subject=watcher&action={type_}:manage&resource={thing}")
            await must(200, "GET", f"/audit?touches={thing}")
            for words in (("show", thing), ("who", f"{type_}:manage", thing), ("audit", "--touches", thing)):
                ran = await self.client.command(*words, "--json")
                assert 0 == ran.code, f"{words}: {ran.err}"
        for position in range(1, int((await must(200, "GET", "/secrets")).headers["Muniment-Position"]), 3):
            for one in (f"/secrets/{self.secret}", f"/webhooks/{self.webhook}", "/secrets", "/webhooks"):
                await ask("GET", f"{one}?as_of={position}")
        pair = "/pacts/provider/Bar/consumer/Foo"
        for one in (f"/webhooks/{self.webhook}/deliveries", f"/webhooks/{self.bearer}/deliveries"):
            for delivery in (await must(200, "GET", one)).json["_embedded"]["deliveries"]:
                await ask("GET", delivery["_links"]["pb:logs"]["href"])
        for one in (f"{pair}/version/10/triggered-webhooks", f"{pair}/webhooks/status"):
            await must(200, "GET", one)
        for command in (("audit", "--limit", "1000"), ("doctor",), ("config",), ("keys", "show")):
            await self.client.command(*command)

    async def went_on(self, place: Path) -> None:
        """A restart with another form of log, a snapshot, a backup, and kill -9 while a request is under way."""
        for words in (("snapshot",), ("backup", str(place / "copy")), ("verify",), ("rebuild", "--check")):
            ran = await self.client.command(*words)
            assert 0 == ran.code, f"{words}: {ran.out}{ran.err}"
        assert 0 == await self.running.stop()
        await self.running.start(LOG_FORMAT="console", **SETTINGS)
        number = len(self.there.got)
        self.there.answers = [silent, silent]
        await self.published("30")
        await self.there.count(number + 2, seconds=PATIENCE_SECONDS)
        await self.running.kill()
        await self.running.start(LOG_FORMAT="json", **SETTINGS)
        await self.there.count(number + 4, seconds=PATIENCE_SECONDS)
        assert self.values.second.text == json.loads(self.there.got[-1].body)["secret"]
        ran = await self.client.command("snapshot")
        assert 0 == ran.code, ran.err

    async def damaged(self) -> None:
        """A value that is gone from the vault: what draws on it fails in words, and goes on once it is given again."""
        connection = await asyncpg.connect(self.running.owner_dsn)
        rows = await connection.fetch("delete from muniment.vault returning ref, ciphertext")
        await self.published("40")
        await self._executed("vault")
        for path in (f"/webhooks/{self.webhook}", f"/secrets/{self.secret}", "/webhooks", "/secrets"):
            await self.client.ask("GET", path)
        await self.client.ask("POST", f"/webhooks/{self.webhook}/execute", {})
        await connection.executemany(
            "insert into muniment.vault values ($1, $2) on conflict do nothing", [tuple(row) for row in rows]
        )
        await connection.close()
        ran = await self.client.command("verify")
        assert 0 == ran.code, ran.out

    async def _executed(self, problem: str) -> None:
        """Wait until an attempt failed for this problem."""
        told: list[str] = []
        until = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while asyncio.get_running_loop().time() < until:
            page = await self.client.must(200, "GET", "/audit?kind=webhook.executed&sort=-timestamp")
            told = [one["sentence"] for one in page.json["events"][:4]]
            if any(problem in one for one in told):
                return
            await asyncio.sleep(0.2)
        raise AssertionError(f"nothing failed for {problem}: {told}")


def echoing(status: int) -> receiver.Answering:
    """A receiver that says back all that it was told: in headers and in the body."""

    async def answer(request: web.Request) -> web.Response:
        told = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
        headers = {
            "X-Echo": request.headers.get("Authorization", ""),
            "Location": f"http://127.0.0.1:1{request.raw_path}",
        }
        text = f"{request.raw_path}\n{told}\n{await request.text()}"
        return web.Response(status=status, text=text, headers=headers)

    return answer


async def silent(request: web.Request) -> web.Response:
    """A receiver that says nothing for longer than anybody waits."""
    await asyncio.sleep(5)
    return web.Response()


async def closing(request: web.Request) -> web.Response:
    """A receiver that hangs up in the middle."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


def _links(octets: bytes) -> Iterator[dict[str, Any]]:
    """Every link of an answer's document, at any depth."""
    try:
        todo = [json.loads(octets.decode().partition("\n\n")[2])]
    except ValueError:
        return
    while todo:
        one = todo.pop()
        if isinstance(one, dict):
            if isinstance(one.get("href"), str):
                yield one
            todo += one.values()
        elif isinstance(one, list):
            todo += one
