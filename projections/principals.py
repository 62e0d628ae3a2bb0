"""A principal, person or system account, as it is true at some moment, with its roles, teams and tokens.

Relations are kept here, on their small side: a principal has few teams where a team may have everybody.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, TypeVar, assert_never

import msgspec

from service.events import teams as team_events
from service.events import tokens as token_events
from service.events import users as events
from service.events.system_accounts import SystemAccountCreated
from service.log.recorded import Recorded
from service.vocabulary import KeyId, Personal, PrincipalId, RoleId, Sealed, TeamId, TokenId

PrincipalEvent = (
    events.UserCreated
    | SystemAccountCreated
    | events.PrincipalRenamed
    | events.PrincipalEmailChanged
    | events.PrincipalNamesChanged
    | events.PrincipalDisabled
    | events.PrincipalEnabled
    | events.PrincipalRolesChanged
    | events.PrincipalDeleted
    | team_events.TeamMembersChanged
    | team_events.TeamAdministratorsChanged
    | token_events.TokenIssued
    | token_events.TokenRevoked
)
Id = TypeVar("Id", bound=str)


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who may act. Names and e-mail are seals; a team or role listed here counts only while it lives."""

    id: PrincipalId
    type: Literal["user", "system_account"]
    key: KeyId
    name: Personal
    email: Personal | None = None
    first_name: Personal | None = None
    last_name: Personal | None = None
    active: bool = True
    roles: tuple[RoleId, ...] = ()
    teams: tuple[TeamId, ...] = ()
    administers: tuple[TeamId, ...] = ()
    tokens: tuple[TokenId, ...] = ()
    created_at: datetime
    updated_at: datetime


def fold(principal: Principal | None, event: PrincipalEvent, recorded: Recorded) -> Principal | None:
    """The principal after the event, or None once it is deleted."""
    match event:
        case events.UserCreated() | SystemAccountCreated():
            return _created(event, recorded)
        case events.PrincipalDeleted():
            return None
        case _:
            return principal and _changed(principal, event, recorded)


def _created(event: events.UserCreated | SystemAccountCreated, recorded: Recorded) -> Principal:
    person = event if isinstance(event, events.UserCreated) else None
    return Principal(
        id=event.principal,
        type="user" if person else "system_account",
        key=event.key,
        name=Personal(recorded.id, "name", event.name),
        email=_personal(recorded, "email", event.email),
        first_name=_personal(recorded, "first_name", person.first_name if person else None),
        last_name=_personal(recorded, "last_name", person.last_name if person else None),
        created_at=recorded.recorded_at,
        updated_at=recorded.recorded_at,
    )


def _changed(principal: Principal, event: PrincipalEvent, recorded: Recorded) -> Principal:
    replace = msgspec.structs.replace
    at = recorded.recorded_at
    match event:
        case events.PrincipalRenamed():
            return replace(principal, name=Personal(recorded.id, "after", event.after), updated_at=at)
        case events.PrincipalEmailChanged():
            return replace(principal, email=_personal(recorded, "after", event.after), updated_at=at)
        case events.PrincipalNamesChanged():
            return replace(
                principal,
                first_name=_personal(recorded, "first_after", event.first_after),
                last_name=_personal(recorded, "last_after", event.last_after),
                updated_at=at,
            )
        case events.PrincipalDisabled():
            return replace(principal, active=False, updated_at=at)
        case events.PrincipalEnabled():
            return replace(principal, active=True, updated_at=at)
        case events.PrincipalRolesChanged():
            return replace(
                principal, roles=changed(principal.roles, event.added, event.removed), updated_at=at
            )
        case team_events.TeamMembersChanged():
            return replace(principal, teams=_one(principal.teams, event.team, principal.id in event.added))
        case team_events.TeamAdministratorsChanged():
            return replace(
                principal, administers=_one(principal.administers, event.team, principal.id in event.added)
            )
        case token_events.TokenIssued():
            return replace(principal, tokens=changed(principal.tokens, (event.token,), ()))
        case token_events.TokenRevoked():
            return replace(principal, tokens=changed(principal.tokens, (), (event.token,)))
        case events.UserCreated() | SystemAccountCreated() | events.PrincipalDeleted():
            return principal  # folded by the caller; listed so that a forgotten event stays a type error
        case _:
            assert_never(event)


def changed(held: tuple[Id, ...], added: Iterable[Id], removed: Iterable[Id]) -> tuple[Id, ...]:
    """A relation after a change; sorted, so that equal sets are equal tuples and can be shared."""
    return tuple(sorted((set(held) - set(removed)) | set(added)))


def _one(held: tuple[Id, ...], member: Id, joined: bool) -> tuple[Id, ...]:
    return changed(held, (member,), ()) if joined else changed(held, (), (member,))


def _personal(recorded: Recorded, field: str, sealed: Sealed | None) -> Personal | None:
    return None if sealed is None else Personal(recorded.id, field, sealed)
