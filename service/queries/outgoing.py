"""From a delivery to the request that is sent for it: its webhook's request, filled in with what holds for it."""

import asyncio
from collections.abc import Callable

from projections.deliveries import Delivery
from projections.view import View
from projections.webhooks import Webhook
from service import errors
from service.commands.webhook_contents import Content
from service.log.keys import Keys
from service.queries import template_values, templates, webhook_requests
from service.queries.reading import Reader
from service.queries.templates import Rendered

Views = Callable[[int], View]
"""What was true at a position (`Replica.view`)."""


async def request(
    reader: Reader, keys: Keys, now: Callable[[], View], at: Views, delivery: Delivery, base_url: str
) -> Rendered:
    """What is sent for a delivery: the webhook's request and its secrets as they are now, the variables as of then.

    `now` and `at` are `Replica.now` and `Replica.view`. Raises NotFound where the webhook is gone, Invalid for what
    cannot be sent once it is filled in, Broken where a value does not open, Unavailable when Postgres is away. No
    error says anything of a value.
    """
    assert delivery.webhook is not None, "what is owed is owed by a webhook that is saved"
    webhook, content = await opened(reader, keys, now, delivery.webhook)
    names = templates.names(content)
    whose = (webhook.team, webhook.left)
    values = await template_values.secrets_for(reader, keys, now, whose, names)
    async with reader.connection() as connection:
        then = at(delivery.position)
        values |= await template_values.variables(connection, then, delivery, base_url, names)
    return templates.render(content, values)


async def opened(
    reader: Reader, keys: Keys, now: Callable[[], View], webhook: str
) -> tuple[Webhook, Content]:
    """A webhook as it is now with its whole request. Raises NotFound, Broken and Unavailable."""
    found = _held(now(), webhook)
    for _ in range(template_values.TRIES_MAX):
        try:
            return found, await webhook_requests.request(reader, keys, found)
        except errors.NotFound:
            # Edited just then: what it sends now stands elsewhere, and that is known here in a moment.
            await asyncio.sleep(template_values.FOLLOWED_SECONDS)
        before, found = found, _held(now(), webhook)
        if found.request == before.request:
            raise errors.Broken("What a webhook sends is not in the vault: `muniment verify` says more.")
    raise errors.Unavailable("The webhook is being edited; try again.", 1)


def _held(view: View, webhook: str) -> Webhook:
    found = view.webhook_by_own_id(webhook)
    if found is None:
        raise errors.NotFound("This webhook was deleted.", gone=True)
    return found
