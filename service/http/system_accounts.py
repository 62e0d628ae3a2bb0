"""PactFlow's system accounts over HTTP: their creation and their tokens. All else is a user's (`users`)."""

from aiohttp import web

from projections import things
from service.commands.system_accounts import CreateSystemAccount
from service.errors import NotFound
from service.events.system_accounts import SystemAccountCreated
from service.http import requests, responses, tokens, users
from service.http.documents import Documents, current_target
from service.http.edge import Call
from service.vocabulary import TeamId


async def created(call: Call) -> web.Response:
    """POST /admin/system-accounts: 201, with the place that Terraform reads the id from."""
    body = await requests.body(call)
    team = body.optional_id("teamUuid")
    command = CreateSystemAccount(
        new=call.edge.fresh.principal(),
        tokens=call.edge.fresh.tokens(),
        name=body.text("name"),
        email=body.optional_text("email") or None,
        team=None if team is None else TeamId(team),
        active=body.flag("active", default=True) is not False,
    )
    outcome = await requests.handle(call, command, body)
    principal = requests.event(outcome, SystemAccountCreated).principal
    view = call.edge.replica.view(outcome.position)
    place = responses.href(call.edge, "admin", "system-accounts", principal)
    document = Documents(call, view).user(view.principal(principal))
    return responses.created(call, document, place, view.version("user", principal))


async def shown(call: Call) -> web.Response:
    """GET /admin/system-accounts/{uuid}: as a user, and no regular user is found here."""
    moment = await call.moment()
    if moment.view.principal(call.path_id()).type != "system_account":
        raise NotFound("There is no such system account.")
    return await users.shown(call)


async def tokens_listed(call: Call) -> web.Response:
    """GET /admin/system-accounts/{uuid}/tokens.

    A token's value is all that its account may do, so it is shown only to who may manage system accounts
    everywhere, as only they may regenerate it, and never to a read-only token.
    """
    moment = await call.moment()
    account = moment.view.principal(call.path_id())
    if account.type != "system_account":
        raise NotFound("There is no such system account.")
    call.require("system_account:manage", current_target(call, account))
    everywhere = things.Target(things.of_principal(account).thing)
    values = not call.caller.read_only and call.may("system_account:manage", everywhere)
    return await tokens.answer(call, moment, account, show=lambda _: values)
