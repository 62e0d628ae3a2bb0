"""A client that keeps every answer and every printed line, and readers of all that a database holds."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import msgspec

from service import embedded_account
from tests import service
from tests.scenarios import planted
from tests.torture.served import Ran, Service


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What one request came to."""

    status: int
    text: str
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Recording:
    """Speaks to a service and its command line. `answers` and `printed` hold all that came back, by what was asked."""

    def __init__(self, running: Service) -> None:
        self._service = running
        self.answers: list[tuple[str, bytes]] = []
        self.printed: list[tuple[str, bytes]] = []

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str = service.ADMIN_TOKEN,
        octets: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request: `body` as JSON, or `octets` as they are. `path` may be an address of the service's."""
        sent = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **(headers or {})}
        data = json.dumps(body).encode() if body is not None else octets
        address = path if path.startswith("http") else f"{self._service.url}{path}"
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session,
            session.request(method, address, data=data, headers=sent) as answer,
        ):
            text = await answer.text()
            head = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
            self.answers.append((f"{method} {path}", f"{head}\n\n{text}".encode()))
            return Answer(status=answer.status, text=text, headers=answer.headers)

    async def must(self, status: int, method: str, path: str, body: object = None, **more: Any) -> Answer:
        """As `ask`; another status is a failure."""
        answer = await self.ask(method, path, body, **more)
        assert status == answer.status, f"{method} {path}: {answer.status} {answer.text}"
        return answer

    async def command(self, *arguments: str) -> Ran:
        """A command of the console, in the service's environment."""
        ran = await self._service.command(*arguments)
        self.printed.append((f"muniment {' '.join(arguments)}", f"{ran.out}\n{ran.err}".encode()))
        return ran


async def rows(dsn: str) -> AsyncIterator[tuple[str, bytes]]:
    """Every value in every table of the account, by its table and column; what was packed, unpacked as well."""
    connection = await asyncpg.connect(dsn)
    try:
        names = await connection.fetch(
            "select table_name from information_schema.tables where table_schema = 'muniment' order by 1"
        )
        for (name,) in names:
            for row in await connection.fetch(f'select * from muniment."{name}"'):  # noqa: S608  # the catalogue's own names
                for column, value in row.items():
                    octets = value if isinstance(value, bytes) else str(value).encode()
                    yield f"{name}.{column}", octets
                    if isinstance(value, bytes) and planted.inflated(value) != value:
                        yield f"{name}.{column}, unpacked", planted.inflated(value)
    finally:
        await connection.close()


async def dump(dsn: str) -> bytes:
    """The database as pg_dump writes it, by the embedded server's own."""
    program = embedded_account.installation(None, Path()) / "bin" / "pg_dump"
    process = await asyncio.create_subprocess_exec(
        str(program), "--dbname", dsn, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert 0 == process.returncode, err.decode()
    return out
