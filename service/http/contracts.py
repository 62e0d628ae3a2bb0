"""/pacts: what a consumer's version expects of a provider (section 4.7). Several at once: `publications`."""

import hashlib
from typing import Final

import msgspec
from aiohttp import web

from projections import spans
from projections.applications import Application
from projections.contracts import Contract
from projections.versions import Tag
from projections.view import View
from service import errors
from service.commands.contracts import DeleteContract, PublishContract
from service.events.contracts import ContractDeleted, ContractPublished
from service.events.webhooks import WebhooksTriggered
from service.http import (
    applications,
    breathing,
    edge,
    pact_documents,
    pagination,
    publishing,
    repeats,
    requests,
    responses,
)
from service.http.edge import Call
from service.http.publishing import Wanted
from service.http.requests import Body
from service.http.responses import Document
from service.orders import Outcome
from service.queries import vault
from service.vocabulary import ApplicationId, name

BODY_BYTES_MAX: Final = 10 * 1024 * 1024
"""Of a request that carries contracts, which generated tests make large; everything else may have 2 MiB."""
_VERSION_HEADER: Final = "X-Pact-Consumer-Version"


async def published(call: Call) -> web.Response:
    """PUT /pacts/provider/{provider}/consumer/{consumer}/version/{version}: 201, or 200 where there was one.

    Another content than the version has is 409, unless MUNIMENT_CONTRACT_CHANGES allows it.
    """
    return await _ordered(call, merges=False)


async def merged(call: Call) -> web.Response:
    """PATCH …/version/{version}: 201, or 200 with what both contents say; 409 where they contradict each other."""
    return await _ordered(call, merges=True)


async def shown(call: Call) -> web.Response:
    """GET …/version/{version}: the contract as it was published, with links beside it."""
    view = (await call.moment()).view
    consumer, provider = pair_of(view, call)
    contract = view.contract_of(consumer.id, provider.id, name(call.path("version"), "version", "version"))
    if contract is None:
        raise _missing(call)
    return await content(call, view, contract)


async def latest(call: Call) -> web.Response:
    """GET /pacts/provider/{provider}/consumer/{consumer}/latest: of the newest version."""
    view = (await call.moment()).view
    consumer, provider = pair_of(view, call)
    return await newest(call, view, view.contracts_of(consumer.id, provider.id))


async def latest_tagged(call: Call) -> web.Response:
    """GET …/latest/{tag}: of the newest version that carries the tag."""
    view = (await call.moment()).view
    consumer, provider = pair_of(view, call)
    wanted = name(call.path("tag"), "tag", "tag")
    shelf = await call.spans(view, spans.at_place(Tag, wanted, consumer.id))
    tagged = shelf.at_place(Tag, wanted, consumer.id)
    held = [view.contract_of(consumer.id, provider.id, one.version) for one in tagged]
    return await newest(call, view, [one for one in held if one is not None])


async def versions(call: Call) -> web.Response:
    """GET …/versions?page=&size=: every version's contract, the newest first."""
    view = (await call.moment()).view
    consumer, provider = pair_of(view, call)
    held = view.contracts_of(consumer.id, provider.id)
    return await listed(call, view, (consumer, provider), held, "All versions")


async def listed(
    call: Call, view: View, pair: tuple[Application, Application], held: list[Contract], which: str
) -> web.Response:
    """Some contracts of an integration, the newest first; `which` they are begins the list's title."""
    consumer, provider = pair
    held = sorted(held, key=lambda one: one.created_at, reverse=True)
    rows, counted, links = pagination.cut(call, held)
    links["self"]["title"] = f"{which} of the pact between {consumer.name} and {provider.name}"
    for relation, side in (("consumer", consumer), ("provider", provider)):
        if applications.readable(call, side):
            place = applications.address(call, side)
            links[relation] = pact_documents.named(place, relation.capitalize(), side.name)
    links["pact-versions"] = await breathing.each(rows, lambda one: pact_documents.self_link(call, view, one))
    pacts = await breathing.drawn(rows, lambda one: _summary(call, view, one))
    return responses.hal(call, {"_embedded": {"pacts": pacts}, **counted, "_links": links})


async def deleted(call: Call) -> web.Response:
    """DELETE …/version/{version}: 200 with the way to what is left. No bulk permission is needed."""
    body = await requests.body(call)
    outcome = await repeats.answered(call)
    if outcome is None:
        contract = _held(call.view, call)
        if contract is None:
            raise _missing(call)
        outcome = await requests.handle(call, DeleteContract(contract=contract.id), body)
    event = requests.event(outcome, ContractDeleted)
    view = call.edge.replica.view(outcome.position)
    links = {"index": responses.link(responses.href(call.edge))}
    if view.contracts_of(event.consumer, event.provider):
        pair = view.application(event.consumer), view.application(event.provider)
        left = f"{pact_documents.pair_address(call, *pair)}/latest"
        links["pb:latest-pact-version"] = responses.link(left, "Latest pact")
    return responses.hal(call, {"_links": links})


async def content(call: Call, view: View, contract: Contract) -> web.Response:
    """200 with the contract's document."""
    octets = await vault.contract_body(call.edge.reader, call.edge.keys, contract.body)
    document = pact_documents.document(call, view, contract, octets)
    return responses.made(call, document, responses.HAL)


