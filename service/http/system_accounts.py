"""PactFlow's system accounts over HTTP: their creation and their tokens. All else is a user's (`users`)."""

from aiohttp import web

from service.commands.system_accounts import CreateSystemAccount
from service.commands.tokens import MANAGE
from service.errors import NotFound
from service.events.system_accounts import SystemAccountCreated
from service.events.tokens import TokenRegenerated
from service.http import requests, responses, tokens, users
from service.http.documents import Documents
from service.http.edge import Call
from service.vocabulary import TeamId


async def created(call: Call) -> web.Response:
    """POST /admin/system-accounts: 201, with the place that Terraform reads the id from.

    Under the address of a disabled system account it is that one, enabled, with new tokens (section 5.3).
    """
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
    principal = next(
        record.data.principal
        for record in outcome.records
        if isinstance(record.data, SystemAccountCreated | TokenRegenerated)
    )
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

    A token's value is all that its account may do: one that is withheld says why (`tokens.withheld_of`).
    """
    moment = await call.moment()
    account = moment.view.principal(call.path_id())
    if account.type != "system_account":
        raise NotFound("There is no such system account.")
    call.require(MANAGE, call.current(account))
    return await tokens.answer(
        call, moment, account, withheld=lambda token: tokens.withheld_of(call, account, token)
    )
