"""Verification results: what a provider's version made of a content of its contract with a consumer (section 4.7).

A content is addressed by its digest, under …/pact-version/{digest}. What stands behind /metadata/ in such an address is
a Pact Broker's own note, which is taken and not looked at.
"""

import re
from typing import Final

from aiohttp import web

from projections import results, spans, verified
from projections.applications import Application
from projections.contents import content_key
from projections.contracts import Contract
from projections.results import VerificationResult, result_key
from projections.view import View
from service import errors
from service.commands.results import DeleteVerification, PublishVerification
from service.events.results import VerificationPublished
from service.http import applications, contracts, edge, pact_documents, repeats, requests, responses
from service.http.edge import Call
from service.http.responses import Document
from service.orders import Outcome
from service.vocabulary import ResultId, name

_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


async def published(call: Call) -> web.Response:
    """POST …/pact-version/{digest}/verification-results: 201 with the result; the provider's version is made by it."""
    body = await requests.body(call)
    if (before := await repeats.answered(call)) is not None:
        return _published(call, before)
    consumer, provider = _named(call.view, call)
    verifier = body.member("verifiedBy")
    success = body.flag("success")
    if success is None:
        raise errors.Invalid("The field 'success' is missing.", body.pointer("success"))
    command = PublishVerification(
        result=ResultId(call.edge.fresh.id()),
        consumer=consumer.id,
        provider=provider.id,
        digest=_digest(call),
        version=body.text("providerApplicationVersion"),
        success=success,
        build_url=body.optional_text("buildUrl"),
        verifier=verifier.optional_text("implementation"),
        verifier_version=verifier.optional_text("version"),
    )
    return _published(call, await requests.handle(call, command, body))


async def shown(call: Call) -> web.Response:
    """GET …/verification-results/{number}: one result."""
    view = (await call.moment()).view
    consumer, provider = contracts.pair_of(view, call)
    result = await found(call, view, consumer, provider)
    return responses.hal(call, document(call, view, result))


async def deleted(call: Call) -> web.Response:
    """DELETE …/verification-results/{number}: 204."""
    body = await requests.body(call)
    if await repeats.answered(call) is not None:
        return responses.nothing()
    consumer, provider = _named(call.view, call)
    command = DeleteVerification(
        consumer=consumer.id, provider=provider.id, digest=_digest(call), number=_number(call)
    )
    await requests.handle(call, command, body)
    return responses.nothing()


async def latest(call: Call) -> web.Response:
    """GET …/pact-version/{digest}/verification-results/latest: the newest result of a content."""
    view = (await call.moment()).view
    consumer, provider = contracts.pair_of(view, call)
    return await _latest(call, view, content_key(consumer.id, provider.id, _digest(call)))


async def latest_of_version(call: Call) -> web.Response:
    """GET …/version/{version}/verification-results/latest: the newest of what this consumer version's contract says."""
    view = (await call.moment()).view
    consumer, provider = contracts.pair_of(view, call)
    contract = view.contract_of(consumer.id, provider.id, name(call.path("version"), "version", "version"))
    if contract is None:
        raise errors.NotFound("This version has no contract with the provider.")
    return await _latest(call, view, content_key(consumer.id, provider.id, contract.digest))


async def of_consumer_version(call: Call) -> web.Response:
    """GET /verification-results/consumer/{consumer}/version/{version}/latest: the newest of each of its contracts."""
    view = (await call.moment()).view
    consumer = applications.named(view, call.path("consumer"))
    version = name(call.path("version"), "version", "version")
    held = _contracts_of(call, view, consumer, version)
    if not held:
        applications.require_readable(call, consumer)
        raise errors.NotFound("This version has no contract.")
    places = [content_key(one.consumer, one.provider, one.digest) for one in held]
    async with call.edge.reader.connection() as connection:
        newest = await verified.latest(connection, view.position, places)
    known = [found for place in places if (found := newest.get(place)) is not None]
    providers = {one.provider: view.application(one.provider).name for one in held}
    summary = {
        "successful": [providers[one.provider] for one in known if one.success],
        "failed": [providers[one.provider] for one in known if not one.success],
        "unknown": [
            providers[one.provider] for one, place in zip(held, places, strict=True) if place not in newest
        ],
    }
    return responses.hal(
        call,
        {
            "success": len(known) == len(held) and all(one.success for one in known),
            "providerSummary": summary,
            "_embedded": {"verificationResults": [document(call, view, one) for one in known]},
            "_links": {"self": responses.link(responses.here(call), "Latest verification results")},
        },
    )


