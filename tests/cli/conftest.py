"""The demo's story told once for all tests of the command line, and a terminal at which to ask about it."""

import logging
import secrets
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog

from service import demo, demo_play
from service.cli import main
from service.demo_play import Answer, Played, Request
from tests import postgres, service


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """The story's database, which nobody writes to any more, and what the story left."""

    database: postgres.Database
    played: Played


class Printed(msgspec.Struct, frozen=True, kw_only=True):
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.out)


class Terminal:
    """Runs commands in this process, with an environment of their own: `terminal("can", "sally", …)`."""

    def __init__(
        self, environ: dict[str, str], database: postgres.Database | None, capture: pytest.CaptureFixture[str]
    ) -> None:
        self.environ = environ
        self._database = database
        self._capture = capture

    @property
    def database(self) -> postgres.Database:
        assert self._database is not None, "this terminal has no database"
        return self._database

    def __call__(self, *arguments: str) -> Printed:
        self._capture.readouterr()
        code = main.run(list(arguments))
        out, err = self._capture.readouterr()
        return Printed(code=code, out=out, err=err)


@pytest.fixture(scope="session")
def told(postgres_server: postgres.Server) -> Iterator[Told]:
    """The story, played over HTTP against a service that is gone by now."""
    database = postgres_server.create()
    with tempfile.TemporaryDirectory() as directory:
        played = postgres.run(_play(database, Path(directory)))
    yield Told(database=database, played=played)
    postgres_server.drop(database.name)


async def _play(database: postgres.Database, data_dir: Path) -> Played:
    async with service.running(database, data_dir, MUNIMENT_ADMIN_EMAIL=demo.KEVIN_EMAIL) as running:

        async def ask(request: Request) -> Answer:
            client = running.client(request.token or None)
            headers = {"Muniment-Reason": request.reason} if request.reason else {}
            answer = await client.ask(request.method, request.path, json=request.body, headers=headers)
            return Answer(status=answer.status, text=answer.text, position=answer.position)

        return await demo_play.play(demo.STORY, ask, demo.ADMINISTRATOR, service.ADMIN_TOKEN)


@pytest.fixture
def seated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Callable[[postgres.Database | None], Terminal]]:
    """Makes a terminal on a database; on None there is neither a database nor a data directory."""
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level

    def seat(database: postgres.Database | None) -> Terminal:
        environ = {
            "MUNIMENT_DATA_DIR": str(tmp_path / secrets.token_hex(4)),
            "MUNIMENT_KEY": service.KEY,
            "BASE_URL": service.BASE_URL,
        }
        if database is not None:
            environ["DATABASE_URL"] = database.service_dsn
        for name in ("DATABASE_URL", "MUNIMENT_MIGRATE_URL", "LOG_LEVEL", "LOG_FORMAT"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        return Terminal(environ, database, capsys)

    yield seat
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def terminal(told: Told, seated: Callable[[postgres.Database | None], Terminal]) -> Terminal:
    """At the story's own database, for commands that only read."""
    return seated(told.database)


@pytest.fixture
def writing(
    told: Told,
    make_database: Callable[..., postgres.Database],
    seated: Callable[[postgres.Database | None], Terminal],
) -> Terminal:
    """At a copy of the story's database, for commands that write."""
    return seated(make_database(template=told.database.name))
