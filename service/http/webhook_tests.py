"""Trying a webhook: POST /webhooks/{uuid}/execute, and /webhooks/execute for one that is not saved (section 4.6).

It is sent once, with the newest contract that it is for and that the caller may read, or with placeholders. What is
answered holds no secret, and of what the receiver said nothing but its status.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from aiohttp import web

from projections import spans
from projections.contracts import Contract
from projections.deliveries import Attempt, Delivery
from projections.view import View
from service import errors, sending
from service.commands import deliveries, webhook_contents, webhook_requests, webhook_tests
from service.commands.order import Caller
from service.commands.webhook_contents import STARS, Content
from service.commands.webhook_tests import Described, TestWebhook
from service.events.webhooks import WebhookTestOrdered
from service.http import applications, requests, responses, webhook_documents, webhooks
from service.http.edge import Call
from service.http.responses import Document
from service.orders import Order, Outcome
from service.queries import delivering, stand_ins, template_values, templates
from service.queries import webhook_requests as vault_contents
from service.queries.template_values import Occasion
from service.sending import Attempted
from service.vocabulary import DeliveryId, Secret, TeamId

Whose = tuple[TeamId | None, TeamId | None]
_WHY: Final = "a webhook was tried"
_MESSAGE: Final = "Of what the receiver answers, only the status, the size and the time are kept."


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What is tried: the whole request, which values of it are hidden, and as whose it draws on secrets."""

    content: Content
    hidden: tuple[str, ...]
    whose: Whose
    waits_for_results: bool


async def executed(call: Call) -> web.Response:
    """POST /webhooks/{uuid}/execute: 200 with what came of it, also where it failed. The body is taken and not used."""
    webhook_tests.require_sending(call.edge.client.held)
    body = await requests.body(call)
    command = TestWebhook(delivery=DeliveryId(call.edge.fresh.id()), webhook=webhooks.id_of(call, call.view))
    outcome = await requests.handle(call, command, body)
    ordered = requests.event(outcome, WebhookTestOrdered)
    webhook = call.edge.replica.view(outcome.position).webhook(ordered.webhook or "")
    try:
        content = await vault_contents.request(call.edge.reader, call.edge.keys, webhook)
    except (errors.NotFound, errors.Broken):
        return await _answered(call, outcome, None)
    trial = Trial(
        content=content,
        hidden=tuple(one.name for one in webhook.request.sealed),
        whose=(webhook.team, webhook.left),
        waits_for_results=_waits_for_results(webhook.settings.events),
    )
    return await _answered(call, outcome, trial)


async def tried(call: Call) -> web.Response:
    """POST /webhooks/execute: the webhook in the body, which is not saved. 400 where it could not be."""
    webhook_tests.require_sending(call.edge.client.held)
    body = await requests.body(call)
    found = webhook_requests.checked(body.given("request"), call.edge.settings.webhook_methods)
    asked, _ = webhook_requests.wanted(found, call.edge.fresh.ref, lambda _row: "")
    team = body.optional_id("teamUuid")
    described = Described(
        settings=webhook_documents.asked(body), request=asked, team=None if team is None else TeamId(team)
    )
    command = TestWebhook(delivery=DeliveryId(call.edge.fresh.id()), webhook=described)
    outcome = await requests.handle(call, command, body)
    hidden = {one.name: one.value.text() for one in found.hidden if one.value is not None}
    trial = Trial(
        content=webhook_contents.with_sealed(found.content, hidden),
        hidden=tuple(hidden),
        whose=(described.team, None),
        waits_for_results=_waits_for_results(described.settings.events),
    )
    return await _answered(call, outcome, trial)


async def _answered(call: Call, outcome: Outcome, trial: Trial | None) -> web.Response:
    """Send once, record what came of it, and answer. No trial: what was to be sent is not in the vault any more.

    Where the order was repeated under its Idempotency-Key nothing is sent, and the answer is the first one's.
    """
    ordered = requests.event(outcome, WebhookTestOrdered)
    request: Document = {"method": ordered.method, "url": ordered.destination}
    told: dict[str, Secret] = {}
    if trial is not None:
        told = await _variables(call, call.edge.replica.view(outcome.position), ordered, trial)
        starred = webhook_contents.with_sealed(trial.content, dict.fromkeys(trial.hidden, STARS))
        request = _shown(starred, told)
    if outcome.replayed:
        return _answer(call, ordered, await _before(call, ordered), request)
    attempted = _unsent(call, "vault") if trial is None else await _sent(call, ordered, trial, told)
    await _record(call, outcome, attempted)
    return _answer(call, ordered, attempted, request)


async def _sent(
    call: Call, ordered: WebhookTestOrdered, trial: Trial, told: Mapping[str, Secret]
) -> Attempted:
    """Fill in with secrets as they are now, and send."""
    edge, names = call.edge, templates.names(trial.content)
    try:
        values = await template_values.secrets_for(
            edge.reader, edge.keys, edge.replica.now, trial.whose, names
        )
        rendered = templates.render(trial.content, {**values, **told})
    except errors.Broken:
        return _unsent(call, "vault")
    except errors.Invalid:
        return _unsent(call, "bad_request")
    return await sending.send(edge.client, rendered, delivery=ordered.delivery, attempt=1)


