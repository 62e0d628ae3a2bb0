"""/pacts: what a consumer's version expects of a provider (section 4.7). Several at once: `publications`."""

import hashlib
from typing import Final

import msgspec
from aiohttp import web

from projections.applications import Application
from projections.contracts import Contract
from projections.view import View
from service import errors
from service.commands.contracts import DeleteContract, PublishContract
from service.commands.integrations import DeleteIntegrationContracts
from service.events.contracts import ContractPublished
from service.http import applications, edge, repeats, requests, responses
from service.http.edge import Call
from service.http.requests import Body
from service.http.responses import Document
from service.orders import Outcome
from service.queries import vault
from service.vocabulary import ApplicationId, ContractId, Secret, name

BODY_BYTES_MAX: Final = 10 * 1024 * 1024
"""Of a request that carries contracts, which generated tests make large; everything else may have 2 MiB."""


async def published(call: Call) -> web.Response:
    """PUT /pacts/provider/{provider}/consumer/{consumer}/version/{version}: 201, or 200 where there was one."""
    octets = await requests.raw(call)
    body = await requests.body(call)
    require_object(octets, "")
    if (before := await repeats.answered(call)) is not None:
        return _published(call, before, octets, None)
    _require_names(body, call)
    command = publication(
        call, call.path("consumer"), call.path("provider"), call.path("version"), octets, branch=None
    )
    return _published(call, await requests.handle(call, command), octets, command)


async def shown(call: Call) -> web.Response:
    """GET …/version/{version}: the contract as it was published, with links beside it."""
    view = (await call.moment()).view
    consumer, provider = _pair(view, call)
    _require_readable(call, consumer, provider)
    contract = view.contract_of(consumer.id, provider.id, name(call.path("version"), "version", "version"))
    if contract is None:
        raise _missing(call)
    return await _content(call, view, contract)


async def latest(call: Call) -> web.Response:
    """GET /pacts/provider/{provider}/consumer/{consumer}/latest: of the newest version."""
    view = (await call.moment()).view
    consumer, provider = _pair(view, call)
    _require_readable(call, consumer, provider)
    held = view.contracts_of(consumer.id, provider.id)
    if not held:
        raise _missing(call)
    return await _content(call, view, max(held, key=lambda one: one.created_at))


async def deleted(call: Call) -> web.Response:
    """DELETE …/version/{version}: 200 with links, as a Pact Broker answers it. No bulk permission is needed."""
    body = await requests.body(call)
    if await repeats.answered(call) is None:
        contract = _held(call.view, call)
        if contract is None:
            raise _missing(call)
        await requests.handle(call, DeleteContract(contract=contract.id), body)
    consumer, provider = call.path("consumer"), call.path("provider")
    left = responses.href(call.edge, "pacts", "provider", provider, "consumer", consumer, "latest")
    return responses.hal(call, {"_links": {"pb:latest-pact-version": responses.link(left)}})


async def all_deleted(call: Call) -> web.Response:
    """DELETE /pacts/provider/{provider}/consumer/{consumer}/versions: every contract of the integration, in bulk."""
    body = await requests.body(call)
    if await repeats.answered(call) is not None:
        return responses.nothing()
    consumer, provider = _pair(call.view, call)
    command = DeleteIntegrationContracts(consumer=consumer.id, provider=provider.id)
    await requests.handle(call, command, body)
    return responses.nothing()


def _published(call: Call, outcome: Outcome, octets: bytes, command: PublishContract | None) -> web.Response:
    """201 with a contract that is new, else 200. `command` names one that was here as it is, unrecorded."""
    view = call.edge.replica.view(outcome.position)
    events = [one.data for one in outcome.records if isinstance(one.data, ContractPublished)]
    if events:
        contract = view.contract(events[0].contract)
    else:
        assert command is not None, "only what was recorded is answered again"
        contract = _of_names(view, command.consumer, command.provider, command.version)
    shown = _document(call, view, contract, octets)
    if events and events[0].replaces is None:
        return responses.created(call, shown, _address(call, view, contract))
    return responses.hal(call, shown)


