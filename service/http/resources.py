"""/admin/resources: things of an organisation's own types, registered with whose they are and their properties."""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec
from aiohttp import web

from projections import things
from projections.resources import Resource
from projections.things import Target
from projections.view import View
from service import errors
from service.commands.resources import (
    MANAGE,
    EditResource,
    NewResource,
    RegisterResource,
    RegisterResources,
    RemoveResource,
)
from service.events.resources import ResourceRegistered
from service.http import breathing, documents, pagination, repeats, requests, responses
from service.http.documents import Documents
from service.http.edge import Call
from service.http.requests import Body
from service.http.responses import Document
from service.queries import naming
from service.vocabulary import PrincipalId, ResourceId, TeamId, Thing, is_uuid

READ: Final = "resource:read"
IMPORT_BYTES_MAX: Final = 16 * 1024 * 1024
"""Ten thousand things with a few properties each."""


async def listed(call: Call) -> web.Response:
    """GET /admin/resources?type=&name=&owner=&team=: those that the caller may read, by type and name."""
    view = (await call.moment()).view
    call.require_somewhere(READ)
    matches = _matching(call, view)
    found = await breathing.kept(
        _candidates(call, view), lambda one: matches(one) and call.may(READ, _current_target(call, one))
    )
    found.sort(key=lambda one: (one.type, one.name.casefold(), one.id))
    rows, counted, links = pagination.cut(call, found)
    draw = _Drawing(call, view)
    embedded = {"resources": await breathing.drawn(rows, draw.document)}
    return responses.hal(call, {"_embedded": embedded, **counted, "_links": links})


async def shown(call: Call) -> web.Response:
    """GET /admin/resources/{uuid}: one of them; as it was, with `as_of`."""
    view = (await call.moment()).view
    resource = view.resource(call.path_id())
    call.require(READ, _current_target(call, resource))
    return _answer(call, view, resource.id)


async def registered(call: Call) -> web.Response:
    """POST /admin/resources: 201 with the thing."""
    body = await requests.body(call)
    outcome = await repeats.answered(call)
    if outcome is None:
        outcome = await requests.handle(call, RegisterResource(thing=_new(call, body)), body)
    view = call.edge.replica.view(outcome.position)
    resource = view.resource(requests.event(outcome, ResourceRegistered).resource)
    document = _Drawing(call, view).document(resource)
    return responses.created(call, document, _address(call, resource), view.version("resource", resource.id))


async def imported(call: Call) -> web.Response:
    """POST /admin/resources/import `{resources: [...]}`: 201 with all of them by id and name; all or none."""
    body = await requests.body(call)
    outcome = await repeats.answered(call)
    if outcome is None:
        named = enumerate(body.objects("resources"))
        new = await breathing.each(named, lambda one: _new(call, one[1], f"/resources/{one[0]}"))
        outcome = await requests.handle(call, RegisterResources(things=tuple(new)), body)
    made = [record.data for record in outcome.records if isinstance(record.data, ResourceRegistered)]
    rows = await breathing.drawn(made, lambda one: {"uuid": one.resource, "type": one.type, "name": one.name})
    return responses.hal(call, {"registered": len(made), "resources": rows}, 201)


async def replaced(call: Call) -> web.Response:
    """PUT /admin/resources/{uuid}: what is absent stays; `teamUuids` and `properties` are all that it has then."""
    resource, body = ResourceId(call.path_id()), await requests.body(call)

    def command() -> EditResource:
        return EditResource(
            resource=resource,
            owner=_owner(call, body) if body.has("owner") else msgspec.UNSET,
            teams=_teams(body, "teamUuids") if body.has("teamUuids") else msgspec.UNSET,
            properties=_properties(body) if body.has("properties") else msgspec.UNSET,
        )

    return await _edited(call, command, body)


async def patched(call: Call) -> web.Response:
    """PATCH /admin/resources/{uuid}: `joinTeamUuids` and `leaveTeamUuids`; of `properties` those that change.

    A property that is null is taken away.
    """
    resource, body = ResourceId(call.path_id()), await requests.body(call)
    if body.has("teamUuids"):
        raise errors.Invalid(
            "Say `joinTeamUuids` or `leaveTeamUuids` here; PUT takes all teams.", body.pointer("teamUuids")
        )

    def command() -> EditResource:
        return EditResource(
            resource=resource,
            owner=_owner(call, body) if body.has("owner") else msgspec.UNSET,
            joins=_teams(body, "joinTeamUuids"),
            leaves=_teams(body, "leaveTeamUuids"),
            changes=_properties(body),
        )

    return await _edited(call, command, body)


async def removed(call: Call) -> web.Response:
    """DELETE /admin/resources/{uuid}."""
    resource = ResourceId(call.path_id())
    body = await requests.body(call)
    await requests.handle(call, RemoveResource(resource=resource), body, ("resource", resource))
    return responses.nothing()


