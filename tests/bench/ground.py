"""Where figures are taken: a server with databases of the bench's own, programs that it started, and their end.

Everything that was made here is gone afterwards, also after Ctrl-C; a run that was killed leaves databases that
the next one on the embedded server removes. On the server of DATABASE_URL only databases made here are touched.
"""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import postgres
from tests.bench import measure, worlds
from tests.bench.population import Shape

ROOT = Path(__file__).parents[2]
MUNIMENT = Path(sys.executable).with_name("muniment")
"""This checkout's own command."""
_ANSWER_SECONDS_MAX = 1_800.0
_END_SECONDS_MAX = 40.0


class Fresh:
    """A fresh process that runs one module of the bench, told things and answering in JSON lines."""

    def __init__(self, module: str, environment: dict[str, str]) -> None:
        self.program = subprocess.Popen(
            [sys.executable, "-m", f"tests.bench.{module}"],
            cwd=ROOT,
            env={**inherited(), **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    async def ask(self, question: dict[str, Any]) -> Any:
        """What it answers. Raises RuntimeError when it ended instead; what it said stands on stderr."""
        return await asyncio.to_thread(self._ask, question)

    def _ask(self, question: dict[str, Any]) -> Any:
        assert self.program.stdin is not None, "it is a pipe"
        assert self.program.stdout is not None, "it is a pipe"
        self.program.stdin.write(json.dumps(question).encode() + b"\n")
        self.program.stdin.flush()
        answer = self.program.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.program.args!r} ended with {self.program.wait()}")
        return json.loads(answer)


class Ground:
    """One run's server, scale and rounds. `directory` is its own, and gone afterwards."""

    def __init__(self, server: postgres.Server, directory: Path, scale: float, rounds: int) -> None:
        self.server = server
        self.directory = directory
        self.scale = scale
        self.rounds = rounds
        self._databases: list[str] = []
        self._programs: list[subprocess.Popen[bytes]] = []
        self._worlds: dict[Shape, worlds.Stored] = {}

    def size(self, full: int, least: int = 1) -> int:
        """A count at this run's scale."""
        return max(least, round(full * self.scale))

    def seconds(self, full: float) -> float:
        """A duration at this run's scale; a short one says nothing about speed, and is long enough for truths."""
        return max(0.1, full * min(1.0, self.scale))

    def database(self, template: str | None = None) -> postgres.Database:
        """A fresh database, or a copy of another."""
        made = self.server.create(template)
        self._databases.append(made.name)
        return made

    async def world(self, shape: Shape) -> worlds.Stored:
        """A stored world of this shape; made once in a run."""
        if shape not in self._worlds:
            measure.tell(f"Making a world of {shape.total or shape.changes:,} records or changes …")
            self._worlds[shape] = await worlds.store(self.database(), shape)
        return self._worlds[shape]

    def drop(self, database: postgres.Database) -> None:
        """Remove a database before the end."""
        self._databases.remove(database.name)
        self.server.drop(database.name)

    def fresh(self, module: str, environment: dict[str, str] | None = None) -> Fresh:
        """A fresh process of the bench's own."""
        started = Fresh(module, environment or {})
        self._programs.append(started.program)
        return started

    def start(self, *arguments: str, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
        """Start a program whose output nobody reads."""
        program = subprocess.Popen(
            arguments,
            cwd=ROOT,
            env={**inherited(), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._programs.append(program)
        return program

    def end(self, program: "subprocess.Popen[bytes]") -> None:
        """End a program that was started here: first by asking."""
        if program in self._programs:
            self._programs.remove(program)
        if program.poll() is None:
            program.terminate()
            try:
                program.wait(_END_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()
        for pipe in (program.stdin, program.stdout):
            if pipe is not None:
                pipe.close()

    def clear(self) -> None:
        """End every program and remove every database."""
        for program in list(self._programs):
            self.end(program)
        for name in self._databases:
            self.server.drop(name)
        self._databases.clear()


@contextmanager
def opened(scale: float, rounds: int) -> Iterator[Ground]:
    """A ground on the server of DATABASE_URL or on an embedded one."""
    with postgres.server() as server:
        directory = postgres.open_directory()
        ground = Ground(server, directory, scale, rounds)
        try:
            yield ground
        finally:
            ground.clear()
            shutil.rmtree(directory)


def inherited() -> dict[str, str]:
    """The environment without any setting of the service."""
    ours = ("MUNIMENT_", "DATABASE_URL", "BASE_URL", "TRUSTED_PROXIES", "TLS_", "LOG_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def free_port() -> int:
    """A TCP port on which nothing listens at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
