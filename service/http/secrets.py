"""/secrets: named values that requests of webhooks draw on. They are taken, and never given back (section 4.6)."""

from typing import Final

import msgspec
from aiohttp import web

from projections import things
from projections.secrets import Secret
from projections.things import Target
from projections.view import View
from service import vocabulary
from service.commands.order import NewValue
from service.commands.secrets import CreateSecret, DeleteSecret, EditSecret
from service.events.secrets import SecretCreated
from service.http import breathing, documents, pagination, requests, responses
from service.http.edge import Call
from service.http.requests import Body
from service.http.responses import Document
from service.vocabulary import SecretId, TeamId, Thing

READ: Final = "secret:read"


async def listed(call: Call) -> web.Response:
    """GET /secrets: those that the caller may see."""
    view = (await call.moment()).view
    call.require_somewhere(READ)
    found = await breathing.kept(view.secrets(), lambda one: call.may(READ, _current_target(call, one)))
    rows, counted, links = pagination.cut(call, documents.by_name(found))
    embedded = {"secrets": await breathing.drawn(rows, lambda one: document(call, one))}
    return responses.hal(call, {"_embedded": embedded, **counted, "_links": links})


async def shown(call: Call) -> web.Response:
    """GET /secrets/{uuid}: one secret; as it was, with `as_of`."""
    view = (await call.moment()).view
    secret = view.secret(call.path_id())
    call.require(READ, _current_target(call, secret))
    return _answer(call, view, secret)


async def created(call: Call) -> web.Response:
    """POST /secrets: 201 with the secret."""
    body = await requests.body(call)
    team = body.optional_id("teamUuid")
    command = CreateSecret(
        secret=SecretId(call.edge.fresh.id()),
        name=body.text("name"),
        description=body.optional_text("description") or "",
        team=None if team is None else TeamId(team),
        value=_value(call, body),
    )
    outcome = await requests.handle(call, command, body)
    view = call.edge.replica.view(outcome.position)
    secret = view.secret(requests.event(outcome, SecretCreated).secret)
    version = view.version("secret", secret.id)
    return responses.created(call, document(call, secret), _address(call, secret), version)


async def replaced(call: Call) -> web.Response:
    """PUT /secrets/{uuid}: what is absent stays; a value is the next one, whatever was there; null takes the team."""
    body = await requests.body(call)
    command = EditSecret(
        secret=SecretId(call.path_id()),
        name=body.text("name") if body.has("name") else None,
        description=(body.optional_text("description") or "") if body.has("description") else None,
        team=_team(body),
        value=_value(call, body) if body.has("value") else None,
    )
    outcome = await requests.handle(call, command, body, ("secret", command.secret))
    view = call.edge.replica.view(outcome.position)
    return _answer(call, view, view.secret(command.secret))


async def deleted(call: Call) -> web.Response:
    """DELETE /secrets/{uuid}."""
    secret = SecretId(call.path_id())
    body = await requests.body(call)
    await requests.handle(call, DeleteSecret(secret=secret), body, ("secret", secret))
    return responses.nothing()


def document(call: Call, secret: Secret) -> Document:
    """A secret (section 4.4): all of it but its value. `conflicting` stands where it serves nobody."""
    return {
        "uuid": secret.id,
        "name": secret.name,
        "description": secret.description,
        **({} if secret.team is None else {"teamUuid": secret.team}),
        **({"conflicting": True} if secret.conflicting else {}),
        **documents.times(secret.created_at, secret.updated_at),
        "_links": {"self": responses.link(_address(call, secret), secret.name)},
    }


def _current_target(call: Call, secret: Secret) -> Target:
    """The secret as it decides now; one that was deleted since belongs to no team."""
    current = call.judged_in.secret_or_none(secret.id)
    return Target(Thing("secret", secret.id)) if current is None else things.of_secret(current)


def _team(body: Body) -> TeamId | msgspec.UnsetType | None:
    if not body.has("teamUuid"):
        return msgspec.UNSET
    team = body.optional_id("teamUuid")
    return None if team is None else TeamId(team)


def _value(call: Call, body: Body) -> NewValue:
    """The value as it came, with the ref that the record names it by. Raises Invalid for what is no text."""
    return NewValue(ref=call.edge.fresh.ref(), value=vocabulary.Secret(body.text("value")))


def _answer(call: Call, view: View, secret: Secret) -> web.Response:
    return responses.hal(call, document(call, secret), version=view.version("secret", secret.id))


def _address(call: Call, secret: Secret) -> str:
    return responses.href(call.edge, "secrets", secret.id)
