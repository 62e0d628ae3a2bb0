"""THE rule: who may do what. One evaluator; deciding, explaining and searching all go through it.

A grant is `resource:action:extent`, additive over all roles, without negation. `*` reaches everything, `team`
what belongs to a live team that the principal is a member of, `own` what the principal created. Whoever
administers a team may manage that one team (`team:manage:{uuid}`), member or not, and see its environments.
`manage` implies `read` and never `bulk_delete`. (Section 1.2 of the vendor's rules; seeds 000 to 004.)
"""

from collections.abc import Container, Iterator, Mapping
from typing import Protocol

import msgspec

from projections.principals import Principal
from projections.things import Target
from projections.view import View
from service.catalogue.compiled import (
    ADMINISTERED,
    ADMINISTERED_TEAM,
    EITHER_SIDE,
    EVERYWHERE,
    OWN,
    TEAM,
    TEAM_ADMINISTRATOR,
)
from service.vocabulary import PrincipalId, RoleId, TeamId

RULE = 1
"""Raised whenever this module's verdict on any question changes; every record carries it."""

_EXTENTS = {EVERYWHERE: "*", TEAM: "team", OWN: "own"}
_ADMINISTERS = ADMINISTERED_TEAM | ADMINISTERED


class Decided(Protocol):
    """A thing that can be decided about: a Target, or a noun that says of itself what decides."""

    @property
    def teams(self) -> tuple[TeamId, ...]:
        """The teams that it belongs to."""

    @property
    def owner(self) -> PrincipalId | None:
        """Who created it."""

    @property
    def readers(self) -> "Decided | None":
        """Another thing whose reach suffices to read this one."""

    @property
    def team(self) -> TeamId | None:
        """The team that it is, if it is one."""


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What gives the permission: a role's scope, through a team where the extent is one."""

    source: str
    role: RoleId
    scope: str
    extent: str
    team: TeamId | None = None


class NearMiss(msgspec.Struct, frozen=True, kw_only=True):
    """A grant of the same action that does not reach this thing, and why."""

    role: RoleId
    scope: str
    why: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """A decision and what it rests on: every grant that gives it, or the near misses and what is missing."""

    allowed: bool
    action: str
    target: Target
    grants: tuple[Grant, ...] = ()
    near_misses: tuple[NearMiss, ...] = ()
    note: str = ""

    @property
    def missing(self) -> str:
        """What a refusal says: `contract_data:manage on Baz`."""
        return missing(self.action, self.target.label)


def may(view: View, principal_id: str, action: str, target: Decided) -> bool:
    """Whether the principal may. A denial costs what a permission costs: look-ups and an intersection."""
    principal = view.principal_or_none(principal_id)
    reaches = reaches_of(view, principal)
    reach = reaches.get(action, False)
    if principal is None or reach is True or reach is False:
        return bool(reach)
    return within(standing_of(principal, reaches), reach, side_of(view, target))


class Standing(msgspec.Struct, frozen=True, gc=False):
    """What a principal can draw on at a moment: how far it reaches by action, True where that is everywhere."""

    reaches: Mapping[str, int]
    id: str = ""
    teams: frozenset[TeamId] = frozenset()
    administers: tuple[TeamId, ...] = ()


class Side(msgspec.Struct, frozen=True, gc=False):
    """What decides about a thing at a moment; a team stands here only if it lives then."""

    teams: tuple[TeamId, ...]
    owner: PrincipalId | None
    team: TeamId | None
    other: "Side | None"


_NOWHERE: Mapping[str, int] = {}


def within(standing: Standing, reach: int, side: Side) -> bool:
    """Whether what is not reached everywhere is reached on this thing: the rule itself, for every way of asking."""
    if reach & TEAM and not standing.teams.isdisjoint(side.teams):
        return True
    if reach & OWN and side.owner == standing.id:
        return True
    if reach & _ADMINISTERS and _administered(standing, reach, side) is not None:
        return True
    if reach & EITHER_SIDE and side.other is not None:
        return within(standing, reach & (TEAM | OWN), side.other)
    return False


def standing_of(principal: Principal, reaches: Mapping[str, int]) -> Standing:
    return Standing(reaches, principal.person.id, frozenset(principal.teams), principal.administers)


def reaches_of(view: View, principal: Principal | None) -> Mapping[str, int]:
    """How far the principal reaches, by action; nobody, and nobody disabled, reaches anything."""
    catalogue = view.catalogue
    if principal is None or not principal.active or catalogue is None:
        return _NOWHERE
    reaches = view.directory.role_sets[principal.role_set].at(view.position)
    return _NOWHERE if reaches is None else catalogue.by_action(reaches)


