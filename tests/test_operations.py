"""The operators' port, and every metric on it."""

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from projections.effects import Effect
from service import errors, metrics, operations
from service.commands.cautions import Weighed
from service.metrics import Metrics
from service.operations import Operations
from service.orders import Outcome, Rehearsal
from service.waiting import Answer
from tests import postgres, service

ROOT = Path(__file__).parents[1]
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


@asynccontextmanager
async def watched(
    database: postgres.Database, place: Path
) -> AsyncIterator[tuple[service.Running, Operations, str]]:
    """A service, its operators' port, and where that is."""
    operations = Operations()
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    async with (
        operations.answering(listening),
        service.running(database, place, answered=operations.metrics.requested) as running,
    ):
        operations.watch(running.app, None, 0.25)
        yield running, operations, f"http://127.0.0.1:{port}"


async def scraped(address: str, accept: str = "") -> tuple[str, str]:
    """(content type, text)"""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{address}/metrics", headers={"Accept": accept} if accept else {}) as answer,
    ):
        assert 200 == answer.status
        return answer.headers["Content-Type"], await answer.text()


def values(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample by its name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in plain(text)
        for sample in family.samples
    }


def of(found: dict[tuple[str, frozenset[tuple[str, str]]], float], name: str, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


async def test_what_happens_is_counted(database: postgres.Database, tmp_path: Path) -> None:
    """Requests by surface, method and class; orders by what they came to; commits with their size; where all stands."""
    async with watched(database, tmp_path) as (running, _, address):
        body = {"name": "Foo"}
        assert 201 == (await running.admin.post("/pacticipants", body)).status
        assert 200 == (await running.admin.get("/pacticipants/Foo")).status
        assert 404 == (await running.admin.get("/nowhere")).status
        billy = await running.person("Billy", roles=[])
        for _ in range(3):
            assert 403 == (await billy.post("/admin/teams", {"name": "A"})).status
        content_type, text = await scraped(address)
        found, position = values(text), running.position
    assert content_type.startswith("text/plain; version=")
    requests = "muniment_http_request_duration_seconds_count"
    assert 1.0 == of(found, requests, surface="applications", method="POST", status="2xx")
    assert 1.0 == of(found, requests, surface="applications", method="GET", status="2xx")
    assert 1.0 == of(found, requests, surface="none", method="GET", status="4xx")
    assert 3.0 == of(found, "muniment_orders_total", outcome="denied")
    assert 2.0 == of(found, "muniment_denials_coalesced_total")
    committed = of(found, "muniment_orders_total", outcome="committed")
    assert committed >= 3.0
    assert of(found, "muniment_commit_records_sum") >= committed
    assert of(found, "muniment_commit_duration_seconds_count") >= committed
    assert 1.0 == of(found, "muniment_ready")
    assert 0.0 == of(found, "muniment_stopped")
    assert float(position) == of(found, "muniment_position")
    assert abs(of(found, "muniment_clock_skew_seconds")) < 1.0
    assert of(found, "muniment_database_heard_seconds") < 2.0
    assert 0.0 == of(found, "muniment_queue_orders")
    assert 0.25 == of(found, "muniment_start_seconds")
    assert 0.0 == of(found, "muniment_start_snapshot_position")


async def test_openmetrics_is_for_who_accepts_it(database: postgres.Database, tmp_path: Path) -> None:
    """The library negotiates; both forms are well-formed, and names and units keep the conventions."""
    async with watched(database, tmp_path) as (_, _, address):
        content_type, text = await scraped(address, OPENMETRICS)
        _, older = await scraped(address)
    assert content_type.startswith("application/openmetrics-text")
    families = {family.name: family for family in openmetrics(text)}  # type: ignore[no-untyped-call]  # the library's parser has no types
    ours = {name for name in families if name.startswith("muniment_")}
    older_ones = {re.sub("_(total|info)$", "", family.name) for family in plain(older)}
    assert ours == {name for name in older_ones if name.startswith("muniment_")}
    assert {
        "muniment_build",
        "muniment_log",
        "process_resident_memory_bytes",
        "python_gc_collections",
    } <= set(families)
    assert [] == [name for name in ours if re.search(r"_(ms|milliseconds|minutes|percent)$", name)]
    assert [] == [name for name in ours if not families[name].documentation]


async def test_every_metric_is_explained_to_the_operator(database: postgres.Database, tmp_path: Path) -> None:
    """docs/operating.md names each of them, and none that does not exist."""
    async with watched(database, tmp_path) as (_, operations, address):
        operations.metrics.requested("roles", "GET", 200, 0.1)
        _, text = await scraped(address)
    exposed = {family.name for family in plain(text) if family.name.startswith("muniment_")}
    exposed.add("muniment_certificate_expiry_timestamp_seconds")  # only with TLS
    exposed |= {"muniment_webhook_owed", "muniment_webhook_oldest_owed_seconds"}  # only where it sends them
    page = (ROOT / "docs" / "operating.md").read_text()
    named = set(re.findall(r"^\| `(muniment_[a-z_]+)", page, re.MULTILINE))
    assert {re.sub("_total$", "", name) for name in exposed} == {
        re.sub("_total$", "", name) for name in named
    }
    used = {
        re.sub("_(bucket|count|sum|total|info)$", "", name)
        for name in re.findall(r"\bmuniment_[a-z_]+", page)
    }
    bare = {re.sub("_(total|info)$", "", name) for name in named}
    assert set() == {name for name in used if not name.endswith("_service")} - bare - {"muniment_owner"}


async def test_before_there_is_an_account_the_port_is_alive_and_not_ready() -> None:
    """A long replay can be watched, and is not taken for a process that hangs."""
    listening = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    async with Operations().answering(listening), aiohttp.ClientSession() as session:
        async with session.get(f"{address}/healthz") as alive:
            assert 200 == alive.status
        async with session.get(f"{address}/readyz") as ready:
            assert 503 == ready.status
            assert {"ready": False, "sentence": "The log is being replayed."} == await ready.json()
        _, text = await scraped(address)
    assert "process_start_time_seconds" in text


async def test_the_port_tells_nothing_of_anybody(database: postgres.Database, tmp_path: Path) -> None:
    """Nobody is asked for a token there, so no name, address, token or path of a request is on it."""
    async with watched(database, tmp_path) as (running, _, address):
        await running.person("Sally Sesame")
        await running.admin.get("/pacticipants/Sesame")
        await running.admin.ask("PROPFIND", "/sesame")
        _, text = await scraped(address)
    assert "sesame" not in text.lower()
    assert 'method="other"' in text
    assert service.ADMIN_TOKEN not in text


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Outcome(position=1), "unchanged"),
        (Outcome(position=1, rehearsal=Rehearsal(kinds=(), weighed=Weighed(effect=Effect()))), "tried"),
        (Outcome(position=1, replayed=True), "replayed"),
        (errors.Forbidden("No."), "denied"),
        (errors.OutcomeUnknown("Perhaps."), "unknown"),
        (errors.Unavailable("Later."), "unavailable"),
        (errors.Broken("Never."), "unavailable"),
        (errors.Refused("name_taken", "Taken."), "refused"),
        (errors.NotFound("Nowhere."), "refused"),
        (errors.Invalid("What?"), "refused"),
    ],
)
def test_every_answer_is_one_outcome(answer: Answer, expected: str) -> None:
    """An operator sees denials, refusals and what nobody knows apart."""
    assert expected == metrics.outcome_of(answer)


