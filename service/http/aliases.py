"""/admin/users/{uuid}/aliases: the further ids by which programs know somebody; they are as personal as an address."""

from aiohttp import web

from projections.principals import Principal
from projections.view import View
from service import errors
from service.commands.aliases import SetAliases
from service.http import requests, responses
from service.http.edge import Call
from service.vocabulary import AliasId, PrincipalId


async def shown(call: Call) -> web.Response:
    """GET /admin/users/{uuid}/aliases: for who may read the principal; as they were, with `as_of`."""
    view = (await call.moment()).view
    principal = view.principal(call.path_id())
    if not call.may_read(principal):
        call.require(f"{principal.type}:read", call.current(principal))
    return _answer(call, view, principal)


async def replaced(call: Call) -> web.Response:
    """PUT /admin/users/{uuid}/aliases `{aliases: [...]}`: those that are not named are taken away."""
    principal = PrincipalId(call.path_id())
    body = await requests.body(call)
    if not body.has("aliases"):
        raise errors.Invalid("The field 'aliases' is missing.", body.pointer("aliases"))
    aliases = body.texts("aliases")
    ids = tuple(AliasId(call.edge.fresh.id()) for _ in aliases)
    command = SetAliases(principal=principal, aliases=aliases, ids=ids)
    outcome = await requests.handle(call, command, body, ("user", principal))
    view = call.edge.replica.view(outcome.position)
    return _answer(call, view, view.principal(principal))


async def of_system_account_shown(call: Call) -> web.Response:
    """GET /admin/system-accounts/{uuid}/aliases: the same, and no regular user is found here."""
    _require_system_account((await call.moment()).view, call.path_id())
    return await shown(call)


async def of_system_account_replaced(call: Call) -> web.Response:
    """PUT /admin/system-accounts/{uuid}/aliases"""
    _require_system_account(call.view, call.path_id())
    return await replaced(call)


def _require_system_account(view: View, principal: str) -> None:
    found = view.principal_or_none(principal)
    if found is not None and found.type != "system_account":
        raise errors.NotFound("There is no such system account.")


def _answer(call: Call, view: View, principal: Principal) -> web.Response:
    texts = (view.text(one.text) for one in principal.aliases)
    place = responses.href(call.edge, "admin", "users", principal.id, "aliases")
    document = {
        "aliases": [text for text in texts if text is not None],
        "_links": {"self": responses.link(place, "Aliases")},
    }
    return responses.hal(call, document, version=view.version("user", principal.id))
