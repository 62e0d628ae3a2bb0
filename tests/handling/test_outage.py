"""An outage of the database leaves its traces in the service's own log: one line as it begins, one as it ends."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog import testing, typing

from projections import follow
from service import errors
from tests import given, postgres
from tests.handling import doors

RETRIES = 3
LEADING = ("info", "webhooks are sent from here")


async def test_an_outage_is_two_lines_and_failing_writes_are_one(
    database: postgres.Database,
    place: Path,
    postgres_server: postgres.Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Lost once, back once, and one warning when writes begin to fail, however often each of them is tried."""
    monkeypatch.setattr(follow, "RECONNECT_SECONDS", 0.05)
    async with doors.opened(database, place, follow=True) as app:
        await doors.do(app, given.role(app.fresh, "role before"))
        await _until(
            lambda: app.deliveries.owing is not None
        )  # what it says when it first leads is said by then
        with testing.capture_logs() as lines:
            async with postgres.away(database, postgres_server):
                await _until(lambda: "database lost" in _events(lines))
                for number in range(RETRIES):
                    with pytest.raises(errors.Unavailable):
                        await doors.do(app, given.role(app.fresh, f"role {number}"))
                await asyncio.sleep(RETRIES * follow.RECONNECT_SECONDS)
            await _until(lambda: "database back" in _events(lines))
            await doors.do(app, given.role(app.fresh, "role after"))
    told = [(line["log_level"], line["event"]) for line in lines if line["event"] != "connection lost"]
    if LEADING in told:
        told.remove(LEADING)  # after the outage it may take the lead again, and says so once
    assert [("info", "database back"), ("warning", "database lost"), ("warning", "writes fail")] == sorted(
        told
    )


def _events(lines: list[typing.EventDict]) -> list[str]:
    return [str(line["event"]) for line in lines]


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.02)
