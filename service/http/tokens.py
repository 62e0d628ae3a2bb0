"""PactFlow's tokens over HTTP, and the way to a person's first ones: redeeming an invitation's code."""

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
from aiohttp import web

from projections import excess, things
from projections.principals import Principal
from projections.tokens import Token
from projections.view import View
from service import errors
from service.commands.order import Caller
from service.commands.tokens import MANAGE, RegenerateToken
from service.commands.users import RedeemInvitation
from service.events.tokens import TokenRegenerated
from service.events.users import InvitationRedeemed
from service.http import authenticate, edge, limits, requests, responses
from service.http.documents import Documents
from service.http.edge import Call
from service.http.requests import Body
from service.queries import last_use, vault
from service.queries.moments import Moment
from service.vocabulary import TokenId

CODE_LENGTH_MAX = 200


async def listed(call: Call) -> web.Response:
    """GET /settings/tokens: the caller's own, as far as it may see each.

    A read-only token does not see the read/write token's value: listing would give it what it is not.
    """
    moment = await call.moment()
    me = moment.view.principal(call.me)
    held = [token for token in _tokens(moment.view, me) if _own(call, token)]
    if not held:
        call.require_somewhere("token:manage", "read_token:manage")
    return await answer(call, moment, me, withheld=lambda token: _beyond(call, token))


async def shown(call: Call) -> web.Response:
    """GET /settings/tokens/{uuid}: one of the caller's own, or of a system account that the caller manages."""
    moment = await call.moment()
    token = moment.view.token(call.path_id())
    owner = moment.view.principal(token.principal)
    if owner.id == call.me:
        if not _own(call, token):
            call.require("token:manage", things.of_token(token.id, token.principal))
        withheld = _beyond(call, token)
    elif owner.type == "system_account" and call.may(MANAGE, call.current(owner)):
        withheld = withheld_of(call, owner, token)
    else:
        raise errors.NotFound("There is no such token among yours.")
    value = None if withheld or moment.historic else await _value(call, token)
    used = await _last_used(call, moment, [token])
    return responses.hal(call, Documents(call, moment.view).token(token, value, withheld, used.get(token.id)))


async def regenerated(call: Call) -> web.Response:
    """POST /settings/tokens/{uuid}/regenerate `{expiresAt?}`: 201 with the new value; the old one is dead."""
    body = await requests.body(call)
    command = RegenerateToken(
        token=TokenId(call.path_id()), new=call.edge.fresh.token(), expires_at=_instant(body, "expiresAt")
    )
    outcome = await requests.handle(call, command, body)
    view = call.edge.replica.view(outcome.position)
    token = view.token(requests.event(outcome, TokenRegenerated).token)
    document = Documents(call, view).token(token, await _value(call, token))
    return responses.hal(call, document, 201)


async def redeemed(call: Call) -> web.Response:
    """POST /invitations/redeem `{code}`: the person's two tokens, once. The code is all the authority there is."""
    body = await requests.body(call)
    code = body.text("code")
    if len(code) > CODE_LENGTH_MAX:
        raise errors.Invalid("This is no code.", "/code")
    digest = call.edge.fresh.code_digest(code)
    failures, place = call.request.app[edge.FAILURES], limits.network(authenticate.origin(call).address)
    if call.view.invitation_with_digest(digest) is None:
        failures.require(place)
    command = RedeemInvitation(digest=digest, tokens=call.edge.fresh.tokens())
    bearer = msgspec.structs.replace(call, caller=Caller(code=True))
    try:
        outcome = await requests.handle(bearer, command, body)
    except errors.Unauthenticated:
        failures.spend(place)
        raise
    view = call.edge.replica.view(outcome.position)
    principal = view.principal(requests.event(outcome, InvitationRedeemed).principal)
    draw = Documents(call, view)
    items = [draw.token(token, await _value(call, token)) for token in _tokens(view, principal)]
    links = {"self": responses.link(responses.here(call)), "pf:tokens": _own_tokens(call)}
    return responses.hal(call, {"uuid": principal.id, "_embedded": {"items": items}, "_links": links})