class _Drawing:
    """Draws what one view holds of things, as one caller may see it."""

    def __init__(self, call: Call, view: View) -> None:
        self._call = call
        self._view = view
        self._documents = Documents(call, view)

    def document(self, resource: Resource) -> Document:
        """A registered thing. `owner` is an id, also of somebody who is gone; who lives is embedded."""
        call, view = self._call, self._view
        teams = self._documents.teams(resource.teams)
        owner = view.principal_or_none(resource.owner) if resource.owner is not None else None
        manages = call.may_order(MANAGE, _current_target(call, resource))
        place = _address(call, resource)
        return {
            "uuid": resource.id,
            "type": resource.type,
            "name": resource.name,
            "owner": resource.owner,
            "teamUuids": [team["uuid"] for team in teams],
            "properties": dict(resource.properties),
            **documents.times(resource.created_at, resource.updated_at),
            "_embedded": {
                "teams": teams,
                **({} if owner is None else {"owner": self._documents.person(owner)}),
            },
            "_actions": responses.actions(place, "resource", update=manages, delete=manages),
            "_links": {"self": responses.link(place, resource.name)},
        }


async def _edited(call: Call, command: Callable[[], EditResource], body: Body) -> web.Response:
    """`command` looks people up by what they are called now, which a repeated request does not depend on."""
    resource, outcome = ResourceId(call.path_id()), await repeats.answered(call)
    if outcome is None:
        outcome = await requests.handle(call, command(), body, ("resource", resource))
    return _answer(call, call.edge.replica.view(outcome.position), resource)


def _new(call: Call, body: Body, place: str = "") -> NewResource:
    return NewResource(
        resource=ResourceId(call.edge.fresh.id()),
        type=body.text("type"),
        name=body.text("name"),
        owner=_owner(call, body),
        teams=_teams(body, "teamUuids"),
        properties=_properties(body),
        place=place,
    )


def _owner(call: Call, body: Body) -> PrincipalId | None:
    """Who is named: by id, or by an e-mail address or alias that the caller may read. Raises Invalid for nobody.

    An id is taken as it is: whether somebody has it is told to who may give a thing to anybody.
    """
    text = body.optional_text("owner")
    if text is None:
        return None
    if is_uuid(text):
        return PrincipalId(text.lower())
    try:
        found = naming.subject(call.judged_in, text)
    except errors.NotFound:
        found = None
    if found is None or not call.may_read(found):
        raise errors.Invalid("There is no such user, or you may not read them.", body.pointer("owner"))
    return found.id


def _teams(body: Body, field: str) -> tuple[TeamId, ...]:
    return tuple(map(TeamId, body.optional_ids(field) or ()))


def _properties(body: Body) -> dict[str, object]:
    """The properties as they came: what they may be is decided with the order."""
    value = body.given("properties")
    if value is not None and not isinstance(value, dict):
        raise errors.Invalid("The field 'properties' must be an object.", body.pointer("properties"))
    return dict(value or {})


def _candidates(call: Call, view: View) -> Iterable[Resource]:
    """Everything that could match, by the narrowest index that the query allows."""
    owner, team, type_ = _asked_owner(call, view), _asked_team(call, view), call.asked("type")
    if owner is not None:
        return view.resources_of(owner)
    if team is not None:
        return view.team_resources(team)
    return view.resources() if type_ is None else view.resources_of_type(type_)


def _matching(call: Call, view: View) -> Callable[[Resource], bool]:
    type_, called = call.asked("type"), call.asked("name")
    owner, team = _asked_owner(call, view), _asked_team(call, view)

    def matches(one: Resource) -> bool:
        return (
            type_ in (None, one.type)
            and called in (None, one.name)
            and owner in (None, one.owner)
            and (team is None or team in one.teams)
        )

    return matches


def _asked_owner(call: Call, view: View) -> str | None:
    """The id that the query means: nobody has the empty one, and so does whoever may not be read."""
    text = call.asked("owner")
    if text is None or is_uuid(text):
        return None if text is None else text.lower()
    try:
        found = naming.subject(view, text)
    except errors.NotFound:
        return ""
    return found.id if call.may_read(found) else ""


def _asked_team(call: Call, view: View) -> str | None:
    """The id of the team that the query names by id or name; what names none, or one that is hidden, has no things."""
    text = call.asked("team")
    if text is None or is_uuid(text):
        return None if text is None else text.lower()
    found = view.team_named(text)
    return found.id if found is not None and call.may("team:read", things.of_team(found)) else ""


def _current_target(call: Call, resource: Resource) -> Target:
    """The thing as it decides now; one that was removed since is nobody's."""
    current = call.judged_in.resource_or_none(resource.id)
    return Target(Thing(resource.type, resource.id)) if current is None else things.of_resource(current)


def _answer(call: Call, view: View, resource: str) -> web.Response:
    document = _Drawing(call, view).document(view.resource(resource))
    return responses.hal(call, document, version=view.version("resource", resource))


def _address(call: Call, resource: Resource) -> str:
    return responses.href(call.edge, "admin", "resources", resource.id)
