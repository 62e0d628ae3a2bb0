"""/contracts/publish: the contracts of one consumer's version in one request, all of them or none (section 4.7).

Clients print the notices as they are, so these are in a Pact Broker's words.
"""

import base64
import binascii
import itertools
from typing import Final
from urllib.parse import quote

import msgspec
from aiohttp import web

from projections.applications import Application
from projections.contracts import Contract
from projections.view import View
from service import errors
from service.commands import contracts as commands
from service.commands import versions
from service.commands.contracts import PublishContracts
from service.events.contracts import ContractPublished
from service.http import (
    applications,
    breathing,
    contracts,
    decoding,
    pact_documents,
    publishing,
    repeats,
    requests,
    responses,
    triggered,
)
from service.http.edge import PATHS, Call
from service.http.publishing import Wanted
from service.http.requests import Body
from service.http.responses import Document
from service.orders import Outcome
from service.vocabulary import ApplicationId, name

Notice = dict[str, str]
_ITEMS_MAX: Final = 200
_ON_CONFLICT: Final = ("overwrite", "merge")
_INTEGRATIONS_MAX: Final = 100
"""With how many providers it is looked whether they have a contract of the version."""


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """What the request says: the version of a consumer, and what is published of it."""

    consumer: str
    version: str
    branch: str | None
    tags: tuple[str, ...]
    build_url: str | None
    wanted: tuple[Wanted, ...]


async def published(call: Call) -> web.Response:
    """POST /contracts/publish: 200 with a notice for each; 409 with notices for another content than a version has.

    It is one order: whatever refuses one contract refuses all. Raises Invalid for no contracts, a contract of another
    consumer or a content that is no JSON.
    """
    body = await requests.body(call)
    asked = await breathing.beside(len(await requests.raw(call)), lambda: _read(body))
    outcome = await repeats.answered(call)
    if outcome is None:
        new = ApplicationId(call.edge.fresh.id())

        async def prepared(view: View) -> PublishContracts:
            made = [await publishing.publication(call, view, one, new) for one in asked.wanted]
            return PublishContracts(contracts=tuple(made), tags=asked.tags, build_url=asked.build_url)

        try:
            outcome, _ = await publishing.ordered(call, prepared, body, whose=(asked.consumer, asked.version))
        except errors.Refused as refusal:
            if refusal.reason != "contract_conflict":
                raise
            return await _conflict(call, await prepared(call.edge.replica.now()))
    return responses.hal(call, _answer(call, asked, outcome))


def _read(body: Body) -> Publication:
    consumer = name(body.text("pacticipantName"), "/pacticipantName")
    version = name(body.text("pacticipantVersionNumber"), "/pacticipantVersionNumber", "version")
    # An empty branch is what a client sends where there is none.
    branch = name(given, "/branch", "branch") if (given := body.optional_text("branch")) else None
    wanted = tuple(_wanted(item, consumer, version, branch) for item in body.objects("contracts"))
    if not wanted:
        raise errors.Invalid("There is no contract to publish.", "/contracts")
    if len(wanted) > _ITEMS_MAX:
        raise errors.Invalid(f"There are more than {_ITEMS_MAX:,} contracts.", "/contracts")
    return Publication(
        consumer=consumer,
        version=version,
        branch=branch,
        tags=tuple(versions.tag_names(body.texts("tags"))),
        build_url=versions.build_address(body.optional_text("buildUrl")),
        wanted=wanted,
    )


def _wanted(item: Body, consumer: str, version: str, branch: str | None) -> Wanted:
    if (given := item.text("consumerName")) != consumer and name(given) != consumer:
        raise errors.Invalid("The consumer's name must be the pacticipant's.", item.pointer("consumerName"))
    if (specification := item.optional_text("specification") or "pact") != "pact":
        raise errors.Invalid(
            f"The specification {specification[:64]!r} is not known.", item.pointer("specification")
        )
    provider = name(item.text("providerName"), item.pointer("providerName"))
    octets = _content(item, consumer, provider)
    mode = item.optional_text("onConflict") or item.optional_text("writeMode") or "overwrite"
    if mode not in _ON_CONFLICT:
        raise errors.Invalid(f"This must be one of {', '.join(_ON_CONFLICT)}.", item.pointer("onConflict"))
    return Wanted(
        consumer=consumer,
        provider=provider,
        version=version,
        branch=branch,
        octets=octets,
        merges=mode == "merge",
    )


def _content(item: Body, consumer: str, provider: str) -> bytes:
    pointer = item.pointer("content")
    try:
        octets = base64.b64decode(item.text("content"), validate=True)
    except (binascii.Error, ValueError) as failure:
        raise errors.Invalid("The content must be base64.", pointer) from failure
    try:
        document = decoding.decoded(octets)
    except errors.Invalid as failure:
        raise errors.Invalid(f"The content: {failure.sentence}", pointer) from failure
    contracts.require_object(octets, pointer)
    assert isinstance(document, dict), "it was just found to be one"
    contracts.require_names(Body(document, pointer), consumer, provider)
    return octets


