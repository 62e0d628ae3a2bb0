"""A principal, person or system account, as it is true at some moment, with its roles, teams and tokens.

Relations are kept here, on their small side: a principal has few teams where a team may have everybody.
"""

from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime
from typing import Literal, TypeVar, assert_never

import msgspec

from service.events import teams as team_events
from service.events import tokens as token_events
from service.events import users as events
from service.events.system_accounts import SystemAccountCreated
from service.log.recorded import Foldable
from service.vocabulary import (
    AliasId,
    KeyId,
    Personal,
    PrincipalId,
    RoleId,
    Sealed,
    TeamId,
    TokenId,
    interned,
)

PrincipalEvent = (
    events.UserCreated
    | SystemAccountCreated
    | events.PrincipalRenamed
    | events.PrincipalEmailChanged
    | events.PrincipalNamesChanged
    | events.PrincipalExternalIdsChanged
    | events.PrincipalAliasAdded
    | events.PrincipalAliasRemoved
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


class Alias(msgspec.Struct, frozen=True, gc=False):
    """A further id by which programs know somebody: a person's text, and what the record calls it."""

    id: AliasId
    text: Personal


class Person(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a principal is called, and what never changes of it: shared by its versions, since it seldom changes."""

    id: PrincipalId
    type: Literal["user", "system_account"]
    key: KeyId
    name: Personal
    email: Personal | None = None
    first_name: Personal | None = None
    last_name: Personal | None = None
    external_id: Personal | None = None
    external_username: Personal | None = None
    aliases: tuple[Alias, ...] = ()
    created_at: datetime


class Principal(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who may act. Names and e-mail are seals; a team or role listed here counts only while it lives.

    `role_set` is the number under which the directory compiles what these roles grant together.
    """

    person: Person
    active: bool = True
    roles: tuple[RoleId, ...] = ()
    role_set: int = 0
    teams: tuple[TeamId, ...] = ()
    administers: tuple[TeamId, ...] = ()
    tokens: tuple[TokenId, ...] = ()
    updated_at: datetime

    @property
    def id(self) -> PrincipalId:
        return self.person.id

    @property
    def type(self) -> Literal["user", "system_account"]:
        return self.person.type

    @property
    def key(self) -> KeyId:
        return self.person.key

    @property
    def name(self) -> Personal:
        return self.person.name

    @property
    def email(self) -> Personal | None:
        return self.person.email

    @property
    def first_name(self) -> Personal | None:
        return self.person.first_name

    @property
    def last_name(self) -> Personal | None:
        return self.person.last_name

    @property
    def external_id(self) -> Personal | None:
        """What the identity provider knows the person by."""
        return self.person.external_id

    @property
    def external_username(self) -> Personal | None:
        return self.person.external_username

    @property
    def aliases(self) -> tuple[Alias, ...]:
        """The first that was added comes first."""
        return self.person.aliases

    @property
    def created_at(self) -> datetime:
        return self.person.created_at


def fold(principal: Principal | None, event: PrincipalEvent, recorded: Foldable) -> Principal | None:
    """The principal after the event, or None once it is deleted."""
    if principal is not None and type(event) in _COMMON:
        return _changed(principal, event, recorded)
    match event:
        case events.UserCreated() | SystemAccountCreated():
            return _created(event, recorded)
        case events.PrincipalDeleted():
            return None
        case _:
            return principal and _changed(principal, event, recorded)


_COMMON = frozenset({team_events.TeamMembersChanged, token_events.TokenIssued, events.PrincipalRolesChanged})
"""Most of a log: to find that an event is of none of the types of a match takes longer than to look here."""


def _created(event: events.UserCreated | SystemAccountCreated, recorded: Foldable) -> Principal:
    user = event if isinstance(event, events.UserCreated) else None
    key = interned(event.key)
    person = Person(
        id=event.principal,
        type="user" if user else "system_account",
        key=key,
        name=_given(recorded, "name", event.name, key),
        email=_personal(recorded, "email", event.email, key),
        first_name=_personal(recorded, "first_name", user.first_name if user else None, key),
        last_name=_personal(recorded, "last_name", user.last_name if user else None, key),
        created_at=recorded.recorded_at,
    )
    return Principal(person=person, updated_at=recorded.recorded_at)


def _changed(principal: Principal, event: PrincipalEvent, recorded: Foldable) -> Principal:
    replace = msgspec.structs.replace
    at = recorded.recorded_at
    match event:
        case team_events.TeamMembersChanged():
            return in_team(principal, interned(event.team), principal.person.id in event.added)
        case token_events.TokenIssued():
            return replace(principal, tokens=with_one(principal.tokens, event.token, True))
        case events.PrincipalRolesChanged():
            return replace(
                principal, roles=changed(principal.roles, event.added, event.removed), updated_at=at
            )
        case (
            events.PrincipalRenamed()
            | events.PrincipalEmailChanged()
            | events.PrincipalNamesChanged()
            | events.PrincipalExternalIdsChanged()
            | events.PrincipalAliasAdded()
            | events.PrincipalAliasRemoved()
        ):
            return replace(principal, person=_called(principal.person, event, recorded), updated_at=at)
        case events.PrincipalDisabled():
            return replace(principal, active=False, updated_at=at)
        case events.PrincipalEnabled():
            return replace(principal, active=True, updated_at=at)
        case team_events.TeamAdministratorsChanged():
            return administering(principal, interned(event.team), principal.person.id in event.added)
        case token_events.TokenRevoked():
            return replace(principal, tokens=with_one(principal.tokens, event.token, False))
        case events.UserCreated() | SystemAccountCreated() | events.PrincipalDeleted():
            return principal  # folded by the caller; listed so that a forgotten event stays a type error
        case _:
            assert_never(event)


def in_team(principal: Principal, team: TeamId, joined: bool) -> Principal:
    """The principal after it joined or left a team."""
    return msgspec.structs.replace(principal, teams=with_one(principal.teams, team, joined))


def administering(principal: Principal, team: TeamId, joined: bool) -> Principal:
    """The principal after it became a team's administrator or was one."""
    return msgspec.structs.replace(principal, administers=with_one(principal.administers, team, joined))


def changed(held: tuple[Id, ...], added: Iterable[Id], removed: Iterable[Id]) -> tuple[Id, ...]:
    """A relation after a change; sorted, so that equal sets are equal tuples and can be shared."""
    for one in removed:
        held = with_one(held, one, False)
    for one in added:
        held = with_one(held, interned(one), True)
    return held


def with_one(held: tuple[Id, ...], member: Id, joined: bool) -> tuple[Id, ...]:
    """A relation after one member joined or left; the same tuple if that changes nothing."""
    if (member in held) == joined:
        return held
    at = bisect_left(held, member)
    return (*held[:at], member, *held[at:]) if joined else held[:at] + held[at + 1 :]


def _called(
    person: Person,
    event: events.PrincipalRenamed
    | events.PrincipalEmailChanged
    | events.PrincipalNamesChanged
    | events.PrincipalExternalIdsChanged
    | events.PrincipalAliasAdded
    | events.PrincipalAliasRemoved,
    recorded: Foldable,
) -> Person:
    replace = msgspec.structs.replace
    match event:
        case events.PrincipalRenamed():
            return replace(person, name=_given(recorded, "after", event.after, person.key))
        case events.PrincipalEmailChanged():
            return replace(person, email=_personal(recorded, "after", event.after, person.key))
        case events.PrincipalNamesChanged():
            return replace(
                person,
                first_name=_personal(recorded, "first_after", event.first_after, person.key),
                last_name=_personal(recorded, "last_after", event.last_after, person.key),
            )
        case events.PrincipalExternalIdsChanged():
            return replace(
                person,
                external_id=_personal(recorded, "id_after", event.id_after, person.key),
                external_username=_personal(recorded, "username_after", event.username_after, person.key),
            )
        case events.PrincipalAliasAdded():
            alias = Alias(event.alias, _given(recorded, "text", event.text, person.key))
            return replace(person, aliases=(*person.aliases, alias))
        case events.PrincipalAliasRemoved():
            return replace(person, aliases=tuple(one for one in person.aliases if one.id != event.alias))
        case _:
            assert_never(event)


def _personal(recorded: Foldable, field: str, sealed: Sealed | None, key: KeyId) -> Personal | None:
    return None if sealed is None else _given(recorded, field, sealed, key)


def _given(recorded: Foldable, field: str, sealed: Sealed, key: KeyId) -> Personal:
    """The seal where it stands; a person's seals share the one text that names the key."""
    if sealed.key == key:
        sealed = Sealed(key=key, box=sealed.box)
    return Personal(recorded.id, field, sealed)
