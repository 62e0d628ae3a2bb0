"""Webhooks that vanish with an application that they name, or with the integration of both."""

from collections.abc import Iterable
from typing import Final, Literal

from projections.webhooks import Webhook
from service.commands.removals import oldest_first
from service.events import Event
from service.events.webhooks import WebhookDeleted

WEBHOOKS_MAX: Final = 20_000
"""Webhooks that one order may remove. Each has a record of its own, which names what leaves the vault in the same
transaction, so that they weigh more than what is listed in hundreds."""


def webhooks_deleted(
    webhooks: Iterable[Webhook], because: Literal["application", "integration"]
) -> list[Event]:
    """A record for each, oldest first; their requests leave the vault in the same transaction."""
    return [
        WebhookDeleted(
            webhook=one.id, settings=one.settings, request=one.request, team=one.team, because=because
        )
        for one in oldest_first(webhooks)
    ]
