"""A service that sends webhooks to receivers on loopback, and what its log says of them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

from service import app as composition
from service.events import webhooks as events
from service.events.webhooks import WebhookDeliveryAbandoned, WebhookExecuted, WebhooksTriggered
from service.http.edge import unobserved
from tests import postgres, service
from tests.handling import doors
from tests.service import Client

Told = WebhooksTriggered | WebhookExecuted | WebhookDeliveryAbandoned


@asynccontextmanager
async def running(
    database: postgres.Database, place: Path, **environment: str
) -> AsyncIterator[service.Running]:
    """The service, whose webhooks may reach receivers on this machine, and are tried twice more at once."""
    chosen = {
        "MUNIMENT_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
        "MUNIMENT_WEBHOOK_RETRY_SECONDS": "0,0",
        **environment,
    }
    async with service.running(database, place, unobserved, composition.clock, **chosen) as found:
        yield found


async def webhook(client: Client, url: str, **more: Any) -> str:
    """A webhook for every published contract, of no team. Returns its id."""
    request = {"method": "POST", "url": url, "body": {"at": "${pactbroker.consumerVersionNumber}"}}
    body = {
        "description": "Build",
        "events": [{"name": "contract_published"}],
        "request": {**request, **more.pop("request", {})},
        **more,
    }
    made = await client.post("/webhooks", body)
    assert 201 == made.status, made.text
    return str(made.json["uuid"])


async def publish(client: Client, version: str, consumer: str = "Foo", provider: str = "Bar") -> None:
    """One contract, another one for each version."""
    content = {"consumer": {"name": consumer}, "provider": {"name": provider}, "interactions": [version]}
    made = await client.put(f"/pacts/provider/{provider}/consumer/{consumer}/version/{version}", content)
    assert made.status in (200, 201), made.text


async def told(database: postgres.Database) -> list[Told]:
    """What the log says of deliveries, in its order."""
    return [one.data for one in await doors.log_of(database) if isinstance(one.data, Told)]


async def executed(database: postgres.Database) -> list[events.WebhookExecuted]:
    """Every attempt that is recorded."""
    return [one for one in await told(database) if isinstance(one, WebhookExecuted)]


async def execute(database: postgres.Database, statement: str) -> None:
    """A statement of the tables' owner."""
    connection = await asyncpg.connect(database.owner_dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def until(true: Callable[[], Any], seconds: float = 30) -> None:
    """Return once it is true; an awaitable is awaited."""
    async with asyncio.timeout(seconds):
        while True:
            found = true()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.05)


async def recorded(database: postgres.Database, number: int) -> list[events.WebhookExecuted]:
    """The attempts, once the log holds so many."""
    found: list[events.WebhookExecuted] = []

    async def enough() -> bool:
        found[:] = await executed(database)
        return len(found) >= number

    await until(enough)
    return found
