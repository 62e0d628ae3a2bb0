"""THE rule: who may do what. One evaluator; deciding, explaining and searching all go through it.

A grant is `resource:action:extent`, additive over all roles, without negation. `*` reaches everything, `team`
what belongs to a live team that the principal is a member of, `own` what the principal created. Whoever
administers a team may manage that one team (`team:manage:{uuid}`), member or not, and see its environments.
`manage` implies `read` and never `bulk_delete`. (Section 1.2 of the vendor's rules; seeds 000 to 004.)
"""

from collections.abc import Callable, Iterator
from typing import Protocol, cast

import msgspec

from projections.applications import Application
from projections.principals import Principal
from projections.teams import Team
from projections.things import Target
from projections.timeline import Timeline
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
    reach = _reach(view, principal, action)
    if principal is None or not reach:
        return False
    return bool(reach & EVERYWHERE) or _within(view.directory.teams, view.position, principal, reach, target)


def asker(view: View) -> Callable[[str, str, str], bool]:
    """`may(principal id, action, application id)` at the view's moment, for many questions: nothing is allocated.

    What does not exist, be it principal, action or application, is a no.
    """
    position = view.position
    directory = view.directory
    # Text from outside may be anything; what is no id is simply not there.
    principals = cast("dict[str, Timeline[Principal]]", directory.principals)
    things = cast("dict[str, Timeline[Application]]", directory.applications)
    role_sets, teams = directory.role_sets, directory.teams
    numbers = view.catalogue.numbers if view.catalogue else {}

    def asked(principal_id: str, action: str, thing_id: str) -> bool:
        try:
            whose = principals[principal_id]
            what = things[thing_id]
            number = numbers[action]
        except KeyError:
            return False
        principal = whose.value
        if whose.made > position:
            principal = whose.before(position)
        thing = what.value
        if what.made > position:
            thing = what.before(position)
        if principal is None or thing is None or not principal.active:
            return False
        role_set = role_sets[principal.role_set]
        reaches = role_set.value
        if role_set.made > position:
            reaches = role_set.before(position)
        reach = reaches[number] if reaches else 0
        if reach & EVERYWHERE:
            return True
        return bool(reach) and _within(teams, position, principal, reach, thing)

    return asked


def _reach(view: View, principal: Principal | None, action: str) -> int:
    """How far the principal reaches with the action, by its roles or by administering teams; 0 is nowhere."""
    catalogue = view.catalogue
    if principal is None or not principal.active or catalogue is None:
        return 0
    number = catalogue.numbers.get(action)
    return 0 if number is None else view.reaches(principal)[number]


def _within(
    teams: dict[TeamId, Timeline[Team]], position: int, principal: Principal, reach: int, target: Decided
) -> bool:
    """Whether what is not reached everywhere is reached on this thing: the rule itself, for every way of asking."""
    if reach & TEAM and _shared(teams, position, principal.teams, target.teams) is not None:
        return True
    if reach & OWN and target.owner == principal.person.id:
        return True
    if reach & _ADMINISTERS and _administered(teams, position, principal, reach, target) is not None:
        return True
    if reach & EITHER_SIDE:
        other = target.readers
        return other is not None and _within(teams, position, principal, reach & (TEAM | OWN), other)
    return False


def grant(view: View, principal_id: str, action: str, target: Target) -> Grant | None:
    """The first grant that gives the permission, or None where `may` says no: what a record names as its authority."""
    principal = view.principal_or_none(principal_id)
    reach = _reach(view, principal, action)
    if principal is None or not reach:
        return None
    for given in _given(view, principal, action):
        reached = _reached(view, principal, action, target, given)
        if reached is not None:
            return reached
    return _administration(view, principal, reach, target)


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
    grants: list[Grant] = []
    misses: list[NearMiss] = []
    for given in _given(view, principal, action):
        reached = _reached(view, principal, action, target, given)
        if reached is not None:
            grants.append(reached)
        else:
            misses.append(NearMiss(role=given.role, scope=given.scope, why=_why_not(given.extent, target)))
    administering = _administration(view, principal, _reach(view, principal, action), target)
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


def _reached(view: View, principal: Principal, action: str, target: Target, given: Grant) -> Grant | None:
    """The grant with the team it came through, or None when its extent does not include the target."""
    if given.extent == "*":
        return given
    sides = (target, target.readers) if action.endswith(":read") else (target,)
    for side in sides:
        if side is None:
            continue
        if given.extent == "own" and side.owner == principal.id:
            return given
        if given.extent == "team":
            team = _shared(view.directory.teams, view.position, principal.teams, side.teams)
            if team is not None:
                return msgspec.structs.replace(given, team=team)
    return None


def _shared(
    teams: dict[TeamId, Timeline[Team]], position: int, mine: tuple[TeamId, ...], theirs: tuple[TeamId, ...]
) -> TeamId | None:
    """A live team that is among both; team extent is membership at decision time."""
    for team in theirs:
        if team in mine and (held := teams.get(team)) is not None and held.at(position) is not None:
            return team
    return None


def _administered(
    teams: dict[TeamId, Timeline[Team]], position: int, principal: Principal, reach: int, target: Decided
) -> TeamId | None:
    """The live team whose administration gives the action: the team itself, or one of the environment's."""
    if reach & ADMINISTERED_TEAM:
        itself = target.team
        return None if itself is None else _shared(teams, position, principal.administers, (itself,))
    if reach & ADMINISTERED:
        return _shared(teams, position, principal.administers, target.teams)
    return None


def _administration(view: View, principal: Principal, reach: int, target: Target) -> Grant | None:
    """The grant that administering a team is, if it reaches the target."""
    team = _administered(view.directory.teams, view.position, principal, reach, target)
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
