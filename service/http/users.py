"""PactFlow's users over HTTP, system accounts among them (section 4.5 of the vendor's rules)."""

from collections.abc import Callable

from aiohttp import web

from projections import things
from projections.principals import Principal
from projections.view import View
from service import errors
from service.catalogue.compiled import ADMINISTRATOR
from service.commands.external import External
from service.commands.users import ChangeRoles, DeleteUser, EditUser, InviteUser
from service.events.users import InvitationIssued, UserCreated
from service.http import breathing, documents, pagination, repeats, requests, responses
from service.http.documents import Documents
from service.http.edge import Call, iso
from service.http.requests import Body
from service.http.responses import Document
from service.orders import Outcome
from service.vocabulary import PrincipalId


async def listed(call: Call) -> web.Response:
    """GET /admin/users?q=&active=&userType=: whom the caller may read, by name."""
    moment = await call.moment()
    call.require_somewhere("user:read", "system_account:read")
    matches = _matching(call, moment.view)
    found = await breathing.kept(moment.view.principals(), lambda one: matches(one) and call.may_read(one))
    draw = Documents(call, moment.view)
    rows, page, links = pagination.cut(call, await draw.ordered(found))
    drawn = await breathing.drawn(rows, draw.user)
    document = {"users": drawn, **page, "_links": links}
    if call.may_order("user:invite", things.anything("user")):
        place = responses.href(call.edge, "admin", "users", "invite-user")
        document["_actions"] = [responses.action("invite", "user", "POST", place)]
    return responses.hal(call, document)


async def shown(call: Call) -> web.Response:
    """GET /admin/users/{uuid}: 410 once deleted."""
    moment = await call.moment()
    principal = moment.view.principal(call.path_id())
    if not call.may_read(principal):
        call.require(f"{principal.type}:read", call.current(principal))
    return answer(call, moment.view, principal.id)


async def myself(call: Call) -> web.Response:
    """GET /user: the caller, with where their own preferences are."""
    moment = await call.moment()
    document = Documents(call, moment.view).user(moment.view.principal(call.me))
    own = responses.href(call.edge, "preferences", "current-user")
    document["_links"]["pf:current-user-preferences"] = responses.link(own, "Your preferences")
    return responses.hal(call, document, version=moment.view.version("user", call.me))


async def invited(call: Call) -> web.Response:
    """POST /admin/users/invite-user: 200 with the user, whether it is new or was here (section 3.10)."""
    body = await requests.body(call)
    outcome, address = await invite(call, body, body)
    return responses.hal(call, drawn(call, outcome, address))


async def created(call: Call) -> web.Response:
    """POST /admin/users: 201 with a new user, 200 with one that was here."""
    body = await requests.body(call)
    outcome, address = await invite(call, body, body, precreated=True)
    document = drawn(call, outcome, address)
    if _created(outcome) is None:
        return responses.hal(call, document)
    return responses.created(call, document, responses.href(call.edge, "admin", "users", document["uuid"]))


async def edited(call: Call) -> web.Response:
    """PUT /admin/users/{uuid}: a field that is absent stays, as clients send subsets; null takes it away."""
    principal = call.path_id()
    body = await requests.body(call)
    command = EditUser(
        principal=PrincipalId(principal),
        name=body.text("name") if body.has("name") else None,
        email=_text_or_empty(body, "email"),
        first_name=_text_or_empty(body, "firstName"),
        last_name=_text_or_empty(body, "lastName"),
        active=body.flag("active"),
        external=_external(body),
    )
    outcome = await requests.handle(call, command, body, ("user", principal))
    return answer(call, call.edge.replica.view(outcome.position), principal)


async def deleted(call: Call) -> web.Response:
    """DELETE /admin/users/{uuid}"""
    principal = call.path_id()
    body = await requests.body(call)
    await requests.handle(call, DeleteUser(principal=PrincipalId(principal)), body, ("user", principal))
    return responses.nothing()


# -- who holds which roles ---------------------------------------------------------------------------------


async def roles_replaced(call: Call) -> web.Response:
    """PUT /admin/users/{uuid}/roles `{roles: [uuid]}`"""
    principal = call.path_id()
    body = await requests.body(call)
    command = ChangeRoles(principal=PrincipalId(principal), how="replace", roles=body.ids("roles"))
    await requests.handle(call, command, body, ("user", principal))
    return responses.nothing()


async def role_added(call: Call) -> web.Response:
    """PUT /admin/users/{uuid}/roles/{role}: here the role stands in the path, where what is missing is 404."""
    principal, role = call.path_id(), call.path_id("role")
    body = await requests.body(call)
    command = ChangeRoles(principal=PrincipalId(principal), how="add", roles=(role,))
    try:
        await requests.handle(call, command, body, ("user", principal))
    except errors.Invalid as refusal:
        if refusal.pointer != "/roles/0":
            raise
        if call.edge.replica.now().role_or_none(role) is None:
            raise errors.NotFound("There is no such role.") from refusal
        raise errors.Invalid(refusal.sentence, "role") from refusal
    return responses.nothing()


