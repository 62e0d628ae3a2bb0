"""/integrations: pairs of a consumer and a provider with a contract between them (section 4.7)."""

from collections.abc import Callable, Iterator

import msgspec
from aiohttp import web

from projections import things
from projections.applications import Application
from projections.contracts import Integration, integration_id
from projections.view import View
from service.commands.integrations import DeleteIntegration, DeleteIntegrations
from service.http import applications, breathing, edge, pagination, repeats, requests, responses
from service.http.edge import Call
from service.http.responses import Document
from service.vocabulary import email_key


class Pair(msgspec.Struct, frozen=True):
    """An integration with both its applications, which live at the same moment."""

    integration: Integration
    consumer: Application
    provider: Application

    @property
    def sides(self) -> tuple[Application, Application]:
        return self.consumer, self.provider


async def listed(call: Call) -> web.Response:
    """GET /integrations?q=&page=&size=: those of which the caller may read a side."""
    view = (await call.moment()).view
    wanted = email_key(call.asked("q") or "")
    return await _list(call, view, lambda one: any(wanted in email_key(side.name) for side in one.sides))


async def of_team(call: Call) -> web.Response:
    """GET /integrations/team/{uuid}: those in which one of the team's applications takes part."""
    view = (await call.moment()).view
    team = view.team(call.path_id())
    return await _list(call, view, lambda one: any(team.id in side.teams for side in one.sides))


async def deleted(call: Call) -> web.Response:
    """DELETE /integrations/provider/{provider}/consumer/{consumer}: its contracts, and what then stands alone."""
    body = await requests.body(call)
    if await repeats.answered(call) is not None:
        return responses.nothing()
    consumer = applications.named(call.view, call.path("consumer"))
    provider = applications.named(call.view, call.path("provider"))
    await requests.handle(call, DeleteIntegration(consumer=consumer.id, provider=provider.id), body)
    return responses.nothing()


async def all_deleted(call: Call) -> web.Response:
    """DELETE /integrations: every one there is."""
    await requests.handle(call, DeleteIntegrations(), await requests.body(call))
    return responses.nothing()


def _pairs(view: View) -> Iterator[Pair]:
    """Every integration; in the middle of a bulk deletion one may have lost a side already, and counts no more."""
    for integration in view.integrations():
        consumer = view.application_or_none(integration.consumer)
        provider = view.application_or_none(integration.provider)
        if consumer is not None and provider is not None:
            yield Pair(integration, consumer, provider)


async def _list(call: Call, view: View, wanted: Callable[[Pair], bool]) -> web.Response:
    call.require_somewhere(applications.READ)

    def readable(one: Pair) -> bool:
        return wanted(one) and any(applications.readable(call, side) for side in one.sides)

    found = await breathing.kept(_pairs(view), readable)
    found.sort(key=lambda one: [side.name.casefold() for side in one.sides])
    rows, counted, links = pagination.cut(call, found)
    embedded = {"integrations": await breathing.drawn(rows, lambda one: _document(call, one))}
    return responses.hal(call, {"_embedded": embedded, **counted, "_links": links})


def _document(call: Call, pair: Pair) -> Document:
    """An integration. Only who may delete it finds the way to: clients read a missing link as «not permitted»."""
    consumer, provider = pair.sides
    segments = ("provider", provider.name, "consumer", consumer.name)
    links: Document = {
        "pb:latest-pact-version": responses.link(responses.href(call.edge, "pacts", *segments, "latest"))
    }
    if call.may_order("contract_data:bulk_delete", things.of_pair(consumer, provider)):
        links["pb:delete_integration"] = responses.link(responses.href(call.edge, "integrations", *segments))
    return {
        "id": integration_id(consumer.id, provider.id),
        "consumer": _side(call, consumer),
        "provider": _side(call, provider),
        "contracts": pair.integration.contracts,
        "createdAt": edge.iso(pair.integration.created_at),
        "_links": links,
    }


def _side(call: Call, application: Application) -> Document:
    links: Document = {}
    if applications.readable(call, application):
        links["self"] = responses.link(applications.address(call, application), application.name)
    return {"uuid": application.id, "name": application.name, "_links": links}
