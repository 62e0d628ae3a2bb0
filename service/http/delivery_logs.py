"""The log of one delivery: what was sent for a webhook, and what came of each attempt (section 4.6)."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from projections import spans
from projections.deliveries import Attempt, Delivery
from projections.view import View
from service import errors
from service.commands.webhooks import MANAGE
from service.events.webhooks import WebhookTestOrdered
from service.http import deliveries, edge, problems, responses
from service.http.edge import Call
from service.http.responses import Document
from service.log import reader as log_reader
from service.log import recorded
from service.log.connect import Connection
from service.queries import delivering

_HAL: Final = "application/hal+json"


async def logged(call: Call) -> web.Response:
    """GET /triggered-webhooks/{uuid}/logs: every attempt of a delivery in words, or as JSON for who accepts that."""
    view = (await call.moment()).view
    key = call.path_id()
    delivery = (await call.spans(view, spans.by_key(Delivery, key))).get(Delivery, key)
    if delivery is None:
        raise errors.NotFound("There is no such triggered webhook.")
    if delivery.webhook is not None or delivery.orderer != call.me:
        call.require(MANAGE, deliveries.current_target(call, delivery))
    async with call.edge.reader.connection() as connection:
        where = [await _where(call, connection, delivery, one) for one in delivery.attempts]
    if problems.accepts(call.request, _HAL):
        return responses.hal(call, _log_document(call, view, delivery, where))
    text = delivering.log(delivery, where, call.edge.client.held)
    return responses.made(call, text.encode(), problems.PLAIN)


def _log_document(call: Call, view: View, delivery: Delivery, where: Sequence[str]) -> Document:
    """A delivery's log as the open-source broker has it in JSON."""
    shown = deliveries.document(call, view, delivery)
    executions = [
        {
            "success": attempt.success,
            "logs": delivering.lines(number, attempt, place),
            "createdAt": edge.iso(attempt.sent_at),
        }
        for number, (attempt, place) in enumerate(zip(delivery.attempts, where, strict=True), start=1)
    ]
    links = {"self": responses.link(responses.here(call), "Triggered webhook logs")}
    if "pb:webhook" in shown["_links"]:
        links["pb:webhook"] = shown["_links"]["pb:webhook"]
    kept = ("eventName", "consumerName", "providerName", "nextAttemptAt")
    return {
        **{field: shown[field] for field in kept if field in shown},
        "executions": executions,
        "_embedded": {"triggeredWebhook": {"uuid": delivery.id, "status": shown["status"]}},
        "_links": links,
    }


async def _where(call: Call, connection: Connection, delivery: Delivery, attempt: Attempt) -> str:
    """Method and destination of an attempt: the webhook's as it was then, or what the order of a test says."""
    if delivery.webhook is None:
        row = await log_reader.entry_at(connection, delivery.position)
        event = None if row is None else recorded.decode(row.entry).data
        return f"{event.method} {event.destination}" if isinstance(event, WebhookTestOrdered) else "a request"
    position = await log_reader.position_at_time(connection, attempt.sent_at)
    replica = call.edge.replica
    then = replica.view(min(max(position, delivery.position), replica.position))
    webhook = then.webhook_by_own_id(delivery.webhook)
    return "a request" if webhook is None else f"{webhook.request.method} {webhook.request.destination}"