def _answer(call: Call, asked: Publication, outcome: Outcome) -> Document:
    """The notices in their order, and links to everything that was published. All of the moment it reached."""
    view = call.edge.replica.view(outcome.position)
    events = [one.data for one in outcome.records if isinstance(one.data, ContractPublished)]
    fresh = {event.contract: event for event in events}
    held = [_held(view, one) for one in asked.wanted]
    consumer = view.application(held[0].consumer)
    made = [pact_documents.self_link(call, view, one) for one in held]
    known = any(one.id not in fresh or fresh[one.id].replaces for one in held)
    notices = _of_version(asked, known=known or _was_known(call, consumer, asked, outcome))
    for one, contract, link in zip(asked.wanted, held, made, strict=True):
        notices += _of_contract(one, fresh.get(contract.id), link["href"])
        notices += (_notice("debug", text) for text in triggered.texts(call, view, outcome, contract.id))
    place = applications.address(call, consumer)
    version_place = responses.href(call.edge, "pacticipants", consumer.name, "versions", held[0].version)
    version = pact_documents.named(version_place, "Version", held[0].version)
    links: Document = {"pb:pacticipant": pact_documents.named(place, "Pacticipant", consumer.name)}
    embedded: Document = {"number": held[0].version}
    if pact_documents.VERSION in call.request.app[PATHS]:
        links["pb:pacticipant-version"] = {**version, "title": "Pacticipant version"}
        embedded["_links"] = {"self": version}
    if (
        pact_documents.TAG in call.request.app[PATHS]
    ):  # also without any: a client reads no notice where it is missing
        links["pb:pacticipant-version-tags"] = [
            pact_documents.named(f"{version_place}/tags/{quote(tag, safe='')}", "Tag", tag)
            for tag in asked.tags
        ]
    links["pb:contracts"] = made
    pacticipant = {"name": consumer.name, "_links": {"self": {"href": place}}}
    return {
        "notices": notices,
        "logs": _logs(notices),
        "_embedded": {"pacticipant": pacticipant, "version": embedded},
        "_links": links,
    }


async def _conflict(call: Call, order: PublishContracts) -> web.Response:
    """409 as a Pact Broker answers it: why, and what is different. Clients print the notices."""
    notices: list[Notice] = []
    for contract in order.contracts:
        if contract.basis is not None and contract.compared == "other":
            different = await publishing.difference(call, call.edge.replica.now(), contract)
            notices += _notice("error", commands.conflict(contract)), _notice("info", different)
    told = [notice["text"] for notice in notices if notice["type"] == "error"]
    document = {"notices": notices, "errors": {"contracts": told}}
    return responses.made(call, msgspec.json.encode(document), responses.JSON, 409)


def _of_version(asked: Publication, *, known: bool) -> list[Notice]:
    known_by = [f"branch {asked.branch}"] if asked.branch else []
    known_by += [f"tags {', '.join(asked.tags)}"] if asked.tags else []
    of = f" with {' and '.join(known_by)}" if known_by else ""
    done = "Updated" if known else "Created"
    notices = [_notice("debug", f"{done} {asked.consumer} version {asked.version}{of}")]
    if not asked.branch:
        notices.append(
            _notice(
                "prompt",
                "  Next steps:\n    Configure the version branch to be the value of your repository branch.",
            )
        )
    return notices


def _of_contract(wanted: Wanted, event: ContractPublished | None, place: str) -> list[Notice]:
    """What became of one contract; without an event it was here as it is."""
    of = f"for {wanted.consumer} version {wanted.version} and provider {wanted.provider}"
    kind, said = "success", f"Pact successfully published {of}."
    if event is None or event.replaces is not None:
        if wanted.merges:
            said = f"Pact content merged with existing content {of}."
        elif event is None or event.replaces == event.digest:
            said = f"Pact successfully republished {of} with no content changes."
        else:
            kind = "warning"
            said = (
                f"Pact with changed content published over existing content {of}. This is not recommended in normal"
                " circumstances and may indicate that you have not configured your Pact pipeline correctly. For more"
                " information see https://docs.pact.io/go/versioning"
            )
    return [_notice(kind, said), _notice("debug", f"  View the published pact at {place}")]


def _was_known(call: Call, consumer: Application, asked: Publication, outcome: Outcome) -> bool:
    """Whether the consumer's version had a contract before, as far as is looked: no permission depends on it."""
    position = outcome.records[0].position - 1 if outcome.records else outcome.position
    before = call.edge.replica.view(position)
    among = itertools.islice(before.integrations_of(consumer.id), _INTEGRATIONS_MAX)
    return any(before.contract_of(consumer.id, one.provider, asked.version) is not None for one in among)


def _held(view: View, wanted: Wanted) -> Contract:
    found = publishing.held_by(view, wanted.consumer, wanted.provider, wanted.version)
    assert found is not None, "it was published, or here, at this very position"
    return found


def _notice(kind: str, text: str) -> Notice:
    return {"type": kind, "text": text}


def _logs(notices: list[Notice]) -> list[Notice]:
    """The same for clients from before there were notices."""
    return [
        {"level": one["type"], "message": one["text"], "deprecationWarning": "Replaced by notices"}
        for one in notices
    ]
