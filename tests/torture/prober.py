"""Somebody who asks, all the time, a question whose answer is known for every position: never a false yes or no.

One task gives a system account a role and takes it away again; others ask whether it may what the role permits. An
answer names its position, and what was granted up to there decides what it had to be.
"""

import asyncio
import bisect
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
import msgspec

from tests.torture.ground import Ground
from tests.torture.writers import PATIENCE_SECONDS_MAX, asked, session

ASKING: Final = 3
_PAUSE_SECONDS: Final = 0.02
_NOT_NOW: Final = (429, 503, 504)


class Prober:
    """What was granted and taken at which position, and what was answered as of which."""

    def __init__(self, ground: Ground, client: aiohttp.ClientSession, urls: list[str]) -> None:
        self._ground, self._client, self._urls = ground, client, urls
        self._bot = self._role = ""
        self._granted = [0]
        """Positions at which the answer changed: no before the first, yes from it on, no from the second on …"""
        self._answers: list[tuple[int, bool, str]] = []
        self._reached = 0
        self._stopping = False
        self.statuses: Counter[int] = Counter()

    async def prepare(self) -> None:
        """A system account without the role, and the role."""
        made = await self._done("POST", "/admin/system-accounts", {"name": "probed"}, "probe-account")
        self._bot = made["uuid"]
        await self._done("PUT", f"/admin/users/{self._bot}/roles", {"roles": []}, "probe-bare")
        body = {"name": "probed", "permissions": [{"scope": "contract_data:manage:*"}]}
        self._role = (await self._done("POST", "/admin/roles", body, "probe-role"))["uuid"]
        await self._done("POST", "/pacticipants", {"name": "probed"}, "probe-application")

    async def flip(self) -> None:
        """Give and take, each until it is answered for good."""
        number = 0
        while not self._stopping:
            number += 1
            method = "PUT" if number % 2 else "DELETE"
            path = f"/admin/users/{self._bot}/roles/{self._role}"
            await self._done(method, path, None, f"probe-{number}")
            self._granted.append(self._reached)
            await asyncio.sleep(_PAUSE_SECONDS * 5)

    async def ask(self, index: int) -> None:
        """Ask; every other time no answer older than the last flip will do."""
        url = self._urls[index % len(self._urls)]
        body = {
            "subject": {"type": "user", "id": self._bot},
            "action": {"name": "contract_data:manage"},
            "resource": {"type": "application", "id": "probed"},
        }
        number = 0
        while not self._stopping:
            number += 1
            at_least = self._reached if number % 2 else 0
            where = f"{url}/access/v1/evaluation" + (f"?at_least={at_least}" if at_least else "")
            try:
                status, headers, text = await asked(self._client, "POST", where, body)
            except (aiohttp.ClientError, TimeoutError):
                self.statuses[0] += 1
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            self.statuses[status] += 1
            if status == 200:
                position = int(headers["Muniment-Position"])
                self._answers.append((position, msgspec.json.decode(text)["decision"], url))
                self._ground.require(
                    position >= at_least, f"Asked for at least {at_least}, answered as of {position}."
                )
            else:
                self._ground.require(
                    status in _NOT_NOW and "Retry-After" in headers,
                    f"A question was answered {status} {dict(headers)}: {text[:300]}",
                )
            await asyncio.sleep(_PAUSE_SECONDS)

    def judge(self) -> None:
        """Hold every answer against what was granted at its position."""
        for position, decision, url in self._answers:
            truth = (bisect.bisect_right(self._granted, position) - 1) % 2 == 1
            self._ground.require(
                decision == truth,
                f"{url} answered {decision} as of {position}, where it was {truth} (changed at {self._granted}).",
            )
        self._ground.counts["questions"] += len(self._answers)
        self._ground.counts["flips"] += len(self._granted) - 1

    def stop(self) -> None:
        """Ask and flip no more."""
        self._stopping = True

    async def _done(self, method: str, path: str, body: object, request: str) -> dict[str, str]:
        async with asyncio.timeout(PATIENCE_SECONDS_MAX):
            while True:
                try:
                    status, headers, text = await asked(
                        self._client, method, f"{self._urls[0]}{path}", body, request
                    )
                except (aiohttp.ClientError, TimeoutError):
                    await asyncio.sleep(_PAUSE_SECONDS)
                    continue
                if status < 300:
                    self._reached = int(headers["Muniment-Position"])
                    found: dict[str, str] = msgspec.json.decode(text) if text else {}
                    return found
                self._ground.require(
                    status in (429, 503) and "Retry-After" in headers,
                    f"{request} was answered {status} {dict(headers)}: {text[:300]}",
                )
                await asyncio.sleep(_PAUSE_SECONDS * 5)


@asynccontextmanager
async def probing(ground: Ground, urls: list[str]) -> AsyncIterator[Prober]:
    """Questions for as long as the context lasts; then every answer is judged."""
    async with session() as client:
        prober = Prober(ground, client, urls)
        await prober.prepare()
        tasks = [asyncio.create_task(prober.ask(index)) for index in range(ASKING)]
        tasks.append(asyncio.create_task(prober.flip()))
        try:
            yield prober
            prober.stop()
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        prober.judge()
