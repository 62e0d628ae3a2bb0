"""What webhooks sent and owe, in lists, some of which are the open-source broker's (section 4.6).

A delivery is shown to whoever manages its webhook as that decides now; lists leave out what is not the reader's.
"""

from collections.abc import Iterable
from typing import Final, get_args
from urllib.parse import urlsplit

from aiohttp import web

from projections.applications import Application
from projections.deliveries import Attempt, Delivery, State
from projections.things import Target
from projections.view import View
from projections.webhooks import Webhook, named_applications
from service import errors
from service.commands.webhooks import MANAGE
from service.http import (
    applications,
    contracts,
    edge,
    pact_documents,
    pagination,
    responses,
    results,
    webhook_documents,
    webhooks,
)
from service.http.edge import Call
from service.http.pagination import Page
from service.http.responses import Document
from service.queries import delivering
from service.vocabulary import Thing, name

STATES: Final[tuple[State, ...]] = get_args(State)


async def of_webhook(call: Call) -> web.Response:
    """GET /webhooks/{uuid}/deliveries?state=&page=&size=: what it sent and owes, the newest first, page by page."""
    view = (await call.moment()).view
    call.require_only("state", "page", "size", "pageNumber", "pageSize", "as_of", "at_least")
    webhook = view.webhook(webhooks.id_of(call, view))
    call.require(MANAGE, webhook_documents.current_target(call, webhook))
    page = pagination.asked(call) or Page(1, pagination.SIZE_DEFAULT)
    async with call.edge.reader.connection() as connection:
        rows, total = await delivering.of_webhook(
            connection,
            view.position,
            webhook.id,
            _state(call),
            skip=(page.number - 1) * page.size,
            size=page.size,
        )
    counted, links = pagination.around(call, page, total)
    links["pb:webhook"] = _webhook_link(call, webhook)
    embedded = {"deliveries": [document(call, view, one) for one in rows]}
    return responses.hal(call, {"_embedded": embedded, **counted, "_links": links})


async def of_contract(call: Call) -> web.Response:
    """GET /pacts/provider/…/consumer/…/version/{version}/triggered-webhooks: what a contract brought about."""
    view = (await call.moment()).view
    consumer, provider = contracts.pair_of(view, call)
    contract = view.contract_of(consumer.id, provider.id, name(call.path("version"), "version", "version"))
    if contract is None:
        raise errors.NotFound("This version has no contract with the provider.")
    async with call.edge.reader.connection() as connection:
        found = await delivering.of_versions(
            connection, view.position, consumer.id, provider.id, [contract.version]
        )
    title = pact_documents.title(view, contract)
    return _listed(call, view, found, f"Webhooks triggered by the publication of the p{title[1:]}")


async def of_result(call: Call) -> web.Response:
    """GET …/pact-version/{digest}/verification-results/{number}/triggered-webhooks: what a result brought about."""
    view = (await call.moment()).view
    consumer, provider = contracts.pair_of(view, call)
    result = await results.found(call, view, consumer, provider)
    held = view.contracts_of(consumer.id, provider.id)
    versions = [one.version for one in held if one.digest == result.digest]
    async with call.edge.reader.connection() as connection:
        every = await delivering.of_versions(connection, view.position, consumer.id, provider.id, versions)
    brought = [one for one in every if one.result == result.id]
    title = f"Webhooks triggered by the publication of verification result {result.number}"
    return _listed(call, view, brought, title)


async def status(call: Call) -> web.Response:
    """GET /pacts/provider/…/consumer/…/webhooks/status: each webhook's latest, one a kind of event."""
    view = (await call.moment()).view
    consumer, provider = contracts.pair_of(view, call)
    selecting = [one for one in _selecting(view, consumer, provider) if _manages(call, one)]
    async with call.edge.reader.connection() as connection:
        found = await delivering.latest(
            connection, view.position, consumer.id, provider.id, [one.id for one in selecting]
        )
    words = [_status(one) for one in found]
    summary = {"successful": words.count("success"), "failed": words.count("failure")}
    for word, shown in (("retrying", "retrying"), ("not_run", "notRun")):
        if word in words:
            summary[shown] = words.count(word)
    embedded = {"triggeredWebhooks": [document(call, view, one) for one in found]}
    links = _status_links(call, view, (consumer, provider), found)
    return responses.hal(call, {"summary": summary, "_embedded": embedded, "_links": links})


