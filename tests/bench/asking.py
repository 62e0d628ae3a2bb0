"""Who is asked, and about what, where decisions are measured: the service, what stands beside it, and questions."""

import json
import random
import resource
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec

from service.catalogue.compiled import DECISION_CLIENT
from tests.bench import worlds
from tests.bench.ground import MUNIMENT, ROOT, Ground, free_port

ACTIONS: Final = ("contract_data:manage", "contract_data:read", "contract_data:bulk_delete")
CALLERS: Final = 64
_TURN_SECONDS: Final = 2.0
_SOME: Final = 5_000
_SCRIPT: Final = Path(__file__).with_name("ask.lua")


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """One run of wrk: answers a second, what 99 % stayed within, and wrk's own share of a processor."""

    rate: float
    p99_ms: float
    busy: float


class World(msgspec.Struct, frozen=True, kw_only=True):
    """Whom and what is asked about, and the positions from which on all of it is there."""

    people: Sequence[str]
    applications: Sequence[str]
    first: int
    last: int
    chance: random.Random

    def question(self) -> dict[str, Any]:
        """One question about now."""
        return {
            "subject": {"type": "user", "id": self.chance.choice(self.people)},
            "action": {"name": self.chance.choice(ACTIONS)},
            "resource": self.thing(),
        }

    def thing(self) -> dict[str, str]:
        """What is asked about."""
        return {"type": "application", "id": self.chance.choice(self.applications)}

    def earlier(self) -> dict[str, Any]:
        """A context that asks about a random position."""
        return {"context": {"as_of": self.chance.randint(self.first, self.last)}}

    def batch(self, size: int) -> dict[str, Any]:
        """One subject and action, and so many things."""
        whole = self.question()
        del whole["resource"]
        return {**whole, "evaluations": [{"resource": self.thing()} for _ in range(size)]}

    def crowd(self, size: int) -> dict[str, Any]:
        """So many questions, each with its own subject, action and thing."""
        return {"evaluations": [self.question() for _ in range(size)]}


class Service:
    """The service and what stands beside it, each on its port."""

    def __init__(self, ground: Ground, wrk: str, environment: dict[str, str]) -> None:
        self._ground, self._wrk = ground, wrk
        self.port, self.bare, self.ceiling = free_port(), free_port(), free_port()
        environment = {**environment, "PORT": str(self.port), "LOG_LEVEL": "warning"}
        self.program = ground.start(str(MUNIMENT), "serve", environment=environment)
        self._beside = [
            ground.start(
                sys.executable,
                "-m",
                "tests.bench.constant",
                side,
                str(port),
                environment={},
            )
            for side, port in (("aiohttp", self.bare), ("ceiling", self.ceiling))
        ]
        self.token = worlds.ADMIN_TOKEN
        self._runs = 0

    def end(self) -> None:
        """End all three."""
        for program in (self.program, *self._beside):
            self._ground.end(program)

    def posted(self, path: str, body: object, method: str = "POST") -> Any:
        """The service's answer to one request, decoded. Raises for anything but a success."""
        return json.loads(self.asked(path, body, method) or b"null")

    def asked(self, path: str, body: object, method: str = "POST") -> bytes:
        """The same as it came."""
        request = urllib.request.Request(  # our own address on the loopback
            f"http://127.0.0.1:{self.port}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  # as above
            octets: bytes = answer.read()
            return octets

    def become_client(self) -> None:
        """From here on ask as a system account that may ask for decisions, and nothing else."""
        made = self.posted("/admin/system-accounts", {"name": "Gateway"})
        self.posted(f"/admin/users/{made['uuid']}/roles", {"roles": [DECISION_CLIENT]}, "PUT")
        found = self.posted(f"/admin/system-accounts/{made['uuid']}/tokens", None, "GET")
        self.token = next(one["value"] for one in found["_embedded"]["items"] if one["readOnly"])

    def load(self, port: int, path: str, bodies: Path, callers: int = CALLERS) -> Load:
        """One run of wrk. Raises RuntimeError when anything came back refused."""
        self._runs += 1
        seconds = max(1, round(self._ground.seconds(_TURN_SECONDS)))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        ran = subprocess.run(
            [
                self._wrk, "--threads", "1", "--connections", str(callers), "--duration", f"{seconds}s",
                "--timeout", "20s", "--script", str(_SCRIPT), f"http://127.0.0.1:{port}{path}",
                "--", self.token, str(bodies), str(self._runs * 37),
            ],
            cwd=ROOT, capture_output=True, text=True, check=True, timeout=seconds + 60,
        )  # fmt: skip
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        line = next(line for line in ran.stdout.splitlines() if line.startswith("BENCH "))
        answers, refused, failed, microseconds, p99 = map(int, line.split()[1:6])
        if refused or failed or not answers:
            raise RuntimeError(f"{path}: {answers} answers, {refused} refused, {failed} failed")
        spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        return Load(rate=answers * 1e6 / microseconds, p99_ms=p99 / 1_000, busy=spent * 1e6 / microseconds)


async def world_of(dsn: str, stored: worlds.Stored) -> World:
    """Some people and applications of a stored world, which is left as one that was served for a while.

    No question reads the search tables or the spans; a service that wrote a million records' worth of them meanwhile,
    as one does after its first start, would measure that.
    """
    some = f"select entry from {worlds.SCHEMA}.log where kind = $1 order by position limit {_SOME}"  # noqa: S608  # a constant
    connection = await asyncpg.connect(dsn)
    try:
        found = {
            kind: [json.loads(row["entry"])["data"] for row in await connection.fetch(some, kind)]
            for kind in ("user.created", "application.created")
        }
        for head in ("trail_head", "span_head"):
            await connection.execute(f"update {worlds.SCHEMA}.{head} set position = $1", stored.head.position)  # noqa: S608  # constants
    finally:
        await connection.close()
    return World(
        people=[one["principal"] for one in found["user.created"]],
        applications=[one["application"] for one in found["application.created"]],
        first=stored.settled,
        last=stored.head.position,
        chance=random.Random(stored.shape.seed),  # noqa: S311  # repeatable on purpose
    )
