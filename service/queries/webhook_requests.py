"""What webhooks send, out of the vault: as it is shown to whoever manages them, or as it is sent."""

from collections.abc import Sequence

from projections.webhooks import Webhook
from service import errors
from service.commands import webhook_contents
from service.commands.webhook_contents import Content
from service.log.keys import Keys
from service.queries import vault
from service.queries.reading import Reader
from service.vocabulary import WebhookId


async def request(reader: Reader, keys: Keys, webhook: Webhook) -> Content:
    """The whole request, with every value in its place: for sending alone, since nobody is shown these.

    Raises NotFound where the webhook sends something else by now, Broken for a row that does not open, Unavailable
    when Postgres is away.
    """
    held = webhook.request
    opened = await vault.bodies(reader, keys, held.refs)
    if not set(held.refs) <= set(opened):
        raise errors.NotFound("What this webhook sent was superseded.", gone=True)
    values = {one.name: opened[one.value].decode() for one in held.sealed}
    return webhook_contents.with_sealed(webhook_contents.decoded(opened[held.content]), values)


async def shown(reader: Reader, keys: Keys, webhooks: Sequence[Webhook]) -> dict[WebhookId, Content]:
    """What many webhooks send as it may be shown, read at one stroke; those whose row was superseded are absent.

    Raises Broken for a row that does not open, Unavailable when Postgres is away.
    """
    opened = await vault.bodies(reader, keys, [one.request.content for one in webhooks])
    return {
        one.id: webhook_contents.decoded(opened[one.request.content])
        for one in webhooks
        if one.request.content in opened
    }