async def content(call: Call) -> web.Response:
    """GET …/pact-version/{digest}: the newest contract that holds this content."""
    view = (await call.moment()).view
    consumer, provider = contracts.pair_of(view, call)
    digest = _digest(call)
    held = [one for one in view.contracts_of(consumer.id, provider.id) if one.digest == digest]
    return await contracts.newest(call, view, held)


def document(call: Call, view: View, result: VerificationResult) -> Document:
    """A result as a Pact Broker shows it. What the verifier said of each interaction is not kept."""
    provider = view.application(result.provider)
    consumer = view.application(result.consumer)
    place = f"{pact_documents.pair_address(call, consumer, provider)}/pact-version/{result.digest}"
    optional = {"buildUrl": result.build_url}
    verifier = {"implementation": result.verifier, "version": result.verifier_version}
    told = {field: value for field, value in verifier.items() if value is not None}
    pair = f"{consumer.name} and {provider.name}"
    return {
        "uuid": result.id,
        "number": result.number,
        "providerName": provider.name,
        "providerApplicationVersion": result.version,
        "success": result.success,
        "verificationDate": edge.iso(result.created_at),
        **{field: value for field, value in optional.items() if value is not None},
        **({"verifiedBy": told} if told else {}),
        "createdAt": edge.iso(result.created_at),
        "_links": {
            "self": pact_documents.named(
                f"{place}/verification-results/{result.number}",
                "Verification result",
                f"Verification result {result.number} for the pact between {pair}",
            ),
            "pb:pact-version": pact_documents.named(place, "Pact", f"Pact between {pair}"),
            **pact_documents.triggered(
                call, f"{place}/verification-results/{result.number}", "verification result"
            ),
        },
    }


def _published(call: Call, outcome: Outcome) -> web.Response:
    """201 with the result, which follows from its record alone."""
    record = next(one for one in outcome.records if isinstance(one.data, VerificationPublished))
    assert isinstance(record.data, VerificationPublished), "it was looked for"
    result = results.fold(None, record.data, record, "")
    assert result is not None, "it was published"
    shown = document(call, call.edge.replica.view(outcome.position), result)
    return responses.created(call, shown, shown["_links"]["self"]["href"])


async def found(call: Call, view: View, consumer: Application, provider: Application) -> VerificationResult:
    """The result that the path names. Raises NotFound."""
    key = result_key(content_key(consumer.id, provider.id, _digest(call)), _number(call))
    shelf = await call.spans(view, spans.by_key(VerificationResult, key))
    result = shelf.get(VerificationResult, key)
    if result is None:
        raise _no_result()
    return result


async def _latest(call: Call, view: View, place: str) -> web.Response:
    async with call.edge.reader.connection() as connection:
        newest = await verified.latest(connection, view.position, [place])
    if place not in newest:
        raise _no_result()
    return responses.hal(call, document(call, view, newest[place]))


def _contracts_of(call: Call, view: View, consumer: Application, version: str) -> list[Contract]:
    """The contracts of a consumer's version that the caller may read: the provider's side suffices (section 3.4)."""
    whole = applications.readable(call, consumer)
    return [
        contract
        for one in view.integrations_of(consumer.id)
        if one.consumer == consumer.id
        and (whole or applications.readable(call, view.application(one.provider)))
        and (contract := view.contract_of(consumer.id, one.provider, version)) is not None
    ]


def _named(view: View, call: Call) -> tuple[Application, Application]:
    return applications.named(view, call.path("consumer")), applications.named(view, call.path("provider"))


def _digest(call: Call) -> str:
    digest = call.path("digest")
    if not _DIGEST.fullmatch(digest):
        raise errors.NotFound("No contract of the two has this content.")
    return digest


def _number(call: Call) -> int:
    number = call.path("number")
    if not _NUMBER.fullmatch(number):
        raise _no_result()
    return int(number)


def _no_result() -> errors.NotFound:
    return errors.NotFound("There is no such verification result.")
