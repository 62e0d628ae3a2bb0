"""Callers as they should be: one action after the other, each retried under its key until it is answered for good."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests import service
from tests.torture.checker import Acknowledged
from tests.torture.ground import Ground

ANSWER_SECONDS_MAX = 25.0
"""The service answers within 15 s, or says that it does not know."""
PATIENCE_SECONDS_MAX = 90.0
"""After which an action that still has no answer is a violation: nothing here takes that long to heal."""


class Writers:
    """`count` callers who register applications at the services in turn; what they were told is in `acknowledged`."""

    def __init__(self, ground: Ground, urls: Sequence[str], count: int = 64, prefix: str = "w") -> None:
        self._ground = ground
        self._urls = urls
        self._count = count
        self._prefix = prefix
        self._stopping = False
        self.acknowledged: list[Acknowledged] = []
        self.times: list[tuple[str, float]] = []
        """Who was acknowledged when (monotonic seconds)."""
        self.sent: list[str] = []
        self.statuses: Counter[int] = Counter()

    async def more(self, count: int, seconds_max: float = PATIENCE_SECONDS_MAX, of: str = "") -> bool:
        """Wait until so many more actions were acknowledged, to whom `of` begins; without them, a violation."""
        began = time.monotonic()
        wanted = self._acknowledged_to(of) + count
        while self._acknowledged_to(of) < wanted:
            if time.monotonic() - began > seconds_max:
                return self._ground.require(
                    False,
                    f"{count} more actions were not acknowledged within {seconds_max:.0f} s"
                    f" ({wanted - self._acknowledged_to(of)} are missing, statuses {dict(self.statuses)}).",
                )
            await asyncio.sleep(0.02)
        return True

    def _acknowledged_to(self, of: str) -> int:
        return sum(writer.startswith(of) for writer, _ in self.times) if of else len(self.acknowledged)

    def longest_wait(self, since: float, until: float, of: str = "") -> float:
        """The most seconds of a span in which none of these writers was told anything."""
        marks = [since, *(at for who, at in self.times if since < at < until and who.startswith(of)), until]
        return max(after - before for before, after in itertools.pairwise(marks))

    async def write(self, session: aiohttp.ClientSession, index: int) -> None:
        """One caller's life."""
        writer, url = f"{self._prefix}{index}", self._urls[index % len(self._urls)]
        number = 0
        while not self._stopping:
            number += 1
            request = f"{writer}-{number}"
            self.sent.append(request)
            position = await self._acknowledged(session, url, request)
            if position is None:
                return
            self.times.append((writer, time.monotonic()))
            self.acknowledged.append(
                Acknowledged(writer=writer, number=number, request=request, position=position)
            )

    def stop(self) -> None:
        """Let every caller finish what it began, and begin nothing more."""
        self._stopping = True

    async def _acknowledged(self, session: aiohttp.ClientSession, url: str, request: str) -> int | None:
        deadline = time.monotonic() + PATIENCE_SECONDS_MAX
        while time.monotonic() < deadline:
            try:
                status, headers, text = await asked(
                    session, "POST", f"{url}/pacticipants", {"name": request}, request
                )
            except (aiohttp.ClientError, TimeoutError):
                self.statuses[0] += 1
                await asyncio.sleep(0.1)
                continue
            self.statuses[status] += 1
            if status == 201:
                return int(headers["Muniment-Position"])
            if not self._ground.require(
                status in (429, 503) and "Retry-After" in headers,
                f"{request} was answered {status} {dict(headers)}: {text[:300]}",
            ):
                return None
            await asyncio.sleep(0.1)
        self._ground.violated([f"{request} was never answered for good."])
        return None


async def asked(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    body: Any = None,
    request: str = "",
    token: str = service.ADMIN_TOKEN,
) -> tuple[int, Mapping[str, str], str]:
    """One request, under a key if it has an id. Raises what the client raises where nothing answers."""
    headers = {"Authorization": f"Bearer {token}"}
    if request:
        headers |= {"Idempotency-Key": request, "X-Request-ID": request}
    async with session.request(method, url, json=body, headers=headers, allow_redirects=False) as answer:
        return answer.status, answer.headers, await answer.text()


@asynccontextmanager
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """Connections as many as are wanted, and an end to every wait."""
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS_MAX)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as made:
        yield made


@asynccontextmanager
async def writing(
    ground: Ground, urls: Sequence[str], count: int = 64, prefix: str = "w"
) -> AsyncIterator[Writers]:
    """Callers who write for as long as the context lasts, and then finish what they began."""
    writers = Writers(ground, urls, count, prefix)
    async with session() as made:
        tasks = [asyncio.create_task(writers.write(made, index)) for index in range(count)]
        try:
            yield writers
            writers.stop()
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    ground.counts["acknowledged"] += len(writers.acknowledged)
    for status, number in writers.statuses.items():
        ground.counts[f"status {status}"] += number