def document(call: Call, view: View, delivery: Delivery) -> Document:
    """A delivery as the open-source broker shows a triggered webhook, and beside it what came of each attempt."""
    made = len(delivery.attempts)
    retries = 0 if delivery.event == "test" else len(call.edge.settings.webhook_retry_seconds)
    owed = delivery.state == "owed"
    webhook = _webhook_of(view, delivery)
    sides = {"consumerName": delivery.consumer, "providerName": delivery.provider}
    told = {
        field: view.application(side).name
        for field, side in sides.items()
        if side is not None and view.application_or_none(side) and call.may_name("application", side)
    }
    links: Document = {
        rel: pact_documents.named(log_address(call, delivery), title, _described(webhook))
        for rel, title in (
            ("pb:logs", "Webhook execution logs"),
            ("logs", "DEPRECATED - Use pb:logs"),
        )
    }
    if webhook is not None and _manages(call, webhook):
        links["pb:webhook"] = _webhook_link(call, webhook)
    return {
        "uuid": delivery.id,
        "name": _described(webhook),
        "status": _status(delivery),
        "state": delivery.state,
        "attemptsMade": made,
        "attemptsRemaining": max(0, retries + 1 - made) if owed else 0,
        "triggerType": "user" if delivery.event == "test" else "resource_creation",
        "eventName": delivery.event,
        "triggeredAt": edge.iso(delivery.created_at),
        **({} if delivery.next_at is None else {"nextAttemptAt": edge.iso(delivery.next_at)}),
        **told,
        **({"consumerVersionNumber": delivery.consumer_version} if "consumerName" in told else {}),
        "attempts": [_attempt(one) for one in delivery.attempts],
        "_links": links,
    }


def _attempt(attempt: Attempt) -> Document:
    found: Document = {
        "sentAt": edge.iso(attempt.sent_at),
        "milliseconds": attempt.milliseconds,
        "success": attempt.success,
        "status": attempt.status,
        "responseBytes": attempt.response_bytes,
    }
    if attempt.problem:
        found["problem"] = {"code": attempt.problem, "message": delivering.problem(attempt.problem)}
    if attempt.unresolved:
        found["unresolved"] = list(attempt.unresolved)
    return found


def _listed(call: Call, view: View, found: Iterable[Delivery], title: str) -> web.Response:
    """A list as the open-source broker has it, of what the caller may see."""
    shown = [one for one in found if call.may(MANAGE, current_target(call, one))]
    embedded = {"triggeredWebhooks": [document(call, view, one) for one in shown]}
    links = {"self": responses.link(responses.here(call), title)}
    return responses.hal(call, {"_embedded": embedded, "_links": links})


def _selecting(view: View, consumer: Application, provider: Application) -> list[Webhook]:
    """The webhooks that may fire for the pair: labels are not looked at, since what fired is known."""
    candidates = [
        *view.webhooks_naming(consumer.id),
        *view.webhooks_naming(provider.id),
        *view.webhooks_without_name(),
    ]
    pair = {consumer.id, provider.id}
    return list({one.id: one for one in candidates if pair >= set(named_applications(one))}.values())


def _status_links(
    call: Call, view: View, pair: tuple[Application, Application], found: Iterable[Delivery]
) -> Document:
    consumer, provider = pair
    place = pact_documents.pair_address(call, consumer, provider)
    links: Document = {"self": responses.link(responses.here(call), "Webhooks status")}
    links["pb:error-logs"] = [
        pact_documents.named(log_address(call, one), "Error logs", _described(_webhook_of(view, one)))
        for one in found
        if _status(one) in ("failure", "retrying")
    ]
    between = f"Webhooks for the pact between {consumer.name} and {provider.name}"
    links["pb:pact-webhooks"] = responses.link(f"{place}/webhooks", between)
    contract = next(view.newest_contracts(consumer.id, provider.id), None)
    if contract is not None:
        links["pb:pact-version"] = pact_documents.self_link(call, view, contract)
    for role, side in (("consumer", consumer), ("provider", provider)):
        if applications.readable(call, side):
            address = applications.address(call, side)
            links[f"pb:{role}"] = pact_documents.named(address, role.capitalize(), side.name)
    return links


def _status(delivery: Delivery) -> str:
    """What the open-source broker calls it."""
    if delivery.state == "owed":
        return "retrying" if delivery.attempts else "not_run"
    return "success" if delivery.state == "succeeded" else "failure"


def _state(call: Call) -> State | None:
    given = call.asked("state")
    if given is None:
        return None
    found = next((one for one in STATES if one == given), None)
    if found is None:
        raise errors.Invalid(f"It must be one of {', '.join(STATES)}.", "state")
    return found


def current_target(call: Call, delivery: Delivery) -> Target:
    """Its webhook as it decides now; a deleted one, or one that was never saved, belongs to no team."""
    current = call.judged_in.webhook_by_own_id(delivery.webhook) if delivery.webhook else None
    if current is None:
        return Target(Thing("webhook", delivery.webhook or ""))
    return webhook_documents.current_target(call, current)


def _manages(call: Call, webhook: Webhook) -> bool:
    return call.may(MANAGE, webhook_documents.current_target(call, webhook))


def _webhook_of(view: View, delivery: Delivery) -> Webhook | None:
    return None if delivery.webhook is None else view.webhook_by_own_id(delivery.webhook)


def _described(webhook: Webhook | None) -> str:
    """Method and host, as the open-source broker names a triggered webhook."""
    if webhook is None:
        return "A webhook that is not there"
    return f"{webhook.request.method} {urlsplit(webhook.request.destination).netloc}"


def _webhook_link(call: Call, webhook: Webhook) -> Document:
    return pact_documents.named(webhook_documents.address(call, webhook), "Webhook", _described(webhook))


def log_address(call: Call, delivery: Delivery) -> str:
    return responses.href(call.edge, "triggered-webhooks", delivery.id, "logs")