async def answer(
    call: Call, moment: Moment, principal: Principal, withheld: Callable[[Token], str]
) -> web.Response:
    """A principal's tokens; `withheld` says why a value is not shown. Of the past no value is: it is gone."""
    draw = Documents(call, moment.view)
    items = []
    held = [one for one in _tokens(moment.view, principal) if principal.id != call.me or _own(call, one)]
    used = await _last_used(call, moment, held)
    for token in held:
        why = withheld(token)
        value = None if why or moment.historic else await _value(call, token)
        items.append(draw.token(token, value, why, used.get(token.id)))
    links = {"self": responses.link(responses.here(call))}
    return responses.hal(call, {"_embedded": {"items": items}, "_links": links})


def withheld_of(call: Call, account: Principal, token: Token) -> str:
    """Why a system account's token's value is not for the caller, or nothing where it is.

    It is for who manages system accounts everywhere, for others who share a team with the account only where it may do
    no more than they, and never for a read-only token. Judged now, whatever moment is asked about.
    """
    if call.caller.read_only:
        return "A read-only token is shown no value of a system account's tokens."
    if call.may(MANAGE, things.Target(things.of_principal(account).thing)):
        return ""
    current = call.judged_in.principal_or_none(account.id)
    beyond = current and excess.excess(call.judged_in, current, call.me, reading=token.read_only)
    return beyond.sentence if beyond else ""


async def _last_used(call: Call, moment: Moment, tokens: list[Token]) -> dict[TokenId, datetime]:
    """When each was last used, as far as it is known. Of the past it is not: only the last use is kept."""
    if moment.historic:
        return {}
    return await last_use.last_used(call.edge.reader, call.edge.uses, [token.id for token in tokens])


def _tokens(view: View, principal: Principal) -> list[Token]:
    """Somebody's tokens, the read-only one first."""
    held = [view.token(token) for token in principal.tokens]
    return sorted(held, key=lambda token: (not token.read_only, token.id))


def _beyond(call: Call, token: Token) -> str:
    """Why one's own token's value is not shown: a read-only token must not come by what may write (section 3.8)."""
    return (
        "A read-only token is not shown this value." if call.caller.read_only and not token.read_only else ""
    )


def _own(call: Call, token: Token) -> bool:
    """Whether the caller may see its token: by a permission, or its read-only one by a role that exists for that.

    A holder of SwaggerHub provides the API token of that integration, though no scope of the role says so: it may
    fetch its own read-only token and not make it anew (seed 001, section 1.3 Q8).
    """
    action = "read_token:manage" if token.read_only else "token:manage"
    if call.may(action, things.of_token(token.id, token.principal)):
        return True
    view = call.judged_in
    me = view.principal_or_none(call.me) if token.read_only and token.principal == call.me else None
    return me is not None and any(view.compiled.flags(role.id).reads_own_token for role in view.roles_of(me))


async def _value(call: Call, token: Token) -> str | None:
    """The value that works now, or None when it was replaced a moment ago."""
    try:
        return await vault.token_value(call.edge.reader, call.edge.keys, token)
    except errors.NotFound:
        return None


def _own_tokens(call: Call) -> responses.Document:
    return responses.link(responses.href(call.edge, "settings", "tokens"), "Your tokens")


def _instant(body: Body, field: str) -> datetime | None:
    text = body.optional_text(field)
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as failure:
        raise errors.Invalid(
            "It must be a time, as in 2026-11-20T14:03:00Z.", body.pointer(field)
        ) from failure
    if found.tzinfo is None:
        raise errors.Invalid("It must be a time with its offset from UTC.", body.pointer(field))
    try:
        return found.astimezone(UTC)
    except OverflowError as failure:
        raise errors.Invalid("This time is out of bounds.", body.pointer(field)) from failure
