"""/contracts/publish: several contracts of one consumer's version in one request (section 4.7)."""

import base64
import binascii

from aiohttp import web

from projections import access
from projections.view import View
from service import errors
from service.commands.contracts import PublishContract
from service.http import contracts, repeats, requests, responses
from service.http.edge import Call
from service.http.requests import Body
from service.http.responses import Document
from service.orders import Outcome
from service.vocabulary import name


async def published(call: Call) -> web.Response:
    """POST /contracts/publish: several contracts of one consumer version; 200 with a notice for each.

    The whole request is read, and every contract's permission looked at, before anything is recorded; then each
    contract is an order of its own. Tags are not recorded, and a notice says so. Raises Invalid for no contracts, a
    contract of another consumer or a content that is no JSON.
    """
    body = await requests.body(call)
    consumer, version = body.text("pacticipantName"), body.text("pacticipantVersionNumber")
    branch, tags = body.optional_text("branch"), body.texts("tags")
    if branch:
        name(branch, "/branch", "branch")
    name(version, "/pacticipantVersionNumber", "version")
    commands = [_from_item(call, item, consumer, version, branch) for item in body.objects("contracts")]
    if not commands:
        raise errors.Invalid("There is no contract to publish.", "/contracts")
    outcomes = await _in_order(call, body, commands)
    call.progress.position = max(one.position for one in outcomes)
    notices = [_notice(command, outcome) for command, outcome in zip(commands, outcomes, strict=True)]
    if tags:
        notices.append({"type": "info", "text": "Tags are not recorded by this service; use the branch."})
    return responses.hal(call, _answer(call, consumer, commands, notices))


async def _in_order(call: Call, body: Body, commands: list[PublishContract]) -> list[Outcome]:
    """What each became. Those that seem denied go first: the first denial is recorded by the door, and ends it all.

    One that was answered before under its key is no denial there, whatever its caller may now.
    """
    view = call.edge.replica.now()
    outcomes: dict[int, Outcome] = {}
    for number in sorted(range(len(commands)), key=lambda one: _permitted(call, view, commands[one])):
        order = await requests.order(call, commands[number], body)
        part = repeats.part_of(order, str(number) if number else "")
        outcomes[number] = await call.edge.handler.handle(part)
    return [outcomes[number] for number in range(len(commands))]


def _permitted(call: Call, view: View, command: PublishContract) -> bool:
    """Whether the caller may publish it, as far as can be seen before; the door judges."""
    principal = call.caller.principal
    return principal is not None and all(
        access.may(view, principal, need.action, need.target) for need in command.needs(view, call.caller)
    )


def _from_item(call: Call, item: Body, consumer: str, version: str, branch: str | None) -> PublishContract:
    if item.text("consumerName") != consumer:
        raise errors.Invalid("The consumer's name must be the pacticipant's.", item.pointer("consumerName"))
    if (specification := item.optional_text("specification") or "pact") != "pact":
        raise errors.Invalid(
            f"The specification {specification[:64]!r} is not known.", item.pointer("specification")
        )
    try:
        octets = base64.b64decode(item.text("content"), validate=True)
    except (binascii.Error, ValueError) as failure:
        raise errors.Invalid("The content must be base64.", item.pointer("content")) from failure
    try:
        requests.decoded(octets)
    except errors.Invalid as failure:
        raise errors.Invalid(f"The content: {failure.sentence}", item.pointer("content")) from failure
    contracts.require_object(octets, item.pointer("content"))
    provider = item.text("providerName")
    name(provider, item.pointer("providerName"))
    return contracts.publication(call, consumer, provider, version, octets, branch)


def _notice(command: PublishContract, outcome: Outcome) -> Document:
    for_whom = f"for {command.consumer} version {command.version} and provider {command.provider}"
    if outcome.records:
        return {"type": "success", "text": f"Pact successfully published {for_whom}."}
    return {"type": "info", "text": f"Pact {for_whom} was published before, with the same content."}


def _answer(call: Call, consumer: str, commands: list[PublishContract], notices: list[Document]) -> Document:
    made = [
        responses.link(
            responses.href(
                call.edge,
                *("pacts", "provider", one.provider, "consumer", one.consumer, "version", one.version),
            ),
            "Pact",
        )
        for one in commands
    ]
    place = responses.link(responses.href(call.edge, "pacticipants", consumer), "Pacticipant")
    logs = [
        {"level": notice["type"], "message": notice["text"], "deprecationWarning": "Use notices"}
        for notice in notices
    ]
    return {"notices": notices, "logs": logs, "_links": {"pb:pacticipant": place, "pb:contracts": made}}
