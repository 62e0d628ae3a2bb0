"""/integrations: pairs of a consumer and a provider with a contract between them (section 4.7)."""

from collections.abc import Iterable

from aiohttp import web

from projections import things
from projections.applications import Application
from projections.contracts import Integration, integration_id
from projections.view import View
from service.commands.contracts import DeleteIntegration, DeleteIntegrations
from service.http import applications, edge, pagination, requests, responses
from service.http.edge import Call
from service.http.responses import Document
from service.vocabulary import TeamId, email_key


async def listed(call: Call) -> web.Response:
    """GET /integrations?q=&page=&size=: those of which the caller may read a side."""
    view = (await call.moment()).view
    wanted = email_key(call.asked("q") or "")
    return _list(
        call,
        view,
        (one for one in view.integrations() if wanted in email_key(" ".join(_names(view, one)))),
    )


async def of_team(call: Call) -> web.Response:
    """GET /integrations/team/{uuid}: those in which one of the team's applications takes part."""
    view = (await call.moment()).view
    team = TeamId(view.team(call.path_id()).id)
    return _list(
        call, view, (one for one in view.integrations() if any(team in side.teams for side in _sides(view, one)))
    )


async def delete(call: Call) -> web.Response:
    """DELETE /integrations/provider/{provider}/consumer/{consumer}: its contracts, and what then stands alone."""
    body = await requests.body(call)
    consumer = applications.named(call.view, call.path("consumer"))
    provider = applications.named(call.view, call.path("provider"))
    await requests.handle(call, DeleteIntegration(consumer=consumer.id, provider=provider.id), body)
    return responses.nothing()


async def delete_all(call: Call) -> web.Response:
    """DELETE /integrations: every one there is."""
    await requests.handle(call, DeleteIntegrations(), await requests.body(call))
    return responses.nothing()


def _list(call: Call, view: View, found: Iterable[Integration]) -> web.Response:
    rows = [one for one in found if any(applications.readable(call, side) for side in _sides(view, one))]
    rows.sort(key=lambda one: [part.casefold() for part in _names(view, one)])
    rows_of_page, counted, links = pagination.cut(call, rows)
    embedded = {"integrations": [_document(call, view, one) for one in rows_of_page]}
    return responses.hal(call, {"_embedded": embedded, **counted, "_links": links})


def _document(call: Call, view: View, integration: Integration) -> Document:
    """An integration. Whoever may delete it finds the way to; its absence is how clients know that one may not."""
    consumer, provider = _sides(view, integration)
    pair = ("provider", provider.name, "consumer", consumer.name)
    links: Document = {
        "pb:latest-pact-version": responses.link(responses.href(call.edge, "pacts", *pair, "latest"))
    }
    if call.may("contract_data:bulk_delete", things.of_pair(consumer, provider)):
        links["pb:delete_integration"] = responses.link(responses.href(call.edge, "integrations", *pair))
    return {
        "id": integration_id(consumer.id, provider.id),
        "consumer": _side(call, consumer),
        "provider": _side(call, provider),
        "contracts": integration.contracts,
        "createdAt": edge.iso(integration.created_at),
        "_links": links,
    }


def _side(call: Call, application: Application) -> Document:
    place = responses.link(applications.address(call, application), application.name)
    return {"uuid": application.id, "name": application.name, "_links": {"self": place}}


def _sides(view: View, integration: Integration) -> tuple[Application, Application]:
    return view.application(integration.consumer), view.application(integration.provider)


def _names(view: View, integration: Integration) -> tuple[str, str]:
    consumer, provider = _sides(view, integration)
    return consumer.name, provider.name