async def role_removed(call: Call) -> web.Response:
    """DELETE /admin/users/{uuid}/roles/{role}"""
    principal, role = call.path_id(), call.path_id("role")
    body = await requests.body(call)
    command = ChangeRoles(principal=PrincipalId(principal), how="remove", roles=(role,))
    await requests.handle(call, command, body, ("user", principal))
    return responses.nothing()


async def role_shown(call: Call) -> web.Response:
    """GET /admin/users/{uuid}/roles/{role}: the role as the user holds it, 404 where it does not."""
    moment = await call.moment()
    principal = moment.view.principal(call.path_id())
    if not call.may_read(principal):
        call.require(f"{principal.type}:read", call.current(principal))
    wanted = call.path_id("role")
    for role in documents.held_roles(moment.view, principal):
        if role.id == wanted:
            return responses.hal(call, Documents(call, moment.view).user_role(principal, role))
    raise errors.NotFound("This user does not hold the role.")


async def administrator_added(call: Call) -> web.Response:
    """PUT /admin/users/{uuid}/role/admin: the older way, whose body is a whole user and is not read."""
    return await _administrator(call, "add")


async def administrator_removed(call: Call) -> web.Response:
    """DELETE /admin/users/{uuid}/role/admin: the older way."""
    return await _administrator(call, "remove")


def answer(call: Call, view: View, principal: str, status: int = 200) -> web.Response:
    """The answer that shows one principal."""
    document = Documents(call, view).user(view.principal(principal))
    return responses.hal(call, document, status, view.version("user", principal))


# -- how ---------------------------------------------------------------------------------------------------


async def _administrator(call: Call, how: str) -> web.Response:
    principal = call.path_id()
    body = await requests.body(call)
    command = ChangeRoles(
        principal=PrincipalId(principal), how="add" if how == "add" else "remove", roles=(ADMINISTRATOR,)
    )
    outcome = await requests.handle(call, command, body, ("user", principal))
    return answer(call, call.edge.replica.view(outcome.position), principal)


async def invite(
    call: Call, body: Body, person: Body, part: str = "", *, precreated: bool = False
) -> tuple[Outcome, str]:
    """Invite one person; `part` tells the orders of one request apart under its idempotency key."""
    address = person.text("email")
    command = InviteUser(
        new=call.edge.fresh.principal(),
        invitation=call.edge.fresh.invitation(),
        name=person.text("name"),
        email=address,
        first_name=person.optional_text("firstName"),
        last_name=person.optional_text("lastName"),
        active=person.flag("active", default=True) is not False,
        precreated=precreated,
        external=_external(person) if precreated else None,
    )
    order = repeats.part_of(await requests.order(call, command, body), part)
    return await requests.handle_order(call, order), address


def drawn(call: Call, outcome: Outcome, address: str) -> Document:
    """Who was invited, with the one-time code where one was made.

    Of somebody who was here already, a caller who may not read them learns no more than that.
    """
    view = call.edge.replica.view(outcome.position)
    made = _created(outcome)
    principal = view.principal(made) if made else view.principal_with_email(address)
    if principal is None:
        raise errors.NotFound("This account was deleted meanwhile.")
    draw = Documents(call, view)
    if made or call.may_read(principal):
        document = draw.user(principal)
    else:
        document = {**draw.person(principal, full=False), "email": address}
    for record in outcome.records:
        if isinstance(record.data, InvitationIssued):
            document["invitation"] = {
                "code": call.edge.fresh.code(record.data.invitation),
                "expiresAt": iso(record.data.expires_at),
                "redeem": responses.href(call.edge, "invitations", "redeem"),
            }
    return document


def _created(outcome: Outcome) -> str | None:
    return next(
        (record.data.principal for record in outcome.records if isinstance(record.data, UserCreated)), None
    )


def _matching(call: Call, view: View) -> Callable[[Principal], bool]:
    """Whether the query's filters leave somebody. Raises Invalid for a filter that is none."""
    wanted = (call.asked("q") or "").casefold()
    active = _one_of(call, "active", {"true": True, "false": False})
    type_ = _one_of(call, "userType", {"0": "user", "1": "system_account"})

    def matches(principal: Principal) -> bool:
        if active is not None and principal.active is not active:
            return False
        if type_ is not None and principal.type != type_:
            return False
        texts = (view.text(principal.name), view.text(principal.email)) if wanted else ()
        return not wanted or any(wanted in text.casefold() for text in texts if text is not None)

    return matches


def _one_of(call: Call, parameter: str, meanings: dict[str, object]) -> object:
    text = call.asked(parameter)
    if text is None:
        return None
    if text not in meanings:
        raise errors.Invalid(f"It must be {' or '.join(meanings)}.", parameter)
    return meanings[text]


def _external(body: Body) -> External | None:
    """What the body says of the identity provider; what is absent stays, null takes it away."""
    if not (body.has("externalIdpId") or body.has("externalIdpUsername")):
        return None
    return External(
        id=_text_or_empty(body, "externalIdpId"), username=_text_or_empty(body, "externalIdpUsername")
    )


def _text_or_empty(body: Body, field: str) -> str | None:
    """A string; empty for null, which takes the value away; None where the field is absent."""
    return (body.optional_text(field) or "") if body.has(field) else None