def side_of(view: View, target: Decided) -> Side:
    itself, other = target.team, target.readers
    return Side(
        _living(view, target.teams),
        target.owner,
        itself if itself is not None and view.team_or_none(itself) is not None else None,
        None if other is None else side_of(view, other),
    )


def _living(view: View, named: tuple[TeamId, ...]) -> tuple[TeamId, ...]:
    """The teams that live; mostly all of them do, and then it is the same tuple."""
    teams, position = view.directory.teams, view.position
    for team in named:
        held = teams.get(team)
        if held is None or held.at(position) is None:
            return tuple(one for one in named if view.team_or_none(one) is not None)
    return named


def grant(view: View, principal_id: str, action: str, target: Target) -> Grant | None:
    """The first grant that gives the permission, or None where `may` says no: what a record names as its authority."""
    principal = view.principal_or_none(principal_id)
    reaches = reaches_of(view, principal)
    if principal is None or not reaches.get(action, False):
        return None
    standing, side, reading = standing_of(principal, reaches), side_of(view, target), action.endswith(":read")
    for given in _given(view, principal, action):
        reached = _reached(standing, side, given, reading)
        if reached is not None:
            return reached
    return _administration(view, standing, action, side)


def missing(action: str, on: str) -> str:
    """What a refusal says: `contract_data:manage on Baz`, or the action alone where it was about a whole type."""
    return action if on == "*" or not on else f"{action} on {on}"


def explain(view: View, principal_id: str, action: str, target: Target) -> Verdict:
    """The same verdict as `may`, with every grant that gives it, or what was near and why it did not reach."""
    principal = view.principal_or_none(principal_id)
    catalogue = view.catalogue
    if principal is None:
        return Verdict(allowed=False, action=action, target=target, note="There is no such principal.")
    if catalogue is None or action not in catalogue.bits:
        return Verdict(allowed=False, action=action, target=target, note="The catalogue has no such action.")
    if not principal.active:
        return Verdict(allowed=False, action=action, target=target, note="The principal is disabled.")
    standing, side = standing_of(principal, reaches_of(view, principal)), side_of(view, target)
    grants: list[Grant] = []
    misses: list[NearMiss] = []
    for given in _given(view, principal, action):
        reached = _reached(standing, side, given, action.endswith(":read"))
        if reached is not None:
            grants.append(reached)
        else:
            misses.append(NearMiss(role=given.role, scope=given.scope, why=_why_not(given.extent, target)))
    administering = _administration(view, standing, action, side)
    if administering is not None:
        grants.append(administering)
    return Verdict(
        allowed=bool(grants), action=action, target=target, grants=tuple(grants), near_misses=tuple(misses)
    )


def api_access(view: View, principal: Principal) -> bool:
    """Whether the principal may use the API: one of its roles has the flag. Guest's does not (seed 001)."""
    return any(role.api_access for role in view.roles_of(principal))


def _given(view: View, principal: Principal, action: str) -> Iterator[Grant]:
    """Every scope of every live role that grants the action at some extent."""
    compiled = view.compiled
    for role in view.roles_of(principal):
        for scope, extent in compiled.grants(role.scopes).get(action, ()):
            yield Grant(source="role", role=role.id, scope=scope, extent=_EXTENTS[extent])


def _reached(standing: Standing, side: Side, given: Grant, reading: bool) -> Grant | None:
    """The grant with the team it came through, or None when its extent does not include the thing."""
    if given.extent == "*":
        return given
    for one in (side, side.other) if reading else (side,):
        if one is None:
            continue
        if given.extent == "own" and one.owner == standing.id:
            return given
        if given.extent == "team" and (team := _first_of(one.teams, standing.teams)) is not None:
            return msgspec.structs.replace(given, team=team)
    return None


def _administered(standing: Standing, reach: int, side: Side) -> TeamId | None:
    """The living team whose administration gives the action: the team itself, or one that the thing belongs to."""
    if reach & ADMINISTERED_TEAM:
        return side.team if side.team in standing.administers else None
    return _first_of(side.teams, standing.administers) if reach & ADMINISTERED else None


def _first_of(theirs: tuple[TeamId, ...], mine: Container[TeamId]) -> TeamId | None:
    return next((team for team in theirs if team in mine), None)


def _administration(view: View, standing: Standing, action: str, side: Side) -> Grant | None:
    """The grant that administering a team is, if it reaches the thing."""
    team = _administered(standing, view.compiled.by_administering(action), side)
    if team is None:
        return None
    return Grant(
        source="team_administrator",
        role=RoleId(TEAM_ADMINISTRATOR),
        scope=f"team:manage:{team}",
        extent=team,
        team=team,
    )


def _why_not(extent: str, target: Target) -> str:
    whose = target.judged_by or "the thing"
    if extent == "own":
        return f"The principal did not create {whose}."
    return f"{whose[0].upper()}{whose[1:]} belongs to none of the principal's teams."
