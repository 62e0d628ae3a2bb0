"""Webhooks end to end: two replicas on one database, a real receiver, and nothing but HTTP.

What fires on what is section 3.7 of the vendor's rules. Who sends it is whichever replica leads; who publishes asks the
other one.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests import receiver
from tests.receiver import Receiver
from tests.scenarios.recording import Recording
from tests.torture import ground
from tests.torture.served import Service, database, ended

pytestmark = pytest.mark.slow

EVENTS = (
    "contract_content_changed",
    "contract_published",
    "contract_requiring_verification_published",
    "provider_verification_published",
    "provider_verification_succeeded",
    "provider_verification_failed",
)
SETTINGS = {
    "MUNIMENT_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
    "MUNIMENT_WEBHOOK_RETRY_SECONDS": "1,1",
    "MUNIMENT_WEBHOOK_TIMEOUT_SECONDS": "2",
}
QUIET_SECONDS = 1.5
"""For so long nothing more arrives before it is taken for all."""


class Company:
    """Two replicas and a receiver. What is asked goes to `left`, what is looked up to `right`."""

    def __init__(self, left: Service, right: Service, there: Receiver) -> None:
        self.services = (left, right)
        self.left, self.right = Recording(left), Recording(right)
        self.there = there

    async def hook(self, event: str, **more: Any) -> str:
        """A webhook for one event of Foo and Bar, whose body says what it is about."""
        names = (
            "eventName",
            "consumerName",
            "providerName",
            "consumerVersionNumber",
            "providerVersionNumber",
        )
        body = {name: f"${{pactbroker.{name}}}" for name in names}
        document = {
            "description": event,
            "events": [{"name": event}],
            "consumer": {"name": "Foo"},
            "provider": {"name": "Bar"},
            "request": {"method": "POST", "url": self.there.url(f"/{event}"), "body": body},
            **more,
        }
        return str((await self.left.must(201, "POST", "/webhooks", document)).json["uuid"])

    async def publish(self, version: str, content: str, status: int = 201) -> None:
        """Foo's contract with Bar, for a version."""
        path = f"/pacts/provider/Bar/consumer/Foo/version/{version}"
        await self.left.must(status, "PUT", path, {"interactions": [{"description": content}]})

    async def verified(self, version: str, by: str, *, success: bool) -> None:
        """A result of Bar's for the contract of that version."""
        shown = await self.left.must(200, "GET", f"/pacts/provider/Bar/consumer/Foo/version/{version}")
        link = shown.json["_links"]["pb:publish-verification-results"]["href"]
        path = "/" + link.partition("//")[2].partition("/")[2]
        await self.left.must(201, "POST", path, {"success": success, "providerApplicationVersion": by})

    async def arrived(self, number: int) -> list[dict[str, Any]]:
        """What arrived since it was last asked, once that is so many and nothing more came."""
        await self.there.count(number)
        await asyncio.sleep(QUIET_SECONDS)
        got, self.there.got[:] = list(self.there.got), []
        return [{**json.loads(one.body), "path": one.target, **_told(one.headers)} for one in got]

    async def fired(self, number: int) -> Counter[str]:
        """Which events' webhooks fired, each of which names its own."""
        found = await self.arrived(number)
        assert all(one["path"] == f"/{one['eventName']}" for one in found), found
        assert all(("Foo", "Bar") == (one["consumerName"], one["providerName"]) for one in found), found
        return Counter(one["eventName"] for one in found)

    async def trail(self, kind: str) -> list[dict[str, Any]]:
        """The records of a kind, the oldest first, as the other replica tells them."""
        page = (await self.right.must(200, "GET", f"/audit?kind={kind}&pageSize=100")).json
        return list(page["events"])


def _told(headers: Any) -> dict[str, str]:
    return {"delivery": headers["Muniment-Delivery"], "attempt": headers["Muniment-Attempt"]}


@asynccontextmanager
async def opened() -> AsyncIterator[Company]:
    """The company, with Foo and Bar; all of it is ended afterwards."""
    with ground.short("webhooks", 1) as place:
        async with database(place) as (_, environ), receiver.listening() as there:
            services = [Service(place, name, **environ, **SETTINGS) for name in ("left", "right")]
            async with ended(*services):
                for one in services:
                    await one.start()
                company = Company(services[0], services[1], there)
                for name in ("Foo", "Bar"):
                    body = {"name": name, "mainBranch": "main"}
                    await company.left.must(201, "POST", "/pacticipants", body)
                yield company
                for one in services:
                    if one.process is not None and one.process.returncode is None:
                        assert 0 == await one.stop()


