"""A fresh process of the bench: it opens a world as the service does, pages it raw, and decides.

What it holds is measured from outside of the bench's own memory: nothing else was ever loaded into it.
"""

import asyncio
import gc
import json
import os
import random
import re
import sys
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

_BEGAN = time.monotonic()


def answer(given: Callable[[dict[str, Any]], Any]) -> None:
    """Answer one JSON line by another until nothing more is asked."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever else is printed is no answer
    for line in sys.stdin:
        answers.write(json.dumps(given(json.loads(line))) + "\n")
        answers.flush()


class Opened:
    """A world opened in this process, or about to be."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._app: Any = None
        self._loop: tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]] | None = None

    def asked(self, question: dict[str, Any]) -> Any:
        """What one question asks for, by its word."""
        match question["do"]:
            case "open":
                return self._runner.run(self._open(question["began"]))
            case "page":
                return self._runner.run(_paged())
            case "replay":
                return self._runner.run(_replayed())
            case "fetch":
                return self._runner.run(_fetched(question["began"]))
            case "decide":
                return self._decided(question["questions"], question["seed"])
            case "close":
                self._runner.run(self._stack.aclose())
                return {}
            case other:
                raise ValueError(other)

    async def _open(self, began: float) -> dict[str, Any]:
        """Open as the service does. `began` is the monotonic clock when the process was started, in seconds."""
        from service import app

        imported = time.monotonic()
        steps: list[float] = []
        self._app = await self._stack.enter_async_context(
            app.opened(_settings(), follow=False, progress=lambda _done, _all: steps.append(time.monotonic()))
        )
        opened = time.monotonic()
        await (
            self._app.replica.learn_people()
        )  # a service does so in the background: it belongs to what is resident
        people = time.monotonic()
        gc.collect()
        first = steps[0] if steps else opened
        return {
            "position": self._app.replica.position,
            "resumed_from": self._app.resumed_from,
            "python_seconds": _BEGAN - began,
            "import_seconds": imported - _BEGAN,
            "before_seconds": first - imported,
            "load_seconds": opened - first,
            "seconds": opened - began,
            "people_seconds": people - opened,
            "resident_mb": _status("VmRSS") / 1024,
            "peak_mb": _status("VmHWM") / 1024,
        }

    def _decided(self, count: int, seed: int) -> dict[str, Any]:
        """Questions a second of processor time, by every form, over people and applications that this world has.

        With them a loop of two look-ups and a test of frozensets over as many people and applications.
        """
        from projections import access, asking, things
        from tests.bench.deciding import ACTIONS

        chance = random.Random(seed)  # noqa: S311  # repeatable on purpose
        view = self._app.replica.now()
        if self._loop is None:
            self._loop = _loop(view)
        people, applications = self._loop
        some_people, some_applications = list(people), list(applications)
        questions = [
            (chance.choice(some_people), chance.choice(ACTIONS), chance.choice(some_applications))
            for _ in range(count)
        ]
        many, of = asking.Asker(view), things.of_application
        many.every(
            questions
        )  # what it remembers depends on how many people are asked about, so it is asked twice
        forms: dict[str, Callable[[], int]] = {
            "single": lambda: sum(
                access.may(view, who, to, of(view.application(on))) for who, to, on in questions
            ),
            "many": lambda: sum(many.every(questions)),
            "loop": lambda: sum(not people[who].isdisjoint(applications[on]) for who, _, on in questions),
        }
        found: dict[str, Any] = {}
        for form, turn in forms.items():
            began = time.process_time()
            found[f"{form}_yes"] = turn()
            found[form] = count / (time.process_time() - began)
        return found


def _loop(view: Any) -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
    """The teams of everybody and of every application: what a loop by hand would look up."""
    people = {one.id: frozenset(one.teams) for one in view.principals()}
    return people, {one.id: frozenset(one.teams) for one in view.applications()}


async def _paged() -> dict[str, Any]:
    """The log's rows, fetched page by page by plain asyncpg in the reader's own statement, and dropped."""
    import asyncpg

    from projections.rebuild import PAGE
    from service.log import connect, sql

    settings = _settings()
    connection = await asyncpg.connect(
        settings.database_url, server_settings={"search_path": connect.search_path(settings.schema)}
    )
    statement = await connection.prepare(sql.text("page"))
    position, began = 0, time.perf_counter()
    while rows := await statement.fetch(position, PAGE):
        position = rows[-1]["position"]
    seconds = time.perf_counter() - began
    await connection.close()
    return {"records": position, "seconds": seconds}


async def _fetched(began: float) -> dict[str, Any]:
    """The newest snapshot's bytes, fetched by plain asyncpg and dropped."""
    import asyncpg

    from service.log import connect

    settings = _settings()
    connection = await asyncpg.connect(
        settings.database_url, server_settings={"search_path": connect.search_path(settings.schema)}
    )
    octets = 0
    for row in await connection.fetch("select position, number from snapshot_part order by position, number"):
        part = "select octets from snapshot_part where position = $1 and number = $2"
        octets += len(await connection.fetchval(part, row["position"], row["number"]))
    await connection.close()
    return {"bytes": octets, "seconds": time.monotonic() - began}


async def _replayed() -> dict[str, Any]:
    """The log folded into fresh state, as `muniment rebuild` does it."""
    from projections import rebuild
    from projections.directory import Directory
    from service.log import connect, reader

    settings = _settings()
    assert settings.database_url is not None, "a world is in a database of its own"
    connection = await connect.connect(settings.database_url, settings.schema, "rebuild")
    until = (await reader.head(connection)).position
    directory = Directory()
    began = time.perf_counter()
    await rebuild.replay(connection, directory, until, lambda _done, _all: None)
    seconds = time.perf_counter() - began
    await connection.close()
    return {"records": directory.position, "seconds": seconds}


def _settings() -> Any:
    from service import settings

    return settings.from_environment(os.environ).settings


def _status(field: str) -> int:
    """A size in KiB from /proc."""
    text = Path("/proc/self/status").read_text("ascii")
    found = re.search(rf"^{field}:\s+(\d+) kB", text, re.MULTILINE)
    assert found, "Linux reports it"
    return int(found[1])


if __name__ == "__main__":
    answer(Opened().asked)
