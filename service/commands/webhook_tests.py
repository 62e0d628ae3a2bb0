"""Having a webhook execute once, to try it: one that is saved, or one that is only described. Pure.

The order is recorded before anything is sent, so that nobody sends what others cannot see; what came of it is recorded
by the service (`service.commands.deliveries`).
"""

from typing import ClassVar

import msgspec

from projections import things
from projections.view import View
from service import errors
from service.commands import team_bound, webhooks
from service.commands.order import Caller, Need
from service.commands.webhook_requests import Wanted
from service.events import Event
from service.events import webhooks as events
from service.vocabulary import DeliveryId, TeamId, is_uuid


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook that is not saved. Nothing of its request goes to the vault."""

    settings: webhooks.Asked
    request: Wanted
    team: TeamId | None = None


class TestWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """Execute a webhook once, without trying again. It is what a client calls one that is saved, or is described."""

    word: ClassVar[str] = "test_webhook"
    __test__: ClassVar[bool] = False
    """An order, and no test of this service's, as its name makes pytest believe."""
    delivery: DeliveryId
    webhook: str | Described

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        if isinstance(self.webhook, Described):
            return (team_bound.creating(webhooks.MANAGE, "webhook", self.webhook.team, view, caller),)
        return (Need(webhooks.MANAGE, things.of_webhook(view.webhook(self.webhook))),)

    def arguments(self) -> dict[str, str]:
        if isinstance(self.webhook, Described):
            return {"team": self.webhook.team} if self.webhook.team else {}
        return {"webhook": self.webhook} if is_uuid(self.webhook) else {}


def test_webhook(command: TestWebhook, view: View, caller: Caller) -> list[Event]:
    """Decide it. One that is described must be one that could be saved: Invalid as its creation would be; NotFound."""
    described = command.webhook
    if isinstance(described, Described):
        settings, request = webhooks.checked(described.settings, described.request, described.team, view)
        webhook, team = None, described.team
    else:
        held = view.webhook(described)
        settings, request, webhook, team = held.settings, held.request, held.id, held.team
    return [
        events.WebhookTestOrdered(
            delivery=command.delivery,
            webhook=webhook,
            method=request.method,
            destination=request.destination,
            references=request.references,
            team=team,
            consumer=settings.consumer,
            provider=settings.provider,
        )
    ]


def require_sending(held: str) -> None:
    """Raise Refused where this service sends nothing now; `held` says why in words, and is empty where it does."""
    if held:
        raise errors.Refused("webhooks_held", f"No webhook is executed here now: {held}")