async def test_each_of_the_six_events_fires_when_it_happens_and_at_no_other_time() -> None:
    """Section 3.7: published, changed, to be verified; verified, succeeded, failed: each by its own webhook, once."""
    changed, published, requiring, verified, succeeded, failed = EVENTS
    async with opened() as company:
        for event in EVENTS:
            await company.hook(event)
        await company.publish("1", "one")
        assert Counter([changed, published]) == await company.fired(2)
        await company.publish("2", "one")
        assert Counter([published]) == await company.fired(1), "the same content under another version"
        await company.verified("1", "9", success=True)
        assert Counter([verified, succeeded]) == await company.fired(2)
        await company.verified("1", "9", success=False)
        assert Counter([verified, failed]) == await company.fired(2)
        await company.left.must(201, "PUT", "/pacticipants/Bar/branches/main/versions/10", {})
        await company.publish("3", "two")
        assert Counter([changed, published, requiring]) == await company.fired(3), "10 has not verified it"
        await company.verified("3", "10", success=True)
        assert Counter([verified, succeeded]) == await company.fired(2)
        await company.publish("4", "two")
        assert Counter([published]) == await company.fired(1), "10 has verified that content"
        await company.publish("4", "two", status=200)
        assert Counter([published]) == await company.fired(1), (
            "a publication that records nothing is one, too"
        )


async def test_what_fails_is_sent_again_under_the_same_id_until_it_arrives() -> None:
    """Every attempt is told and recorded; whoever got it twice can see that it is the same."""
    async with opened() as company:
        hook = await company.hook(EVENTS[0])
        company.there.answers = [500, 503, 204]
        await company.publish("1", "one")
        found = await company.arrived(3)
        assert ["1", "2", "3"] == [one["attempt"] for one in found]
        assert 1 == len({one["delivery"] for one in found})
        executed = await company.trail("webhook.executed")
        told = [one["sentence"] for one in executed]
        assert 3 == len(told)
        assert all("status 50" in one for one in told[:2])
        assert "status 204" in told[2]
        log = await company.right.must(200, "GET", f"/triggered-webhooks/{found[0]['delivery']}/logs")
        assert "500" in log.text
        assert "204" in log.text
        touched = await company.right.must(200, "GET", f"/audit?touches=webhook:{hook}")
        kinds = [one["kind"] for one in touched.json["events"]]
        assert {"webhook.created", "webhooks.triggered", "webhook.executed"} <= set(kinds)


async def test_what_fails_every_time_is_given_up_and_the_next_one_is_sent() -> None:
    """After the last retry nothing more is owed; a receiver that is well again gets what comes then."""
    async with opened() as company:
        await company.hook(EVENTS[1])
        company.there.answers = [500, 500, 500]
        await company.publish("1", "one")
        assert ["1", "2", "3"] == [one["attempt"] for one in await company.arrived(3)]
        await company.publish("2", "two")
        again = await company.arrived(1)
        assert ["1"] == [one["attempt"] for one in again]
        assert ["2"] == [one["consumerVersionNumber"] for one in again]


async def test_a_webhook_that_is_disabled_or_deleted_sends_nothing_any_more() -> None:
    """What it still owed is given up, and the record says why."""
    async with opened() as company:
        one, other = await company.hook(EVENTS[0]), await company.hook(EVENTS[1])
        company.there.answers = [500, 500]
        await company.publish("1", "one")
        await company.there.count(2)
        shown = (await company.left.must(200, "GET", f"/webhooks/{one}")).json
        await company.left.must(200, "PUT", f"/webhooks/{one}", {**shown, "enabled": False})
        await company.left.must(204, "DELETE", f"/webhooks/{other}")
        await asyncio.sleep(3)
        before = len(company.there.got)
        await company.publish("2", "two")
        await asyncio.sleep(QUIET_SECONDS)
        assert before == len(company.there.got)
        assert 2 == len(await company.trail("webhook.delivery_abandoned"))


@pytest.mark.parametrize("victim", [0, 1])
async def test_when_a_replica_dies_the_other_one_sends(victim: int) -> None:
    """kill -9 while a request is under way: whoever is left sends it again, under the same id, and nothing is lost."""
    async with opened() as company:
        await company.hook(EVENTS[0])
        company.there.answers = [_silent]
        await company.publish("1", "one")
        await company.there.count(1)
        await company.services[victim].kill()
        survivor = company.right if victim == 0 else company.left
        await company.there.count(2, seconds=60)
        await survivor.must(
            201,
            "PUT",
            "/pacts/provider/Bar/consumer/Foo/version/2",
            {"interactions": [{"description": "two"}]},
        )
        found = await company.arrived(3)
        assert {"1", "2"} == {one["consumerVersionNumber"] for one in found}
        assert 2 == len({one["delivery"] for one in found})


async def _silent(request: Any) -> Any:
    await asyncio.sleep(30)
    raise AssertionError("nobody waits for so long")
