"""Who belongs to a team over HTTP: replaced, added, patched, removed, or one at a time (section 4.5)."""

from typing import Literal

import msgspec
from aiohttp import web

from projections.view import View
from service import errors
from service.commands.teams import ChangeMembers
from service.http import breathing, pagination, requests, responses, teams
from service.http.documents import Documents
from service.http.edge import Call
from service.http.requests import Body
from service.vocabulary import TeamId, uuid_text

How = Literal["replace", "add", "remove"]
_PATCHES_MAX = 1_000


async def listed(call: Call) -> web.Response:
    """GET /admin/teams/{uuid}/users"""
    moment = await call.moment()
    team = teams.read(call, moment.view, call.path_id())
    return await _members(call, moment.view, team.id)


async def replaced(call: Call) -> web.Response:
    """PUT /admin/teams/{uuid}/users `{users: [uuid]}`: these and nobody else belong to it."""
    return await _named(call, "replace")


async def added(call: Call) -> web.Response:
    """POST /admin/teams/{uuid}/users `{users: [uuid]}`: these belong to it as well."""
    return await _named(call, "add")


async def removed(call: Call) -> web.Response:
    """DELETE /admin/teams/{uuid}/users `{users: [uuid]}`: these no longer do."""
    await _named(call, "remove")
    return responses.nothing()


async def patched(call: Call) -> web.Response:
    """PATCH /admin/teams/{uuid}/users: a JSON Patch that adds to `/users` and removes from it."""
    last = {step.member: step for step in _steps(await requests.json_document(call))}
    joining = [step for step in last.values() if step.how == "add"]
    leaving = tuple(step.member for step in last.values() if step.how == "remove")
    if not joining:
        return await _changed(call, Body({}), "remove", leaving)
    # One order that says who joins and who leaves, decided on whoever belongs to the team then: of many patches at
    # once none is lost, and each is done whole or not at all (RFC 5789).
    try:
        return await _changed(call, Body({}), "add", tuple(step.member for step in joining), leaving)
    except errors.Invalid as unknown:
        raise _placed(unknown, joining) from unknown


async def shown(call: Call) -> web.Response:
    """GET /admin/teams/{uuid}/users/{user}: 404 for somebody who does not belong to it."""
    moment = await call.moment()
    team = teams.read(call, moment.view, call.path_id())
    principal = moment.view.principal_or_none(call.path_id("user"))
    if principal is None or team.id not in principal.teams:
        raise errors.NotFound("This user is not a member of the team.")
    document = Documents(call, moment.view).person(principal)
    links = {"self": responses.link(responses.here(call), "Membership")}
    return responses.hal(call, {"_embedded": {"user": document}, "_links": links})


async def one_removed(call: Call) -> web.Response:
    """DELETE /admin/teams/{uuid}/users/{user}: 404 for somebody who did not belong to it."""
    team, user = call.path_id(), call.path_id("user")
    body = await requests.body(call)
    command = ChangeMembers(team=TeamId(team), how="remove", members=(user,))
    try:
        outcome = await requests.handle(call, command, body, ("team", team))
        changes = bool(outcome.records)
    except requests.Rehearsed as rehearsed:
        if any(one.rehearsal is not None and one.rehearsal.kinds for one in rehearsed.outcomes):
            raise
        changes = False  # and a dry run is answered as the order itself would be
    if not changes:
        raise errors.NotFound("This user is not a member of the team.")
    return responses.nothing()


async def _named(call: Call, how: How) -> web.Response:
    call.path_id()  # a bad id is told before a bad body
    body = await requests.body(call)
    return await _changed(call, body, how, body.ids("users"))


async def _changed(
    call: Call, body: Body, how: How, members: tuple[str, ...], leaving: tuple[str, ...] = ()
) -> web.Response:
    team = call.path_id()
    command = ChangeMembers(team=TeamId(team), how=how, members=members, leaving=leaving)
    outcome = await requests.handle(call, command, body, ("team", team))
    return await _members(call, call.edge.replica.view(outcome.position), team)


async def _members(call: Call, view: View, team: str) -> web.Response:
    draw = Documents(call, view)
    rows, page, links = pagination.cut(call, await draw.ordered(view.each_member(team)))
    drawn = await breathing.drawn(rows, draw.person)
    document = {"_embedded": {"users": drawn}, **page, "_links": links}
    return responses.hal(call, document, version=view.version("team", team))


class Step(msgspec.Struct, frozen=True):
    """One operation of a patch: who joins or leaves, and where the patch says so."""

    how: Literal["add", "remove"]
    member: str
    pointer: str


def _placed(error: errors.Invalid, steps: list[Step]) -> errors.Invalid:
    """The fault with its place in the patch, where it is one of the members named there."""
    place = error.pointer.removeprefix("/users/")
    return errors.Invalid(error.sentence, steps[int(place)].pointer) if place.isdecimal() else error


def _steps(document: object) -> list[Step]:
    """What the patch does, in its order (RFC 6902, the two operations that a list of members has)."""
    if not isinstance(document, list) or len(document) > _PATCHES_MAX:
        raise errors.Invalid(f"The body must be a JSON Patch: a list of at most {_PATCHES_MAX} operations.")
    return [_step(one, index) for index, one in enumerate(document)]


def _step(document: object, index: int) -> Step:
    if not isinstance(document, dict):
        raise errors.Invalid("An operation must be an object.", f"/{index}")
    operation = Body(document, f"/{index}")
    how = operation.text("op")
    if how not in ("add", "remove"):
        raise errors.Invalid("The operation must be add or remove.", f"/{index}/op")
    if operation.text("path") not in ("/users", "/users/-"):
        raise errors.Invalid("Only /users can be patched here.", f"/{index}/path")
    pointer = f"/{index}/value/uuid"
    member = uuid_text(operation.member("value").text("uuid"), pointer)
    return Step("add" if how == "add" else "remove", member, pointer)