def publication(
    call: Call, consumer: str, provider: str, version: str, octets: bytes, branch: str | None
) -> PublishContract:
    """The command that publishes these bytes, with new ids for whatever it makes."""
    fresh = call.edge.fresh
    return PublishContract(
        contract=ContractId(fresh.id()),
        consumer=_spelt(call, consumer),
        provider=_spelt(call, provider),
        consumer_id=ApplicationId(fresh.id()),
        provider_id=ApplicationId(fresh.id()),
        version=version,
        branch=branch,
        digest=hashlib.sha256(octets).hexdigest(),
        body_ref=fresh.ref(),
        body=Secret(octets),
    )


def require_object(octets: bytes, pointer: str) -> None:
    """Raise Invalid unless the bytes are an object that can be shown again: nobody may publish what nobody can read."""
    try:
        document = msgspec.json.decode(octets)
        msgspec.json.encode(document)
    except (msgspec.MsgspecError, RecursionError, OverflowError, ValueError) as failure:
        raise errors.Invalid(f"The contract is no JSON that can be kept: {failure}.", pointer) from failure
    if not isinstance(document, dict):
        raise errors.Invalid("The contract must be a JSON object.", pointer)


def _spelt(call: Call, text: str) -> str:
    """The name of the application that is meant, if it is here; otherwise the text, for one that is made."""
    try:
        return applications.named(call.view, text).name
    except errors.NotFound:
        return text


def _require_names(body: Body, call: Call) -> None:
    """Raise Invalid where the contract itself names another pair than the path does."""
    for side in ("consumer", "provider"):
        part = body.member(side)
        given = part.optional_text("name")
        if given is not None and name(given) != name(_spelt(call, call.path(side))):
            raise errors.Invalid(
                f"The name in the contract, {given[:64]!r}, is not the one in the path.", part.pointer("name")
            )


def _pair(view: View, call: Call) -> tuple[Application, Application]:
    return applications.named(view, call.path("consumer")), applications.named(view, call.path("provider"))


def _held(view: View, call: Call) -> Contract | None:
    try:
        consumer, provider = _pair(view, call)
    except errors.NotFound:
        return None
    return view.contract_of(consumer.id, provider.id, name(call.path("version"), "version", "version"))


def _of_names(view: View, consumer: str, provider: str, version: str) -> Contract:
    first, second = applications.named(view, consumer), applications.named(view, provider)
    contract = view.contract_of(first.id, second.id, name(version))
    assert contract is not None, "it was published at this very position"
    return contract


def _require_readable(call: Call, consumer: Application, provider: Application) -> None:
    """An integration is readable to whoever may read either of its sides (section 3.4)."""
    if not applications.readable(call, provider):
        applications.require_readable(call, consumer)


async def _content(call: Call, view: View, contract: Contract) -> web.Response:
    octets = await vault.body(call.edge.reader, call.edge.keys, contract.body)
    return responses.hal(call, _document(call, view, contract, octets))


def _document(call: Call, view: View, contract: Contract, octets: bytes) -> Document:
    """The contract's own members, then ours. The vault keeps the exact bytes, whose digest the record holds."""
    content: Document = msgspec.json.decode(octets)
    consumer, provider = view.application(contract.consumer), view.application(contract.provider)
    links = {
        "self": responses.link(_address(call, view, contract)),
        "pb:consumer": {
            **responses.link(applications.address(call, consumer), "Consumer"),
            "name": consumer.name,
        },
        "pb:provider": {
            **responses.link(applications.address(call, provider), "Provider"),
            "name": provider.name,
        },
        "pb:latest-pact-version": responses.link(
            responses.href(call.edge, "pacts", "provider", provider.name, "consumer", consumer.name, "latest")
        ),
    }
    return {
        **content,
        "createdAt": edge.iso(contract.created_at),
        "uuid": contract.id,
        "digest": contract.digest,
        "_links": links,
    }


def _address(call: Call, view: View, contract: Contract) -> str:
    consumer, provider = view.application(contract.consumer), view.application(contract.provider)
    segments = ("pacts", "provider", provider.name, "consumer", consumer.name, "version", contract.version)
    return responses.href(call.edge, *segments)


def _missing(call: Call) -> errors.NotFound:
    return errors.NotFound(
        f"No pact between '{call.path('consumer')}' and '{call.path('provider')}' found for this version"
    )
