"""What a publication had webhooks do, in the words in which a Pact Broker tells it and clients print it."""

from collections.abc import Sequence
from itertools import islice
from typing import Final

from projections import things
from projections.view import View
from service.events.webhooks import Delivery, Trigger, WebhooksTriggered
from service.http import responses
from service.http.edge import PATHS, Call
from service.orders import Outcome
from service.vocabulary import ContractId

LOGS: Final = "/triggered-webhooks/{}/logs"
TOLD_MAX: Final = 20
"""Webhooks that are named for one contract; how many others there are is said."""


def texts(call: Call, view: View, outcome: Outcome, contract: ContractId) -> list[str]:
    """A line of which events were detected, and two for each webhook; none where none fired on the contract.

    What a webhook is called is told to whoever may manage it; everybody else is told its id.
    """
    found = [one.data for one in outcome.records if isinstance(one.data, WebhooksTriggered)]
    events = [one for one in found if one.contract == contract]
    if not events:
        return []
    owing = [(one.event, delivery) for one in events for delivery in one.deliveries]
    told = [_told(call, view, event, delivery) for event, delivery in islice(owing, TOLD_MAX)]
    if len(owing) > TOLD_MAX:
        told.append(f"  {len(owing) - TOLD_MAX:,} more webhooks were triggered.")
    return [f"  Events detected: {', '.join(_in_order(events))}", *told]


def _in_order(events: Sequence[WebhooksTriggered]) -> list[str]:
    return list(dict.fromkeys(one.event for one in events))


def _told(call: Call, view: View, event: Trigger, delivery: Delivery) -> str:
    webhook, called = view.webhook_by_own_id(delivery.webhook), ""
    if webhook is not None and call.may("webhook:manage", things.of_webhook(webhook)):
        called = f'"{webhook.settings.description}"' if webhook.settings.description else webhook.shown_id
    said = f"  Webhook {called or delivery.webhook} triggered for event {event}."
    if LOGS not in call.request.app[PATHS]:
        return said
    place = responses.href(call.edge, "triggered-webhooks", delivery.delivery, "logs")
    return f"{said}\n    View logs at {place}"
