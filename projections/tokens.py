"""A token as it is true at some moment, and an invitation, which is the way to a person's first one."""

from datetime import datetime
from typing import assert_never

import msgspec

from service.events import tokens as events
from service.events import users as user_events
from service.log.recorded import Foldable
from service.vocabulary import InvitationId, PrincipalId, TokenId, VaultRef, interned

InvitationEvent = (
    user_events.InvitationIssued | user_events.InvitationRedeemed | user_events.InvitationRevoked
)


class Token(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A credential. `digest` is the keyed digest of the value that works; `value` names it in the vault.

    `expires_at` is data: only the evaluator and authentication compare it with an instant.
    """

    id: TokenId
    principal: PrincipalId
    read_only: bool
    digest: str
    value: VaultRef
    expires_at: datetime | None
    created_at: datetime
    updated_at: datetime


class Invitation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A one-time code that was issued and neither redeemed, replaced nor revoked yet. Its issuer may know it."""

    id: InvitationId
    principal: PrincipalId
    digest: str
    expires_at: datetime
    issuer: PrincipalId | None


def fold(
    token: Token | None, event: events.TokenEvent, recorded: Foldable, principal: PrincipalId
) -> Token | None:
    """The token after the event, or None once its principal, whose id is `principal`, is deleted."""
    match event:
        case events.TokenIssued():
            return Token(
                id=event.token,
                principal=principal,
                read_only=event.read_only,
                digest=event.digest,
                value=event.value,
                expires_at=event.expires_at,
                created_at=recorded.recorded_at,
                updated_at=recorded.recorded_at,
            )
        case events.TokenRegenerated():
            return token and msgspec.structs.replace(
                token,
                digest=event.digest,
                value=event.value,
                expires_at=event.expires_at,
                updated_at=recorded.recorded_at,
            )
        case events.TokenRevoked():
            return None
        case _:
            assert_never(event)


def fold_invitation(event: InvitationEvent, recorded: Foldable, principal: PrincipalId) -> Invitation | None:
    """A principal's open invitation after the event: the newest issued, or None once it is redeemed or revoked."""
    match event:
        case user_events.InvitationIssued():
            return Invitation(
                id=event.invitation,
                principal=principal,
                digest=event.digest,
                expires_at=event.expires_at,
                issuer=recorded.actor.principal and interned(recorded.actor.principal),
            )
        case user_events.InvitationRedeemed() | user_events.InvitationRevoked():
            return None
        case _:
            assert_never(event)
