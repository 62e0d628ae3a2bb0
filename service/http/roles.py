"""PactFlow's roles and permissions over HTTP (section 4.5 of the vendor's rules)."""

from collections.abc import Sequence

from aiohttp import web

from projections import things
from projections.principals import Principal
from projections.roles import Role
from projections.view import View
from service.catalogue.compiled import TEAM_ADMINISTRATOR
from service.commands.roles import CreateRole, DeleteRole, EditRole, ResetRoles
from service.events.roles import RoleCreated
from service.http import breathing, documents, pagination, requests, responses
from service.http.documents import Documents
from service.http.edge import Call
from service.http.requests import Body
from service.http.responses import Document
from service.vocabulary import RoleId


async def listed(call: Call) -> web.Response:
    """GET /admin/roles"""
    moment = await call.moment()
    call.require("role:read", things.anything("role"))
    rows, page, links = pagination.cut(call, documents.by_name(moment.view.roles()))
    return await _list(call, moment.view, rows, page, links)


async def created(call: Call) -> web.Response:
    """POST /admin/roles"""
    body = await requests.body(call)
    command = CreateRole(
        role=RoleId(call.edge.fresh.id()),
        name=body.text("name"),
        description=body.optional_text("description") or "",
        scopes=_scopes(body),
        assignable=body.flag("assignable", default=True) is not False,
        api_access=body.flag("apiAccess", default=True) is not False,
    )
    outcome = await requests.handle(call, command, body)
    role = requests.event(outcome, RoleCreated).role
    return _role(call, call.edge.replica.view(outcome.position), role, 201)


async def shown(call: Call) -> web.Response:
    """GET /admin/roles/{uuid}"""
    moment = await call.moment()
    role = moment.view.role(call.path_id())
    call.require("role:read", things.of_role(role))
    return _role(call, moment.view, role.id)


async def edited(call: Call) -> web.Response:
    """PUT /admin/roles/{uuid}: name and permissions are replaced; a description that is absent stays."""
    role = call.path_id()
    body = await requests.body(call)
    described = body.optional_text("description")
    command = EditRole(
        role=RoleId(role),
        name=body.text("name"),
        description="" if described is None and body.has("description") else described,
        scopes=_scopes(body),
    )
    outcome = await requests.handle(call, command, body, ("role", role))
    return _role(call, call.edge.replica.view(outcome.position), role)


async def deleted(call: Call) -> web.Response:
    """DELETE /admin/roles/{uuid}"""
    role = call.path_id()
    body = await requests.body(call)
    await requests.handle(call, DeleteRole(role=RoleId(role)), body, ("role", role))
    return responses.nothing()


async def reset(call: Call) -> web.Response:
    """POST /admin/roles/reset: the predefined roles are what the catalogue says; 200 with every role (section 2)."""
    body = await requests.body(call)
    command = ResetRoles(profile=call.edge.settings.role_names)
    outcome = await requests.handle(call, command, body)
    view = call.edge.replica.view(outcome.position)
    links = {"self": responses.link(responses.href(call.edge, "admin", "roles"))}
    return await _list(call, view, documents.by_name(view.roles()), {}, links)


async def users(call: Call) -> web.Response:
    """GET /admin/roles/{uuid}/users: who holds the role, as far as the caller may read them."""
    moment = await call.moment()
    role = moment.view.role(call.path_id())
    call.require("role:read", things.of_role(role))
    call.require_somewhere("user:read", "system_account:read")
    draw = Documents(call, moment.view)
    holders = await breathing.kept(_holders(moment.view, role.id), call.may_read)
    rows, page, links = pagination.cut(call, await draw.ordered(holders))
    drawn = await breathing.drawn(rows, draw.person)
    return responses.hal(call, {"_embedded": {"users": drawn}, **page, "_links": links})


async def permissions(call: Call) -> web.Response:
    """GET /admin/permissions: everything that a role may hold, by the catalogues in force at the moment.

    Behind `?` a permission takes the name of one of the `conditions`.
    """
    moment = await call.moment()
    call.require("role:read", things.anything("role"))
    draw = Documents(call, moment.view)
    links = {"self": responses.link(responses.here(call))}
    document: Document = {"permissions": draw.every_permission()}
    if conditions := draw.every_condition():
        document["conditions"] = conditions
    return responses.hal(call, {**document, "_links": links})


async def _list(
    call: Call, view: View, rows: Sequence[Role], page: Document, links: Document
) -> web.Response:
    """Roles; whoever may reset the predefined ones is shown how, and nobody else (seeds 001 and 004)."""
    drawn = await breathing.drawn(rows, Documents(call, view).role)
    document = {"_embedded": {"roles": drawn}, **page, "_links": links}
    if call.may_order("role:manage", things.anything("role")):
        place = responses.href(call.edge, "admin", "roles", "reset")
        links["pf:reset"] = responses.link(place, "Reset the predefined roles")
        document["_actions"] = [
            responses.action("create", "role", "POST", responses.href(call.edge, "admin", "roles")),
            {"name": "reset", "title": "Reset the predefined roles", "method": "POST", "href": place},
        ]
    return responses.hal(call, document)


def _role(call: Call, view: View, role: str, status: int = 200) -> web.Response:
    document = Documents(call, view).role(view.role(role))
    version = view.version("role", role)
    if status == 201:
        return responses.created(call, document, document["_links"]["self"]["href"], version)
    return responses.hal(call, document, status, version)


def _scopes(body: Body) -> tuple[str, ...]:
    """The scopes of `permissions`; what else a permission says (label, description) is ours, not the client's."""
    return tuple(permission.text("scope") for permission in body.objects("permissions"))


def _holders(view: View, role: str) -> list[Principal]:
    if role == TEAM_ADMINISTRATOR:
        return [one for one in view.principals() if view.live_teams(one.administers)]
    return view.holders(role)