async def newest(call: Call, view: View, held: list[Contract]) -> web.Response:
    """The newest of these contracts; a header says of which version it is. Raises NotFound where there is none.

    Newest is the version that was published last for the first time, as a Pact Broker orders versions.
    """
    if not held:
        raise _missing(call)
    contract = max(held, key=lambda one: one.created_at)
    answer = await content(call, view, contract)
    if contract.version.isascii():  # what else a header can hold is nobody's to guess
        answer.headers[_VERSION_HEADER] = contract.version
    return answer


def pair_of(view: View, call: Call) -> tuple[Application, Application]:
    """The consumer and the provider of the path. Raises NotFound, and Forbidden for who may read neither of the two.

    An integration is readable to whoever may read either of its sides (section 3.4).
    """
    consumer, provider = _named(view, call)
    if not applications.readable(call, provider):
        applications.require_readable(call, consumer)
    return consumer, provider


def require_object(octets: bytes, pointer: str) -> None:
    """Raise Invalid unless the bytes are an object that can be shown again: nobody may publish what nobody can read."""
    try:
        document = msgspec.json.decode(octets)
        msgspec.json.encode(document)
    except (msgspec.MsgspecError, RecursionError, OverflowError, ValueError) as failure:
        raise errors.Invalid(f"The contract is no JSON that can be kept: {failure}.", pointer) from failure
    if not isinstance(document, dict):
        raise errors.Invalid("The contract must be a JSON object.", pointer)


def require_names(body: Body, consumer: str, provider: str) -> None:
    """Raise Invalid where the contract itself names another pair than the path does."""
    for side, wanted in (("consumer", consumer), ("provider", provider)):
        part = body.member(side)
        given = part.optional_text("name")
        if given is not None and given != wanted and name(given) != wanted:
            raise errors.Invalid(
                f"The name in the contract, {given[:64]!r}, is not the one in the path.", part.pointer("name")
            )


async def _ordered(call: Call, *, merges: bool) -> web.Response:
    octets = await requests.raw(call)
    body = await requests.body(call)
    await breathing.beside(len(octets), lambda: require_object(octets, ""))
    if (before := await repeats.answered(call)) is not None:
        return await _published(call, before, octets, None)
    consumer = publishing.spelt(call.view, call.path("consumer"))
    provider = publishing.spelt(call.view, call.path("provider"))
    require_names(body, consumer, provider)
    wanted = Wanted(
        consumer=consumer,
        provider=provider,
        version=name(call.path("version"), "version", "version"),
        branch=None,
        octets=octets,
        merges=merges,
    )
    new = ApplicationId(call.edge.fresh.id())
    outcome, command = await publishing.ordered(
        call,
        lambda view: publishing.publication(call, view, wanted, new),
        whose=(wanted.consumer, wanted.version),
    )
    return await _published(call, outcome, octets, command)


async def _published(
    call: Call, outcome: Outcome, octets: bytes, command: PublishContract | None
) -> web.Response:
    """201 with a contract that is new, else 200. `command` names one that was here as it is, unrecorded."""
    view = call.edge.replica.view(outcome.position)
    events = [one.data for one in outcome.records if isinstance(one.data, ContractPublished)]
    triggered = [one.data.contract for one in outcome.records if isinstance(one.data, WebhooksTriggered)]
    if events:
        contract = view.contract(events[0].contract)
    elif triggered and triggered[0] is not None:  # it changed nothing, but was waited for
        contract = view.contract(triggered[0])
    else:
        assert command is not None, "only what was recorded is answered again"
        found = publishing.held_by(view, command.consumer, command.provider, command.version)
        assert found is not None, "it was published at this very position"
        contract = found
    sent = hashlib.sha256(octets).hexdigest() if command is None or command.basis else command.digest
    if sent != contract.digest:  # the version has what was merged, or what said the same before
        octets = await vault.contract_body(call.edge.reader, call.edge.keys, contract.body)
    document = pact_documents.document(call, view, contract, octets)
    is_new = bool(events) and events[0].replaces is None
    answer = responses.made(call, document, responses.HAL, 201 if is_new else 200)
    if is_new:
        answer.headers["Location"] = pact_documents.self_link(call, view, contract)["href"]
    return answer


def _named(view: View, call: Call) -> tuple[Application, Application]:
    return applications.named(view, call.path("consumer")), applications.named(view, call.path("provider"))


def _held(view: View, call: Call) -> Contract | None:
    try:
        consumer, provider = _named(view, call)
    except errors.NotFound:
        return None
    return view.contract_of(consumer.id, provider.id, name(call.path("version"), "version", "version"))


def _summary(call: Call, view: View, contract: Contract) -> Document:
    return {
        "createdAt": edge.iso(contract.created_at),
        "digest": contract.digest,
        "_embedded": {"consumerVersion": {"number": contract.version}},
        "_links": {"self": pact_documents.self_link(call, view, contract)},
    }


def _missing(call: Call) -> errors.NotFound:
    return errors.NotFound(
        f"No pact between '{call.path('consumer')}' and '{call.path('provider')}' found for this version"
    )
