"""Whether an order may go ahead at all, and on what authority. Pure: an order and a view in, an answer out."""

from projections import access, excess, expiry
from projections.view import View
from service import errors
from service.commands import Command
from service.commands.order import Caller, Need
from service.commands.tokens import RegenerateToken
from service.commands.users import InviteUser, RedeemInvitation
from service.log.recorded import Authority
from service.orders import Order
from service.vocabulary import PrincipalId, Thing


def no_api_access() -> errors.Forbidden:
    """The denial of a principal none of whose roles gives access to the API (seed 001: Guest)."""
    return errors.Forbidden("None of your roles gives access to the API.", "a role with API access")


def require_working(caller: Caller, view: View) -> None:
    """Raise what the edge would, had the caller come only now: nobody acts by a token that ended since it was let in.

    Unauthenticated for one that was replaced, expired or revoked, or whose principal was disabled or deleted; Forbidden
    for a principal without access to the API any more. Who comes without a token is nobody's business here.
    """
    if caller.token is not None:
        token = view.token_or_none(caller.token)
        principal = None if token is None else view.principal_or_none(token.principal)
        expired = token is not None and expiry.expired(view, token)
        replaced = token is not None and caller.digest not in ("", token.digest)
        if token is None or principal is None or expired or replaced or not principal.active:
            raise errors.Unauthenticated(
                "This token does not work any more: it was replaced or revoked, or it expired or was disabled."
            )
        if not access.api_access(view, principal):
            raise no_api_access()
    if not caller.api_access:
        raise no_api_access()


def authorise(command: Command, view: View, caller: Caller) -> tuple[Authority, ...]:
    """Why the caller may, one authority a need. Raises Forbidden naming the first thing that is missing."""
    if caller.code and not isinstance(command, RedeemInvitation):
        raise errors.Unauthenticated("A one-time code can only be redeemed.")
    needed = command.needs(view, caller)
    if caller.console or caller.system or caller.code:
        source = "console" if caller.console else "opening" if caller.system else "code"
        return tuple(
            Authority(needed=need.action, source=source, on=_on(need.target.thing)) for need in needed
        )
    if caller.principal is None:
        raise errors.Unauthenticated("Nobody is asking.")
    found: dict[tuple[object, ...], Authority] = {}
    for need in needed:
        grant = access.grant(view, caller.principal, need.action, need.target, need.facts)
        if grant is None:
            missing = access.missing(need.action, need.target.asked)
            raise errors.Forbidden(
                f"The permission {missing} is missing.",
                missing,
                on=_triple(need.target.thing),
                judged_by=need.target.judged_by,
            )
        if need.rights_of is not None:
            _require_no_more(need.rights_of, need, view, caller.principal)
        authority = Authority(
            needed=need.action,
            source=grant.source,
            on=_on(need.target.thing),
            scope=grant.scope,
            role=grant.role,
            team=grant.team,
        )
        # A bulk order may need the same of thousands of things: one authority a grant, naming the first thing.
        found.setdefault((need.action, grant.role, grant.scope, grant.team), authority)
    return tuple(found.values())


def _require_no_more(giving: PrincipalId, need: Need, view: View, caller: PrincipalId) -> None:
    """Raise Forbidden where somebody whose rights the answer gives away may do what the caller may not."""
    beyond = excess.excess(view, view.principal(giving), caller, reading=need.reading)
    if beyond is not None:
        raise errors.Forbidden(beyond.sentence, beyond.missing, on=_triple(need.target.thing))


def may_be_repeated(order: Order, view: View) -> bool:
    """Whether an earlier answer under the same key may be given again; otherwise the order is judged like any other.

    A read-only token gets none, since the answer may hold what only the other token may see; and an answer that
    holds a secret is given again only to a caller who might have it made anew.
    """
    if order.caller.read_only or not order.caller.api_access:
        return False
    if not isinstance(order.command, InviteUser | RegenerateToken):
        return True
    try:
        authorise(order.command, view, order.caller)
    except errors.NotFound:
        return True  # what it was about is gone, and with it whatever the answer could reveal
    except errors.MunimentError:
        return False
    return True


def key_reused() -> errors.Refused:
    """The refusal of an Idempotency-Key under which another request was sent before."""
    return errors.Refused(
        "idempotency_key_reused",
        "This Idempotency-Key was used for another request; a new request needs a new key.",
        "Idempotency-Key",
    )


def _triple(thing: Thing) -> tuple[str, str, str]:
    return (thing.type, thing.id, thing.name)


def _on(thing: Thing) -> Thing | None:
    return thing if thing.id or thing.name else None