async def _variables(call: Call, view: View, ordered: WebhookTestOrdered, trial: Trial) -> dict[str, Secret]:
    """The variables of the newest contract that the webhook is for and that the caller may read, else stand-ins."""
    base_url, names = call.edge.settings.base_url, templates.names(trial.content)
    contract = _newest(call, view, ordered)
    if contract is None:
        found = stand_ins.of_contract(base_url)
        if trial.waits_for_results:
            found |= stand_ins.of_result(base_url)
        return template_values.named(found, names)
    async with call.edge.reader.connection() as connection:
        result = await template_values.newest_result(connection, view, contract)
        occasion = Occasion(
            event="test",
            consumer=view.application(contract.consumer),
            provider=view.application(contract.provider),
            contract=contract,
            consumer_version=contract.version,
            result=result,
        )
        told = await template_values.told(connection, view, occasion, base_url, names)
    if result is None and trial.waits_for_results:
        told |= template_values.named(stand_ins.of_result(base_url), names)
    return told


def _newest(call: Call, view: View, ordered: WebhookTestOrdered) -> Contract | None:
    """The newest contract of the pair, or of the one application that the webhook names; None where it names none."""
    consumer, provider = ordered.consumer, ordered.provider
    pairs = [(one.consumer, one.provider) for one in view.integrations_of(consumer or provider or "")]
    found = [
        newest
        for pair in pairs
        if consumer in (None, pair[0]) and provider in (None, pair[1])
        if any(applications.readable(call, view.application(side)) for side in pair)
        if (newest := next(view.newest_contracts(*pair), None)) is not None
    ]
    return max(found, key=lambda one: one.created_at, default=None)


def _unsent(call: Call, problem: sending.Problem) -> Attempted:
    """What came of an attempt that nothing was sent for."""
    return Attempted(
        success=False,
        status=None,
        problem=problem,
        sent_at=call.edge.client.clock(),
        milliseconds=0,
        response_bytes=None,
    )


async def _record(call: Call, outcome: Outcome, attempted: Attempted) -> None:
    """The service records what came of it. The answer names the position of the order, as a repeated one does."""
    command = deliveries.RecordExecution(
        delivery=requests.event(outcome, WebhookTestOrdered).delivery,
        attempt=1,
        success=attempted.success,
        status=attempted.status,
        problem=attempted.problem,
        sent_at=attempted.sent_at,
        milliseconds=attempted.milliseconds,
        response_bytes=attempted.response_bytes,
        unresolved=attempted.unresolved,
    )
    order = Order(command=command, caller=Caller(system=_WHY), causation=outcome.records[0].id)
    await call.edge.handler.handle(order)


async def _before(call: Call, ordered: WebhookTestOrdered) -> Attempt | None:
    """What came of an order that was given before; None where nothing did, since the service ended just then."""
    shelf = await call.spans(call.edge.replica.now(), spans.by_key(Delivery, ordered.delivery))
    delivery = shelf.get(Delivery, ordered.delivery)
    return delivery.attempts[0] if delivery is not None and delivery.attempts else None


def _answer(
    call: Call, ordered: WebhookTestOrdered, attempt: Attempted | Attempt | None, request: Document
) -> web.Response:
    """What came of it, as the open-source broker says it. No attempt: it was ordered, and nothing came of it yet."""
    where = f"{ordered.method} {ordered.destination}"
    document: Document = {
        "success": attempt is not None and attempt.success,
        "logs": delivering.NOT_YET if attempt is None else delivering.lines(1, attempt, where),
        "message": _MESSAGE,
        "request": request,
    }
    if attempt is not None and attempt.status is not None:
        document["response"] = {
            "status": attempt.status,
            "bytes": attempt.response_bytes,
            "milliseconds": attempt.milliseconds,
        }
    if attempt is not None and attempt.problem:
        problem = {"code": attempt.problem, "message": delivering.problem(attempt.problem)}
        document["error"] = problem
    if attempt is not None and attempt.unresolved:
        document["unresolved"] = list(attempt.unresolved)
    links: Document = {"try-again": responses.link(responses.here(call), "Execute the webhook again")}
    if ordered.webhook is not None:
        links["webhook"] = responses.link(responses.href(call.edge, "webhooks", call.path("uuid")))
    logs = responses.href(call.edge, "triggered-webhooks", ordered.delivery, "logs")
    links["pb:logs"] = responses.link(logs, "Webhook execution logs")
    return responses.hal(call, {**document, "_links": links})


def _shown(content: Content, told: Mapping[str, Secret]) -> Document:
    """The request that was sent, with variables in their places and secrets by their names."""
    headers = {name: templates.shown(value, told) for name, value in content.headers}
    body = None if content.body is None else templates.shown(content.body, told)
    return {
        "method": content.method.upper(),
        "url": templates.shown(content.url, told),
        "headers": headers,
        **({} if body is None else {"body": msgspec.Raw(json.dumps(body).encode())}),
    }


def _waits_for_results(events: Iterable[str]) -> bool:
    return any(one.startswith("provider_verification") for one in events)
