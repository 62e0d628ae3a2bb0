"""What may be asked of tokens. A token is never deleted; regenerating it replaces its value at once."""

from datetime import datetime
from typing import ClassVar

import msgspec

from projections import access, things
from projections.principals import Principal
from projections.tokens import Token
from projections.view import View
from service import errors
from service.commands.order import Caller, Need, NewToken
from service.events import Event
from service.events.tokens import TokenRegenerated
from service.vocabulary import TokenId

MANAGE = "system_account:manage"


class RegenerateToken(msgspec.Struct, frozen=True, kw_only=True):
    """Give a token another value, and an expiry if one is named. `new.id` is ignored: a token keeps its id."""

    word: ClassVar[str] = "regenerate_token"
    token: TokenId
    new: NewToken
    expires_at: datetime | None = None

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        token = view.token(self.token)
        owner = view.principal(token.principal)
        if owner.type == "system_account" and caller.principal != owner.id:
            return (_managing(view, owner, token, caller),)
        action = "read_token:manage" if token.read_only else "token:manage"
        return (Need(action, things.of_token(token.id, token.principal)),)

    def arguments(self) -> dict[str, str]:
        return {"token": self.token}


def _managing(view: View, owner: Principal, token: Token, caller: Caller) -> Need:
    """Managing system accounts everywhere suffices; in a shared team only where the account may do no more (3.8)."""
    everywhere = things.Target(things.of_principal(owner).thing)
    if caller.principal is None or access.may(view, caller.principal, MANAGE, everywhere):
        return Need(MANAGE, everywhere)
    return Need(MANAGE, things.of_principal(owner), rights_of=owner.id, reading=token.read_only)


def regenerate_token(command: RegenerateToken, view: View, caller: Caller) -> list[Event]:
    """Decide a regeneration. Raises NotFound, or Invalid for an expiry that has passed already."""
    token = view.token(command.token)
    if command.expires_at is not None and command.expires_at <= view.instant:
        raise errors.Invalid("A token cannot expire in the past.", "/expiresAt")
    return [
        TokenRegenerated(
            token=token.id,
            principal=token.principal,
            digest=command.new.digest,
            value=command.new.ref,
            value_before=token.value,
            expires_at_before=token.expires_at,
            expires_at=command.expires_at,
        )
    ]
