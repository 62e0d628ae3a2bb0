"""kill -9 between a commit and the delivery that it owes, of either of two replicas or of both.

The receiver fails, dawdles and hangs up at random. In the end every publication that was acknowledged has its delivery,
and every delivery was answered 2xx; what was sent and not recorded when a process died was sent again, under its id.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Iterable
from typing import Final

import aiohttp
import asyncpg
from aiohttp import web

from service.events.webhooks import WebhookExecuted, WebhooksTriggered
from service.log import recorded
from tests import receiver
from tests.receiver import Got, Receiver
from tests.torture.ground import Ground
from tests.torture.served import Service, database, ended

ROUNDS: Final = 20
PUBLICATIONS: Final = 24
"""In a round, before somebody dies."""
DELIVERED_SECONDS_MAX: Final = 90.0
SENDING: Final = {
    "MUNIMENT_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
    "MUNIMENT_WEBHOOK_RETRY_SECONDS": ",".join(["1"] * 30),
    "MUNIMENT_WEBHOOK_TIMEOUT_SECONDS": "5",
}
Told = list[WebhooksTriggered | WebhookExecuted]


async def run(ground: Ground) -> None:
    """No delivery is lost, none is recorded twice, and nothing arrives that the log does not owe."""
    async with database(ground) as (server, environ), receiver.listening() as there:
        services = [Service(ground, name, **environ, **SENDING) for name in ("left", "right")]
        async with ended(*services):
            for one in services:
                await one.start()
            webhook = await _webhook(services[0], there)
            acknowledged: list[str] = []
            for number in range(ground.rounds):
                there.answers = [_answer(ground) for _ in range(PUBLICATIONS)]
                publications = [f"{number}.{index}.0" for index in range(PUBLICATIONS)]
                publishing = asyncio.ensure_future(_publish(ground, services, publications, acknowledged))
                await asyncio.sleep(ground.random.uniform(0.0, 1.0))
                victims = ground.random.choice(
                    [services[:1], services[1:], services] if number else [services]
                )
                await asyncio.gather(*(one.kill() for one in victims))
                for one in victims:
                    await one.start()
                await publishing
                ground.tell(
                    f"round {number + 1}, {' and '.join(one.name for one in victims)} killed:"
                    f" {len(acknowledged)} acknowledged, {len(there.got)} arrived"
                )
            there.answers = []
            log = await _delivered(ground, server.owner_dsn)
            ground.violated(violations(log, there.got, acknowledged, webhook))
            sent = Counter(
                (one.headers["Muniment-Delivery"], one.headers["Muniment-Attempt"]) for one in there.got
            )
            ground.counts["acknowledged"] = len(acknowledged)
            ground.counts["arrived"] = len(there.got)
            ground.counts["arrived again"] = sum(count - 1 for count in sent.values())
            await services[0].prove()
            for one in services:
                ground.require(await one.stop() == 0, f"{one.name} did not end with 0 at SIGTERM.")


def violations(log: Told, got: list[Got], acknowledged: list[str], webhook: str) -> list[str]:
    """What was promised and does not hold."""
    owed = {
        one.delivery: event
        for event in log
        if isinstance(event, WebhooksTriggered)
        for one in event.deliveries
    }
    attempts = [event for event in log if isinstance(event, WebhookExecuted)]
    arrived = {one.headers["Muniment-Delivery"] for one in got}
    triggered = {event.consumer_version for event in owed.values()}
    found = [f"The publication {one} owes no delivery." for one in acknowledged if one not in triggered]
    found += [f"The delivery {one} never arrived." for one in sorted(owed.keys() - arrived)]
    found += [f"{one} arrived, and the log does not owe it." for one in sorted(arrived - owed.keys())]
    for delivery in owed:
        numbers = [one.attempt for one in attempts if one.delivery == delivery]
        if numbers != list(range(1, len(numbers) + 1)):
            found.append(f"The attempts of {delivery} are recorded as {numbers}.")
        ends = [one for one in attempts if one.delivery == delivery and one.next_at is None]
        if len(ends) != 1 or not ends[0].success:
            found.append(f"The delivery {delivery} did not end by one success: {ends}.")
    found += [f"An attempt names {one.webhook}." for one in attempts if one.webhook != webhook]
    return found


async def _delivered(ground: Ground, dsn: str) -> Told:
    """What the log says once everything that is owed was delivered; a violation where that never is."""
    until = time.monotonic() + DELIVERED_SECONDS_MAX
    while True:
        log = await _told(dsn)
        owed = {
            one.delivery for event in log if isinstance(event, WebhooksTriggered) for one in event.deliveries
        }
        done = {
            event.delivery for event in log if isinstance(event, WebhookExecuted) and event.next_at is None
        }
        if owed <= done or time.monotonic() > until:
            ground.require(owed <= done, f"{len(owed - done)} deliveries were still owed at the end.")
            return log
        await asyncio.sleep(0.5)


async def _told(dsn: str) -> Told:
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(
            "select entry from muniment.log where kind = any ($1) order by position",
            ["webhooks.triggered", "webhook.executed"],
        )
    finally:
        await connection.close()
    events = (recorded.decode(row["entry"]).data for row in rows)
    return [event for event in events if isinstance(event, WebhooksTriggered | WebhookExecuted)]


async def _webhook(service: Service, there: Receiver) -> str:
    body = {
        "description": "Build",
        "events": [{"name": "contract_published"}],
        "request": {"method": "POST", "url": there.url("/build"), "body": "${pactbroker.pactUrl}"},
    }
    status, headers, text = await service.ask("POST", "/webhooks", body)
    assert status == 201, text
    return headers["Location"].rpartition("/")[2] if "Location" in headers else text.split('"uuid":"')[1][:36]


async def _publish(
    ground: Ground, services: list[Service], versions: Iterable[str], acknowledged: list[str]
) -> None:
    """One publication after the other, of whichever replica is there; what nobody acknowledged is not tried again."""
    for version in versions:
        content = {"consumer": {"name": "Foo"}, "provider": {"name": "Bar"}, "interactions": [version]}
        one = ground.random.choice(services)
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            path = f"/pacts/provider/Bar/consumer/Foo/version/{version}"
            status, _, _ = await one.ask("PUT", path, content)
            if status in (200, 201):
                acknowledged.append(version)
        await asyncio.sleep(ground.random.uniform(0.0, 0.1))


def _answer(ground: Ground) -> int | receiver.Answering:
    """What the receiver does next: mostly well, else a failure, a late answer, or none at all."""

    async def late(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(ground.random.uniform(0.1, 1.0))
        return web.Response(status=202)

    async def hung_up(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None, "the connection is there"
        request.transport.close()
        return web.Response()

    answers: list[int | receiver.Answering] = [200, 204, 200, 500, late, late, hung_up]
    return ground.random.choice(answers)
