"""What every command is: an order with its needs, decided by a pure function over a view.

A command carries the ids and secrets of whatever it will make, drawn by the composition root, so that deciding is pure
and a decision can be repeated: same command, same view, same events.
"""

from typing import ClassVar, Protocol

import msgspec

from projections.things import Target
from projections.view import View
from service.catalogue.conditions import NO_FACTS, Facts
from service.vocabulary import InvitationId, KeyId, PrincipalId, Secret, TokenId, VaultRef


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who gives the order: a principal with a token, a person at the console, a code's bearer, or the service."""

    principal: PrincipalId | None = None
    token: TokenId | None = None
    digest: str = ""
    """The keyed digest of the token's value that was presented: once another took its place it orders nothing."""
    read_only: bool = False
    api_access: bool = True
    """False where none of the principal's roles gives access to the API: its orders are denied, and recorded so."""
    console: str = ""
    """The operating system's user name at the console; such a caller already owns the database."""
    system: str = ""
    """Why the service itself acts (`first start`)."""
    code: bool = False
    """The bearer of a one-time code, which is all the authority that its one command needs."""


class Need(msgspec.Struct, frozen=True):
    """One permission that the order needs, on one thing. An order may go ahead when all its needs are met."""

    action: str
    target: Target
    rights_of: PrincipalId | None = None
    """Somebody whose every right the caller must have as well, since the answer gives these away."""
    reading: bool = False
    """Of those rights only what a read-only token can use is given away."""
    facts: Facts = NO_FACTS
    """What conditions of a grant may look at: of a request to another program, and never of one to this service."""


class Command(Protocol):
    """An order. `word` names it in the record of a denied attempt; `arguments` are ids and numbers only."""

    word: ClassVar[str]

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]: ...

    def arguments(self) -> dict[str, str]: ...


class NewPrincipal(msgspec.Struct, frozen=True, kw_only=True):
    """Who is about to exist: an id, and the person's own sealing key."""

    id: PrincipalId
    key: KeyId
    raw_key: Secret


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A sealing key for one text alone: destroying it forgets just that."""

    id: KeyId
    raw_key: Secret


class NewToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token's value about to work: its keyed digest for the record, the value itself for the vault."""

    id: TokenId
    ref: VaultRef
    value: Secret
    digest: str


class NewValue(msgspec.Struct, frozen=True, kw_only=True):
    """A value about to stand in the vault, and the ref that an event names it by."""

    ref: VaultRef
    value: Secret


class NewValues(msgspec.Struct, frozen=True, kw_only=True):
    """Several such values of one order, of which the events may name all or some."""

    values: tuple[NewValue, ...] = ()


class TokenPair(msgspec.Struct, frozen=True, kw_only=True):
    """The two tokens that every principal has (section 3.8 of the vendor's rules)."""

    read_only: NewToken
    read_write: NewToken


class NewInvitation(msgspec.Struct, frozen=True, kw_only=True):
    """A one-time code about to be issued; only its keyed digest is recorded."""

    id: InvitationId
    digest: str
