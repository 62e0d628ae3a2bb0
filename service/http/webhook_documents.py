"""A webhook as clients read it (section 4.4), and what a request says of one. No value that is hidden is among it."""

import json
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import msgspec

from projections import things
from projections.things import Target
from projections.view import View
from projections.webhooks import Webhook
from service import errors
from service.commands.webhook_contents import Content
from service.commands.webhooks import DEFAULT_EVENT, MANAGE, Asked, Side
from service.http import applications, documents, responses
from service.http.edge import PATHS, Call
from service.http.requests import Body
from service.http.responses import Document
from service.vocabulary import Thing

_EXECUTE: Final = "/webhooks/{}/execute"
_LABELLED: Final = "/pacticipants/label/{}"


def document(call: Call, view: View, webhook: Webhook, content: Content | None) -> Document:
    """A webhook. Without its content, which left the vault, of what it sent is shown what the record has."""
    settings = webhook.settings
    consumer = _side(view, settings.consumer, settings.consumer_label)
    provider = _side(view, settings.provider, settings.provider_label)
    return {
        "uuid": webhook.shown_id,
        "description": settings.description,
        "enabled": settings.enabled,
        **({} if webhook.team is None else {"teamUuid": webhook.team}),
        **({} if consumer is None else {"consumer": consumer}),
        **({} if provider is None else {"provider": provider}),
        "events": [{"name": one} for one in settings.events],
        "request": _superseded(webhook) if content is None else _request(content),
        **documents.times(webhook.created_at, webhook.updated_at),
        "_links": _links(call, view, webhook),
    }


def asked(body: Body, consumer: str | None = None, provider: str | None = None) -> Asked:
    """When a webhook is to fire. An application that the path names needs not be named again. Raises Invalid."""
    events = body.given("events")
    return Asked(
        description=body.optional_text("description") or "",
        enabled=bool(body.flag("enabled", default=True)),
        events=(DEFAULT_EVENT,)
        if events is None
        else tuple(one.text("name") for one in body.objects("events")),
        consumer=_asked_side(body, "consumer", consumer),
        provider=_asked_side(body, "provider", provider),
    )


def current_target(call: Call, webhook: Webhook) -> Target:
    """The webhook as it decides now; one that was deleted since belongs to no team."""
    current = call.judged_in.webhook_by_own_id(webhook.id)
    return Target(Thing("webhook", webhook.id)) if current is None else things.of_webhook(current)


def link(call: Call, view: View, webhook: Webhook) -> Document:
    """How a list points to a webhook."""
    settings = webhook.settings
    pairs = [
        ("consumer", _side(view, settings.consumer, settings.consumer_label)),
        ("provider", _side(view, settings.provider, settings.provider_label)),
    ]
    sides = [f"{role} {_said(side)}" for role, side in pairs if side is not None]
    title = f"A webhook for all pacts with {' and '.join(sides)}" if sides else "A webhook for all pacts"
    return {"title": title, "name": called(webhook), "href": address(call, webhook)}


def called(webhook: Webhook) -> str:
    """Its description, or, as the open-source broker has it, the method and the host."""
    return (
        webhook.settings.description
        or f"{webhook.request.method} {urlsplit(webhook.request.destination).netloc}"
    )


def address(call: Call, webhook: Webhook) -> str:
    return responses.href(call.edge, "webhooks", webhook.shown_id)


def _side(view: View, application: str | None, label: str | None) -> Document | None:
    if label is not None:
        return {"label": label}
    if application is None:
        return None
    found = view.application_or_none(application)
    return {"name": found.name if found is not None else application}


def _said(side: Document) -> str:
    return f"labelled {side['label']}" if "label" in side else str(side["name"])


def _asked_side(body: Body, role: str, in_path: str | None) -> Side:
    named = Side(name=in_path, in_path=in_path is not None)
    if body.given(role) is None:
        return named
    given = body.member(role)
    side = Side(name=given.optional_text("name"), label=given.optional_text("label"))
    if side.name is None and side.label is None:
        raise errors.Invalid(f"Name the {role}, or a label.", body.pointer(role))
    if in_path is None:
        return side
    if side != Side(name=in_path):
        raise errors.Invalid(f"The path names another {role}.", body.pointer(role))
    return named


def _request(content: Content) -> Document:
    """What it sends, as it was given: headers in their order and case, the body as JSON or text."""
    parts: Mapping[str, object] = {
        "headers": dict(content.headers) or None,
        "body": None if content.body is None else _as_given(content.body),
        "username": content.username,
        "password": content.password,
    }
    kept = {name: value for name, value in parts.items() if value is not None}
    return {"method": content.method, "url": content.url, **kept}


def _as_given(body: object) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())


def _superseded(webhook: Webhook) -> Document:
    return {"method": webhook.request.method, "url": webhook.request.destination, "superseded": True}


def _links(call: Call, view: View, webhook: Webhook) -> Document:
    served, place, settings = call.request.app[PATHS], address(call, webhook), webhook.settings
    found: Document = {"self": responses.link(place, called(webhook))}
    if _EXECUTE in served and call.may_order(MANAGE, current_target(call, webhook)):
        found["pb:execute"] = responses.link(
            f"{place}/execute",
            "POST: send its request once, with the latest pact or verification that it is for",
        )
    if call.may(MANAGE, current_target(call, webhook)):
        found["mun:deliveries"] = responses.link(f"{place}/deliveries", "What it sent and owes")
    sides = {}
    for role, application, label in (
        ("consumer", settings.consumer, settings.consumer_label),
        ("provider", settings.provider, settings.provider_label),
    ):
        held = view.application_or_none(application) if application is not None else None
        if held is not None:
            sides[role] = held
            if applications.readable(call, held):
                found[f"pb:{role}"] = {
                    **responses.link(applications.address(call, held), role.capitalize()),
                    "name": held.name,
                }
        elif label is not None and _LABELLED in served and call.may_somewhere("contract_data:read"):
            labelled = responses.href(call.edge, "pacticipants", "label", label)
            found[f"pb:{role}s"] = {
                **responses.link(labelled, f"{role.capitalize()}s by label"),
                "name": label,
            }
    if len(sides) == 2:
        consumer, provider = sides["consumer"].name, sides["provider"].name
        found["pb:pact-webhooks"] = responses.link(
            responses.href(call.edge, "webhooks", "provider", provider, "consumer", consumer),
            f"All webhooks for consumer {consumer} and provider {provider}",
        )
    found["pb:webhooks"] = responses.link(responses.href(call.edge, "webhooks"), "All webhooks")
    return found
