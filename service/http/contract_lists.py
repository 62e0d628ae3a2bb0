"""Contracts in lists: those of a provider, the latest of each consumer, by tag or branch, and the latest of all."""

import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from aiohttp import web

from projections import verified
from projections.applications import Application
from projections.branches import BranchVersion
from projections.contracts import Contract, Integration
from projections.versions import Tag
from projections.view import View
from service.http import applications, breathing, edge, pact_documents, pagination, responses, rights
from service.http.edge import Call
from service.http.responses import Document
from service.queries.verifiable import Consumer
from service.vocabulary import ApplicationId

_Kept = Callable[[Consumer], Iterable[Contract]]
_LATEST: Final = "Latest pacts for the provider"
_ALL: Final = "All pacts for the provider"


async def of_provider(call: Call) -> web.Response:
    """GET /pacts/provider/{provider}: every contract with it."""
    return await _listed(call, _ALL, lambda one: one.contracts)


async def latest(call: Call) -> web.Response:
    """GET /pacts/provider/{provider}/latest: the newest of each consumer."""
    return await _listed(call, _LATEST, lambda one: one.contracts[:1])


async def tagged(call: Call) -> web.Response:
    """GET /pacts/provider/{provider}/tag/{tag}: of every consumer version with the tag."""
    return await _placed(call, _ALL, Tag.noun, call.path("tag"))


async def latest_tagged(call: Call) -> web.Response:
    """GET /pacts/provider/{provider}/latest/{tag}: of each consumer's newest version with the tag."""
    return await _placed(call, _LATEST, Tag.noun, call.path("tag"), newest=True)


async def on_branch(call: Call) -> web.Response:
    """GET /pacts/provider/{provider}/branch/{branch}: of every consumer version on the branch."""
    return await _placed(call, _ALL, BranchVersion.noun, call.path("branch"))


async def latest_on_branch(call: Call) -> web.Response:
    """GET /pacts/provider/{provider}/branch/{branch}/latest: of each consumer's newest version on the branch."""
    return await _placed(call, _LATEST, BranchVersion.noun, call.path("branch"), newest=True)


async def on_main_branch(call: Call) -> web.Response:
    """GET /pacts/provider/{provider}/branch: of every version on its consumer's main branch."""
    return await _placed(call, _ALL, BranchVersion.noun)


async def latest_on_main_branch(call: Call) -> web.Response:
    """GET /pacts/provider/{provider}/branch/latest: of each consumer's newest version on its main branch."""
    return await _placed(call, _LATEST, BranchVersion.noun, newest=True)


async def latest_of_all(call: Call) -> web.Response:
    """GET /pacts/latest: the newest contract of every integration of which the caller may read a side."""
    view = (await call.moment()).view
    call.require_somewhere(applications.READ)
    reads = rights.Right(call, applications.READ)

    def newest(one: Integration) -> Contract | None:
        if not reads.on(one.consumer) and not reads.on(one.provider):
            return None
        return max(
            view.contracts_of(one.consumer, one.provider), key=lambda held: held.created_at, default=None
        )

    found = [one for one in await breathing.each(view.integrations(), newest) if one is not None]
    titled = await breathing.each(found, lambda one: (pact_documents.title(view, one).casefold(), one))
    titled.sort(key=operator.itemgetter(0))
    rows, counted, links = pagination.cut(call, [one for _, one in titled])
    pacts = await breathing.drawn(rows, lambda one: _latest_document(call, view, one))
    shown = await breathing.drawn(
        rows,
        lambda one: responses.link(
            _latest_address(call, view, one), f"Latest {pact_documents.title(view, one)}"
        ),
    )
    return responses.hal(
        call, {"pacts": pacts, **counted, "_links": {**links, "pb:pacts": shown, "pacts": shown}}
    )


def provider_of(call: Call, view: View) -> Application:
    """The provider of the path. Raises NotFound, and Forbidden for who may read no contract data at all."""
    provider = applications.named(view, call.path("provider"))
    call.require_somewhere(applications.READ)
    return provider


async def consumers_of(call: Call, view: View, provider: Application) -> list[Consumer]:
    """The provider's consumers by name, of integrations that the caller may read from either side (section 3.4)."""
    whole = applications.readable(call, provider)

    def consumer(one: Integration) -> Consumer | None:
        found = view.application(one.consumer)
        if not whole and not applications.readable(call, found):
            return None
        held = view.contracts_of(one.consumer, one.provider)
        held.sort(key=lambda contract: contract.created_at, reverse=True)
        return Consumer(id=found.id, name=found.name, main_branch=found.main_branch or "", contracts=held)

    own = (one for one in view.integrations_of(provider.id) if one.provider == provider.id)
    found = [one for one in await breathing.each(own, consumer) if one is not None]
    return sorted(found, key=lambda one: (one.name.casefold(), one.name))


async def _placed(
    call: Call, title: str, noun: str, place: str | None = None, *, newest: bool = False
) -> web.Response:
    """Those of the versions at a place; without one, of the versions on their application's own main branch."""
    view = (await call.moment()).view
    consumers = await consumers_of(call, view, provider_of(call, view))
    places = {one.main_branch for one in consumers} - {""} if place is None else {place}
    async with call.edge.reader.connection() as connection:
        ids: Sequence[ApplicationId] = [one.id for one in consumers]
        found = await verified.versions_at(connection, view.position, noun, places, ids)

    def kept(one: Consumer) -> Iterable[Contract]:
        at = found.get(one.main_branch if place is None else place, set())
        held = [contract for contract in one.contracts if (one.id, contract.version) in at]
        return held[:1] if newest else held

    where = "of the main branch" if place is None else f"{noun.partition('_')[0]} '{place}'"
    return await _listed(call, f"{title}, {where}", kept, consumers)


async def _listed(
    call: Call, title: str, kept: _Kept, consumers: Sequence[Consumer] | None = None
) -> web.Response:
    view = (await call.moment()).view
    provider = provider_of(call, view)
    if consumers is None:
        consumers = await consumers_of(call, view, provider)
    found = [contract for one in consumers for contract in kept(one)]
    rows, counted, links = pagination.cut(call, found)
    pacts = await breathing.each(
        rows,
        lambda one: pact_documents.named(
            pact_documents.address(call, view, one),
            pact_documents.title(view, one),
            view.application(one.consumer).name,
        ),
    )
    links["self"]["title"] = title
    if applications.readable(call, provider):
        links["pb:provider"] = {
            **responses.link(applications.address(call, provider), "Provider"),
            "name": provider.name,
        }
    # Older clients look for the second name.
    return responses.hal(call, {**counted, "_links": {**links, "pb:pacts": pacts, "pacts": pacts}})


def _latest_document(call: Call, view: View, contract: Contract) -> Document:
    consumer, provider = view.application(contract.consumer), view.application(contract.provider)
    version = {"number": contract.version}
    return {
        "createdAt": edge.iso(contract.created_at),
        "_embedded": {
            "consumer": {"name": consumer.name, "_embedded": {"version": version}},
            "provider": {"name": provider.name},
        },
        "_links": {
            "self": [
                responses.link(_latest_address(call, view, contract)),
                responses.link(pact_documents.address(call, view, contract)),
            ]
        },
    }


def _latest_address(call: Call, view: View, contract: Contract) -> str:
    consumer, provider = view.application(contract.consumer), view.application(contract.provider)
    return f"{pact_documents.pair_address(call, consumer, provider)}/latest"
