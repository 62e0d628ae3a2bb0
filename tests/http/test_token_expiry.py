"""Tokens that end by the account's preference, over HTTP (section 3.8 of the vendor's rules)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service import app as composition
from tests import postgres, service
from tests.http.test_bad_input import require_refusal
from tests.service import Client, Running

EXPIRES = "Muniment-Token-Expires"
PATH = "/preferences/system/tokenExpiry"


class Later:
    """The real clock, some time ahead: it is moved once everything was recorded."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return composition.clock() + self.ahead


@pytest.fixture
def later() -> Later:
    return Later()


@pytest.fixture
async def running(database: postgres.Database, tmp_path: Path, later: Later) -> AsyncIterator[Running]:
    async with service.running(database, tmp_path, clock=later) as started:
        yield started


async def expire_after(running: Running, value: int, period: str) -> None:
    changed = await running.admin.put(PATH, {"value": {"value": value, "period": period}})
    assert 200 == changed.status, changed.text


async def ends_of(client: Client) -> datetime:
    items = (await client.get("/settings/tokens")).json["_embedded"]["items"]
    found = {datetime.fromisoformat(item["expiresAt"]) for item in items}
    assert 1 == len(found)
    return found.pop().astimezone(UTC)


async def test_a_token_ends_by_the_preference_and_its_bearer_is_told(running: Running, later: Later) -> None:
    """Section 3.8: listed with its end, announced seven days ahead, refused in words that only the right value gets."""
    sally = await running.person("Sally")
    assert EXPIRES not in (await sally.get("/user")).headers
    await expire_after(running, 30, "days")
    ends = await ends_of(sally)
    assert EXPIRES not in (await sally.get("/user")).headers
    later.ahead = timedelta(days=24)
    answer = await sally.get("/user")
    assert (200, ends) == (answer.status, datetime.fromisoformat(answer.headers[EXPIRES]))
    assert EXPIRES in (await sally.get("/pacticipants/none")).headers  # whatever the answer is
    later.ahead = timedelta(days=31)
    refused = await sally.get("/user")
    require_refusal(refused, 401)
    assert "expired at" in refused.text
    assert EXPIRES not in refused.headers
    unknown = await running.client("mun_unknown").get("/user")
    require_refusal(unknown, 401)
    assert "expired" not in unknown.text


async def test_who_wants_no_alert_gets_none(running: Running) -> None:
    """The personal preference tokenExpiryAlert (section 3.9)."""
    sally = await running.person("Sally")
    await expire_after(running, 2, "days")
    assert EXPIRES in (await sally.get("/user")).headers
    own = "/preferences/current-user/tokenExpiryAlert"
    assert 200 == (await sally.put(own, {"value": False})).status
    assert EXPIRES not in (await sally.get("/user")).headers
    assert EXPIRES in (await running.admin.get("/user")).headers


async def test_a_new_value_has_a_new_period(running: Running) -> None:
    """The owner regenerates before the end; switching expiry off takes every end away."""
    sally = await running.person("Sally")
    await expire_after(running, 1, "months")
    before = await ends_of(sally)
    for item in (await sally.get("/settings/tokens")).json["_embedded"]["items"]:
        if item["readOnly"]:
            made = await sally.post(f"{item['_links']['self']['href']}/regenerate")
            assert datetime.fromisoformat(made.json["expiresAt"]) >= before
    assert 200 == (await running.admin.put(PATH, {"value": None})).status
    for item in (await sally.get("/settings/tokens")).json["_embedded"]["items"]:
        assert "expiresAt" not in item
