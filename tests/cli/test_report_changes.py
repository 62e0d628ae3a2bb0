"""`muniment report-changes`: what became of changes behind a proxy, from the proxy's access log."""

import asyncio
import json
import socket
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from service.cli import report_changes
from tests import postgres, service
from tests.service import Running

MUNIMENT = str(Path(sys.executable).with_name("muniment"))
PACT_BROKER = Path(service.__file__).parents[1] / "service/catalogue/examples/pact-broker.toml"
CHANGE = "84ec49a1-9650-4a08-bd35-2f2229e2ecf3"


def caddy(change: str, status: int) -> dict[str, Any]:
    """A line as Caddy writes it, but for what nobody reads here."""
    return {"logger": "http.log.access", "status": status, "resp_headers": {"X-Authz-Change": [change]}}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (caddy(CHANGE, 201), [(CHANGE, 201)]),
        ({"change": CHANGE, "status": 201}, [(CHANGE, 201)]),
        ({"change": CHANGE, "status": "409"}, [(CHANGE, 409)]),
        (caddy("", 200), []),
        ({"status": 200, "resp_headers": {}}, []),
        ({"status": 200, "resp_headers": {"X-Authz-Change": [CHANGE, CHANGE]}}, []),
        ({"change": "", "status": 201}, []),
        ({"change": "no id", "status": 201}, []),
        ({"change": CHANGE}, []),
        (caddy(CHANGE, 0), []),
        ({"change": CHANGE, "status": True}, []),
        ({"change": CHANGE, "status": "²01"}, []),
        ({"change": [CHANGE], "status": 201}, []),
        ([CHANGE, 201], []),
    ],
)
def test_only_a_change_with_a_status_is_reported(line: object, found: list[tuple[str, int]]) -> None:
    """A line of Caddy's, or of a log whose format somebody chose; whatever else a log holds says nothing."""
    assert found == list(report_changes.reports([json.dumps(line)]))


def test_what_is_no_json_is_passed_over() -> None:
    """A log may hold anything, half a line at its end among it."""
    lines = ["", "starting up\n", '{"change": "', json.dumps(caddy(CHANGE, 204))]
    assert [(CHANGE, 204)] == list(report_changes.reports(lines))


@pytest.fixture
async def running(database: postgres.Database, tmp_path: Path) -> AsyncIterator[Running]:
    async with service.running(database, tmp_path / "serving") as started:
        answer = await started.admin.put(
            "/admin/route-tables/pact-broker", tomllib.loads(PACT_BROKER.read_text("utf-8"))
        )
        assert 200 == answer.status, answer.text
        yield started


async def report(place: Path, url: str, lines: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """The command in a process of its own, with a log on its standard input."""
    ours = {"MUNIMENT_DATA_DIR": str(place), "BASE_URL": url.rstrip("/"), **more}
    return await asyncio.to_thread(
        subprocess.run,
        [MUNIMENT, "report-changes"],
        env=ours,
        input=lines,
        capture_output=True,
        text=True,
        check=False,
    )


async def test_a_change_is_reported_once_however_often_it_is_read(running: Running, tmp_path: Path) -> None:
    """A log that is read again from its beginning says nothing new, and what nobody was allowed is refused in words."""
    asked = await running.admin.ask(
        "GET",
        "/authz/v1/forward/caddy/pact-broker",
        headers={
            "X-Forwarded-Method": "PUT",
            "X-Forwarded-Uri": "/pacts/provider/Bar/consumer/Foo/version/1",
        },
    )
    assert 200 == asked.status, asked.text
    line = json.dumps(caddy(asked.headers["X-Authz-Change"], 201)) + "\n"
    ran = await report(tmp_path, str(running.root), line * 2, MUNIMENT_TOKEN=service.ADMIN_TOKEN)
    assert (0, "Reported: 2; refused: 0.\n") == (ran.returncode, ran.stderr)
    trail = await running.admin.get("/audit?kind=change.reported")
    assert 1 == len(trail.json["events"])
    made = await running.admin.get("/pacticipants/Foo")
    assert 200 == made.status, made.text
    unknown = json.dumps(caddy(CHANGE, 201)) + "\n"
    ran = await report(tmp_path, str(running.root), unknown, MUNIMENT_TOKEN=service.ADMIN_TOKEN)
    assert 1 == ran.returncode
    assert f"{CHANGE} was refused with 404" in ran.stderr


async def test_a_token_that_may_not_report_is_told_at_once(running: Running, tmp_path: Path) -> None:
    """Every further line would be refused alike, and a log is long."""
    line = json.dumps(caddy(CHANGE, 201)) + "\n"
    ran = await report(tmp_path, str(running.root), line * 100, MUNIMENT_TOKEN="mun_unknown")
    assert 4 == ran.returncode
    assert 1 == ran.stderr.count("takes no reports from this token")


async def test_a_report_is_sent_until_the_service_takes_it(tmp_path: Path) -> None:
    """While the service is away nothing is lost: the same report is tried again, and the one behind it waits."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    reporting = asyncio.create_task(
        report(
            tmp_path,
            f"http://127.0.0.1:{port}",
            json.dumps({"change": CHANGE, "status": 201}) + "\n",
            MUNIMENT_TOKEN=service.ADMIN_TOKEN,
        )
    )
    answers = [503, 429, 200]

    async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"POST /authz/v1/forward/reports "), head
        writer.write(f"HTTP/1.1 {answers.pop(0)} Said\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    await asyncio.sleep(0.5)
    async with await asyncio.start_server(answered, "127.0.0.1", port):
        ran = await reporting
    assert [] == answers
    assert (0, "Reported: 1; refused: 0.") == (ran.returncode, ran.stderr.splitlines()[-1])
    assert 1 == ran.stderr.count("takes no report now")


async def test_without_a_token_nothing_is_read(tmp_path: Path) -> None:
    """Who has no token for it is told which variable it is read from."""
    ran = await report(tmp_path, "http://127.0.0.1:9", "")
    assert 2 == ran.returncode
    assert "MUNIMENT_TOKEN" in ran.stderr
