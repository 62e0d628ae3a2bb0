"""`muniment serve` as a process of its own, on one port through any number of deaths and starts."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

import aiohttp
import msgspec

from service import embedded, embedded_cluster, embedded_postmaster
from tests import service
from tests.torture import checker
from tests.torture.checker import Acknowledged, Entry
from tests.torture.ground import Ground

MUNIMENT = str(Path(sys.executable).with_name("muniment"))
START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 45.0
ASK_SECONDS_MAX = 25.0
SIGNED_SECONDS_MAX: Final = 15.0
"""Within which a checkpoint follows a network that has healed: what signs notices the silence by itself."""
QUESTION: Final = {
    "subject": {"type": "user", "id": "admin@example.org"},
    "action": {"name": "role:manage"},
    "resource": {"type": "role", "id": "*"},
}
"""Asked of any service: the answer is yes."""


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """What a command came to."""

    code: int
    out: str
    err: str


class Service:
    """One replica. What it says goes to a file of the ground's directory."""

    def __init__(self, ground: Ground, name: str = "service", **environ: str) -> None:
        self.ground = ground
        self.name = name
        self.data_dir = ground.directory / name
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environ = {
            "PATH": os.environ["PATH"],
            "MUNIMENT_DATA_DIR": str(self.data_dir),
            "MUNIMENT_KEY": service.KEY,
            "MUNIMENT_ADMIN_TOKEN": service.ADMIN_TOKEN,
            "MUNIMENT_TOKEN": service.ADMIN_TOKEN,
            "PORT": str(self.port),
            "LOG_LEVEL": "warning",
            **environ,
        }
        self.process: asyncio.subprocess.Process | None = None

    @property
    def said(self) -> Path:
        """Where its own log goes."""
        return self.ground.directory / f"{self.name}.log"

    @property
    def pid(self) -> int:
        assert self.process is not None, "it was started"
        return self.process.pid

    # -- its life ----------------------------------------------------------------------------------------

    async def start(self, *before: str, **more: str) -> None:
        """Start it, behind the words of another program (`faketime …`), and wait until it is ready."""
        await self.spawn(*before, **more)
        await self.ready()

    async def spawn(self, *before: str, **more: str) -> None:
        """Start it without waiting for anything."""
        with self.said.open("ab") as file:
            self.process = await asyncio.create_subprocess_exec(
                *before, MUNIMENT, "serve", env={**self.environ, **more}, stdout=file, stderr=file
            )

    async def ready(self, seconds_max: float = START_SECONDS_MAX) -> float:
        """Wait for `/readyz`; the seconds that it took. A process that ended instead, or the bound, is an error."""
        began = time.monotonic()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            while True:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    async with session.get(f"{self.url}/readyz") as answer:
                        if answer.status == 200:
                            return time.monotonic() - began
                if self.process is not None and self.process.returncode is not None:
                    raise AssertionError(
                        f"{self.name} ended with {self.process.returncode}: {self.last_words()}"
                    )
                if time.monotonic() - began > seconds_max:
                    raise AssertionError(
                        f"{self.name} is not ready after {seconds_max:.0f} s: {self.last_words()}"
                    )
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """kill -9."""
        assert self.process is not None, "it was started"
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()

    async def stop(self) -> int:
        """SIGTERM; its exit code."""
        assert self.process is not None, "it was started"
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(STOP_SECONDS_MAX):
            return await self.process.wait()

    def signal(self, number: int) -> None:
        """SIGSTOP, say."""
        assert self.process is not None, "it was started"
        self.process.send_signal(number)

    def last_words(self) -> str:
        """The end of what it said."""
        return self.said.read_text(errors="replace")[-1500:] if self.said.exists() else "nothing"

    # -- what it answers ---------------------------------------------------------------------------------

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, Mapping[str, str], str]:
        """One request of the first Administrator's: status, headers and text."""
        timeout = aiohttp.ClientTimeout(total=ASK_SECONDS_MAX)
        headers = {"Authorization": f"Bearer {service.ADMIN_TOKEN}"}
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
            session.request(method, f"{self.url}{path}", json=body) as answer,
        ):
            return answer.status, answer.headers, await answer.text()

    async def until(self, status: int, path: str, seconds_max: float) -> float:
        """Ask until it is answered so; the seconds that it took, or a violation beyond the bound."""
        began = time.monotonic()
        found, text = 0, ""
        while True:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                found, _, text = await self.ask("GET", path)
                if found == status:
                    return time.monotonic() - began
            if time.monotonic() - began > seconds_max:
                self.ground.violated(
                    [
                        f"{self.name} did not answer {path} by {status} within {seconds_max:.0f} s: {found} {text}"
                    ]
                )
                return seconds_max
            await asyncio.sleep(0.05)

    # -- beside it ---------------------------------------------------------------------------------------

    async def command(self, *arguments: str) -> Ran:
        """Another command of the console, in the same environment."""
        process = await asyncio.create_subprocess_exec(
            MUNIMENT,
            *arguments,
            env=self.environ,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode is not None, "it was waited for"
        return Ran(code=process.returncode, out=out.decode(), err=err.decode())

    async def prove(self, *, served: bool = True) -> None:
        """`verify` and `rebuild --check` find nothing; with `served`, also against what this service answers from."""
        proofs = [["verify"], ["rebuild", "--check", "--json"]]
        for arguments in proofs if served else proofs[:1]:
            ran = await self.command(*arguments)
            until = time.monotonic() + SIGNED_SECONDS_MAX
            while "Unsigned since" in ran.out + ran.err and time.monotonic() < until:
                await asyncio.sleep(0.5)  # what signs found the database again a moment ago
                ran = await self.command(*arguments)
            self.ground.require(
                ran.code == 0, f"muniment {' '.join(arguments)} ended with {ran.code}: {ran.out}{ran.err}"
            )
            if "--json" in arguments and ran.code == 0:
                compared = msgspec.json.decode(ran.out)["served"] is not None
                self.ground.require(compared, f"rebuild --check did not ask the service: {ran.err}")

    @property
    def owner_dsn(self) -> str:
        """How the owner of its embedded server's tables comes in, as the data directory keeps it."""
        password = embedded._passwords(self.data_dir / "postgres.passwords.json")[embedded.OWNER]
        place = embedded_postmaster.socket_dir(self.data_dir / "postgres")
        return (
            f"postgresql://{embedded.OWNER}:{password}@/{embedded.DATABASE}"
            f"?host={quote(str(place), safe='')}&port={embedded_cluster.PORT}"
        )

    def postmaster(self) -> int | None:
        """Its embedded Postgres' first process, while that lives."""
        directory = self.data_dir / "postgres"
        return embedded_postmaster.claimed(directory) if embedded_postmaster.lives(directory) else None


class Watch:
    """Readings of one log, each held against the one before it and against what was acknowledged."""

    def __init__(self, ground: Ground, dsn: str) -> None:
        self._ground = ground
        self._dsn = dsn
        self.log: list[Entry] = []

    async def check(self, acknowledged: list[Acknowledged], sent: list[str]) -> list[Entry]:
        """Read the log and note every violation. What is acknowledged meanwhile is left to the next check."""
        acknowledged, sent = list(acknowledged), list(sent)
        log, doubts = await checker.read(self._dsn)
        found = [*doubts, *checker.changed(self.log, log), *checker.violations(log, acknowledged, sent)]
        if found:
            checker.keep(self._ground.directory / "log.jsonl", log)
            checker.keep(self._ground.directory / "before.jsonl", self.log)
            checker.keep(self._ground.directory / "acknowledged.jsonl", acknowledged)
        self._ground.violated(found)
        self.log = log
        return log


@asynccontextmanager
async def ended(*services: Service) -> AsyncIterator[None]:
    """Afterwards nothing of these services runs any more, their embedded servers included."""
    try:
        yield
    finally:
        for one in services:
            if one.process is not None and one.process.returncode is None:
                one.signal(signal.SIGCONT)
                await one.kill()
            if (one.data_dir / "postgres").is_dir() and one.postmaster() is not None:
                await (await embedded.attach(one.data_dir)).release()


@asynccontextmanager
async def database(ground: Ground) -> AsyncIterator[tuple[embedded.Embedded, Mapping[str, str]]]:
    """A Postgres that the services share and only the fault starts or stops; the settings that lead to it."""
    server = await embedded.attach(ground.directory / "database")
    try:
        yield (
            server,
            {"DATABASE_URL": server.service_dsn, "MUNIMENT_MIGRATE_URL": server.owner_dsn},
        )
    finally:
        await server.release()


async def converged(ground: Ground, services: list[Service], seconds_max: float = 30.0) -> None:
    """Wait until every replica holds the same at the same position; a violation where they never do."""
    until = time.monotonic() + seconds_max
    told: list[tuple[object, object]] = []
    while time.monotonic() < until:
        told = []
        for one in services:
            status, _, text = await one.ask("GET", "/diagnostic/status/digest")
            document = msgspec.json.decode(text) if status == 200 else {"position": 0, "digest": text}
            told.append((document["position"], document["digest"]))
        if len(set(told)) == 1 and told[0][0] != 0:
            return
        await asyncio.sleep(0.2)
    ground.violated([f"The replicas do not hold the same: {told}"])


def free_port() -> int:
    """A port that nobody has now. Somebody might take it before we do; then the start fails in words."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
