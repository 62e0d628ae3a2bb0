"""What publishing says over HTTP of the webhooks that it triggers, and what a repeat does (section 3.7)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from projections import span_reading, spans
from projections.deliveries import Delivery, Owed
from tests import postgres, service
from tests.http.test_publishing import FOO_BAR, item, kinds, pact, publication, texts
from tests.service import BASE_URL, Client, Running

EVENTS = (
    "contract_published",
    "contract_content_changed",
    "contract_requiring_verification_published",
    "provider_verification_published",
    "provider_verification_failed",
)


@pytest.fixture
async def running(database: postgres.Database, tmp_path: Path) -> AsyncIterator[Running]:
    """A service that sends nothing, so that what is owed stays owed."""
    async with service.running(database, tmp_path, MUNIMENT_WEBHOOKS="hold") as started:
        yield started


async def webhook(client: Client, *events: str, **fields: Any) -> str:
    """A webhook for any application."""
    request = {"method": "POST", "url": "https://ci.example.org/build"}
    body = {"description": "Build", "events": [{"name": one} for one in events], "request": request, **fields}
    answer = await client.post("/webhooks", body)
    assert 201 == answer.status, answer.text
    return str(answer.json["uuid"])


async def stored(running: Running, fact: type[Any]) -> list[Any]:
    """What Postgres holds of them."""
    async with running.app.reader.connection() as connection:
        shelf = await span_reading.shelf(connection, running.position, [spans.every(fact)])
    return shelf.every(fact)


async def test_a_publication_tells_what_it_triggered(running: Running) -> None:
    """Clients print the notices: which events there were, and of each webhook its name and where its log is."""
    made = await webhook(running.admin, *EVENTS)
    answer = await running.admin.post("/contracts/publish", publication(item(pact("a"))))
    delivered = {one.event: one.id for one in await stored(running, Delivery)}

    assert {"contract_published", "contract_content_changed"} == set(delivered)
    assert "  Events detected: contract_published, contract_content_changed" in texts(answer, "debug")
    for event, delivery in delivered.items():
        [told] = [one for one in texts(answer, "debug") if f"triggered for event {event}." in one]
        assert f'  Webhook "Build" triggered for event {event}.' == told.split("\n")[0]
        assert [f"    View logs at {BASE_URL}/triggered-webhooks/{delivery}/logs"] == told.split("\n")[1:]
        assert 200 == (await running.admin.get(f"/triggered-webhooks/{delivery}/logs")).status
    assert {made} == {one.webhook for one in await stored(running, Owed)}
    assert texts(answer) == [one["message"] for one in answer.json["logs"]]


async def test_what_a_webhook_is_called_is_for_who_may_manage_it(running: Running) -> None:
    """Open point 15: whoever may publish and not manage webhooks is told the id of what they triggered, no more."""
    made = await webhook(running.admin, "contract_published", description="Rotates the crown jewels")
    role = await running.role("Publishes", "contract_data:manage:*")
    sally = await running.person("Sally", roles=[role])
    answer = await sally.post("/contracts/publish", publication(item(pact("a"))))

    assert "crown jewels" not in answer.text
    assert any(f"Webhook {made} triggered" in one for one in texts(answer))


async def test_many_webhooks_are_counted_and_the_first_are_named(running: Running) -> None:
    """A client's log is no place for hundreds of lines."""
    for _ in range(22):
        await webhook(running.admin, "contract_published")
    answer = await running.admin.post("/contracts/publish", publication(item(pact("a"))))

    assert 20 == sum("triggered for event" in one for one in texts(answer))
    assert "  2 more webhooks were triggered." in texts(answer)
    assert 22 == len(await stored(running, Owed))


async def test_without_webhooks_nothing_more_is_said_or_recorded(running: Running) -> None:
    """Whoever has no webhooks meets none; a disabled one is as good as none."""
    await webhook(running.admin, *EVENTS, enabled=False)
    before = running.position
    answer = await running.admin.post("/contracts/publish", publication(item(pact("a"))))

    assert not [one for one in texts(answer) if "Webhook" in one or "Events detected" in one]
    assert "webhooks.triggered" not in await kinds(running, after=before)


async def test_a_repeat_under_its_key_fires_once(running: Running) -> None:
    """Section 3.7: the same request under the same key is answered as it was, also where it only fired."""
    await running.admin.put(f"{FOO_BAR}/version/1", pact("a"))
    await webhook(running.admin, *EVENTS)
    again = [
        await running.admin.put(
            f"{FOO_BAR}/version/1", pact("a"), headers={"Idempotency-Key": "the-very-same"}
        )
        for _ in range(2)
    ]
    posted = [
        await running.admin.post(
            "/contracts/publish",
            publication(item(pact("a")), version="2"),
            headers={"Idempotency-Key": "and-this-one"},
        )
        for _ in range(2)
    ]

    assert [200, 200] == [one.status for one in again]
    assert again[0].json == again[1].json
    assert posted[0].json == posted[1].json
    assert ["contract_published"] * 2 == [one.event for one in await stored(running, Delivery)]


async def test_a_result_fires_what_waits_for_it(running: Running) -> None:
    """What is owed names the result's version of the provider, and the newest version that has the content."""
    await webhook(running.admin, *EVENTS)
    made = await running.admin.put(f"{FOO_BAR}/version/1", pact("a"))
    place = f"{FOO_BAR}/pact-version/{made.json['digest']}/verification-results"
    owed = len(await stored(running, Owed))
    body = {"success": False, "providerApplicationVersion": "5"}
    real = await running.admin.post(place, body)

    assert 201 == real.status
    found = [one for one in await stored(running, Delivery) if one.result is not None]
    assert {"provider_verification_published", "provider_verification_failed"} == {one.event for one in found}
    assert {("1", "5")} == {(one.consumer_version, one.provider_version) for one in found}
    assert owed + 2 == len(await stored(running, Owed))