async def test_labels_are_bounded() -> None:
    """Methods that strangers invent and statuses are folded, so that a scan does not grow the memory."""
    counted = Metrics()
    for number in range(1_000):
        counted.requested("none", f"M{number}", 400 + number % 100, 0.1)
    count = "muniment_http_request_duration_seconds_count"
    lines = (await counted.text(""))[0].decode().splitlines()
    assert 1 == len([line for line in lines if line.startswith(count)])


async def test_the_port_is_bounded_though_it_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who connects and says nothing is let go, and who comes beyond the bound: open files are left for clients."""
    monkeypatch.setattr(operations, "CONNECTIONS_MAX", 3)
    monkeypatch.setattr(operations, "CONNECTION_SECONDS_MAX", 0.5)
    listening = socket.create_server(("127.0.0.1", 0))
    address = listening.getsockname()[:2]
    async with Operations().answering(listening), asyncio.timeout(10):
        silent = [await asyncio.open_connection(*address) for _ in range(5)]
        for reader, writer in silent:
            with contextlib.suppress(ConnectionError):
                assert b"" == await reader.read()
            writer.close()
        async with aiohttp.ClientSession() as session:
            for _ in range(5):
                async with session.get("http://{}:{}/healthz".format(*address)) as answer:
                    assert (200, "close") == (answer.status, answer.headers["Connection"])
