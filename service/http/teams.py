"""PactFlow's teams over HTTP (section 4.5 of the vendor's rules). Who belongs to them: `members`."""

from aiohttp import web

from projections import things
from projections.teams import Team
from projections.view import View
from service import errors
from service.commands.teams import CreateTeam, DeleteTeam, EditTeam, Named
from service.events.teams import TeamCreated
from service.http import breathing, documents, pagination, repeats, requests, responses
from service.http.documents import Documents
from service.http.edge import Call
from service.http.requests import Body
from service.vocabulary import TeamId, uuid_text


async def listed(call: Call) -> web.Response:
    """GET /admin/teams?q=: the teams that the caller may read."""
    moment = await call.moment()
    call.require_somewhere("team:read")
    wanted = (call.asked("q") or "").casefold()

    def readable(team: Team) -> bool:
        return wanted in team.name.casefold() and call.may("team:read", things.of_team(team))

    found = await breathing.kept(moment.view.teams(), readable)
    rows, page, links = pagination.cut(call, documents.by_name(found))
    draw = Documents(call, moment.view)
    await draw.count_members(rows)
    drawn = await breathing.drawn(rows, draw.team_line)
    document = {"teams": drawn, **page, "_links": links}
    if call.may_order("team:manage", things.anything("team")):
        place = responses.href(call.edge, "admin", "teams")
        document["_actions"] = [responses.action("create", "team", "POST", place)]
    return responses.hal(call, document)


async def created(call: Call) -> web.Response:
    """POST /admin/teams"""
    body = await requests.body(call)
    try:
        outcome = await repeats.answered(call) or await requests.handle(call, _creation(call, body), body)
    except errors.Invalid as unknown:
        raise _placed(unknown, body) from unknown
    team = requests.event(outcome, TeamCreated).team
    return await _team(call, call.edge.replica.view(outcome.position), team, members=False, status=201)


async def shown(call: Call) -> web.Response:
    """GET /admin/teams/{uuid}"""
    moment = await call.moment()
    team = read(call, moment.view, call.path_id())
    return await _team(call, moment.view, team.id, members=True)


async def edited(call: Call) -> web.Response:
    """PUT /admin/teams/{uuid}: applications and administrators that are not named leave; environments stay.

    Terraform's provider empties a list by leaving it out, and never sends environments (section 5.3). Who sends back
    the team that they read names both in its `_embedded`, and so changes nothing.
    """
    team = call.path_id()
    body = await requests.body(call)
    outcome = await repeats.answered(call)
    try:
        outcome = outcome or await requests.handle(call, _edit(body, team), body, ("team", team))
    except errors.Invalid as unknown:
        raise _placed(unknown, body) from unknown
    return await _team(call, call.edge.replica.view(outcome.position), team, members=False)


async def deleted(call: Call) -> web.Response:
    """DELETE /admin/teams/{uuid}"""
    team = call.path_id()
    body = await requests.body(call)
    await requests.handle(call, DeleteTeam(team=TeamId(team)), body, ("team", team))
    return responses.nothing()


def read(call: Call, view: View, team: str) -> Team:
    """The team, if the caller may read it. Raises NotFound, Forbidden."""
    found = view.team(team)
    call.require("team:read", things.of_team(found))
    return found


async def _team(call: Call, view: View, team: str, *, members: bool, status: int = 200) -> web.Response:
    document = await Documents(call, view).team(view.team(team), members=members)
    version = view.version("team", team)
    if status == 201:
        return responses.created(call, document, document["_links"]["self"]["href"], version)
    return responses.hal(call, document, status, version)


def _creation(call: Call, body: Body) -> CreateTeam:
    return CreateTeam(
        team=TeamId(call.edge.fresh.id()),
        name=body.text("name"),
        named=_applications(body),
        administrators=_administrators(body),
        environments=body.optional_ids("environmentUuids") or (),
    )


def _edit(body: Body, team: str) -> EditTeam:
    return EditTeam(
        team=TeamId(team),
        name=body.text("name"),
        named=_applications(body),
        administrators=_administrators(body),
        environments=body.optional_ids("environmentUuids"),
    )


def _applications(body: Body) -> tuple[Named, ...]:
    """The applications that the body names: `pacticipantNames`, or the older `_embedded.pacticipants[].name`."""
    if body.has("pacticipantNames"):
        place = body.pointer("pacticipantNames")
        names = enumerate(body.texts("pacticipantNames"))
        return tuple(Named(name, f"{place}/{index}") for index, name in names)
    embedded = body.member("_embedded")
    if not embedded.has("pacticipants"):
        return ()
    return tuple(Named(one.text("name"), one.pointer("name")) for one in embedded.objects("pacticipants"))


def _administrators(body: Body) -> tuple[str, ...]:
    """Who administers it: `administratorUuids`, or `_embedded.administrators[].uuid` of a team that is sent back."""
    if body.has("administratorUuids"):
        return body.optional_ids("administratorUuids") or ()
    embedded = body.member("_embedded")
    if not embedded.has("administrators"):
        return ()
    return tuple(
        uuid_text(one.text("uuid"), one.pointer("uuid")) for one in embedded.objects("administrators")
    )


def _placed(error: errors.Invalid, body: Body) -> errors.Invalid:
    """The fault where the body has it: of an administrator who is named in `_embedded`, there."""
    before, _, place = error.pointer.rpartition("/")
    if before != "/administratorUuids" or body.has("administratorUuids"):
        return error
    return errors.Invalid(error.sentence, f"/_embedded/administrators/{place}/uuid")
