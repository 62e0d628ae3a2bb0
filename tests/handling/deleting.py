"""A process that opens the service of its environment and deletes every integration as soon as it is told to."""

import asyncio
import os
import sys

from service import app as composition
from service.app import App
from service.commands.integrations import DeleteIntegrations
from service.commands.order import Caller
from service.orders import Order, Outcome
from service.settings import from_environment

KEY = "the same key"


async def delete(app: App) -> Outcome:
    """The first Administrator deletes every integration, always under one key."""
    administrator = app.replica.now().principal_with_email(app.settings.admin_email)
    assert administrator is not None, "every world has one"
    return await app.handler.handle(
        Order(
            command=DeleteIntegrations(),
            caller=Caller(principal=administrator.id, token=administrator.tokens[0]),
            idempotency_key=KEY,
            fingerprint=KEY.encode(),
        )
    )


async def _main() -> None:
    async with composition.opened(from_environment(os.environ).settings) as app:
        sys.stdout.write("opened\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)
        await delete(app)


if __name__ == "__main__":
    asyncio.run(_main())
