"""THE rule: who may do what. One evaluator; deciding, explaining and searching all go through it.

A grant is `resource:action:extent`, additive over all roles, without negation. `*` reaches everything, `team`
what belongs to a live team that the principal is a member of, `own` what the principal created. Whoever
administers a team may manage that one team (`team:manage:{uuid}`), member or not. `manage` implies `read`
and never `bulk_delete`. (Section 1.2 of the vendor's rules; seeds 000 to 004.)
"""

from collections.abc import Iterator

import msgspec

from projections.principals import Principal
from projections.things import Target
from projections.view import View
from service.catalogue.compiled import NOTHING, TEAM_ADMINISTRATOR
from service.vocabulary import RoleId, TeamId

RULE = 1
"""Raised whenever this module's verdict on any question changes; every record carries it."""

_TEAM_ACTIONS = ("team:manage", "team:read")


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


def may(view: View, principal_id: str, action: str, target: Target) -> bool:
    """Whether the principal may. A denial costs what a permission costs: look-ups, a mask, an intersection."""
    principal = view.principal_or_none(principal_id)
    catalogue = view.catalogue
    if principal is None or not principal.active or catalogue is None:
        return False
    bit = catalogue.bits.get(action, 0)
    if not bit:
        return False
    granted = view.granted(principal)
    if granted.everywhere & bit:
        return True
    if granted.own & bit and target.owner == principal.id:
        return True
    if granted.team & bit and _shared_team(view, principal, target) is not None:
        return True
    return action in _TEAM_ACTIONS and _administers(view, principal, target)


def grant(view: View, principal_id: str, action: str, target: Target) -> Grant | None:
    """The first grant that gives the permission, or None where `may` says no: what a record names as its authority."""
    if not may(view, principal_id, action, target):
        return None
    principal = view.principal(principal_id)
    for given in _given(view, principal, action):
        reached = _reach(view, principal, target, given)
        if reached is not None:
            return reached
    return _administration(target)


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
        reached = _reach(view, principal, target, given)
        if reached is not None:
            grants.append(reached)
        else:
            misses.append(NearMiss(role=given.role, scope=given.scope, why=_why_not(given.extent)))
    if action in _TEAM_ACTIONS and _administers(view, principal, target):
        grants.append(_administration(target))
    return Verdict(
        allowed=bool(grants), action=action, target=target, grants=tuple(grants), near_misses=tuple(misses)
    )


def api_access(view: View, principal: Principal) -> bool:
    """Whether the principal may use the API: one of its roles has the flag. Guest's does not (seed 001)."""
    return any(role.api_access for role in view.roles_of(principal))


def _given(view: View, principal: Principal, action: str) -> Iterator[Grant]:
    """Every scope of every live role that grants the action at some extent."""
    compiled = view.compiled
    bit = compiled.bits[action]
    for role in view.roles_of(principal):
        whole = compiled.masks(role.scopes)
        if not (whole.everywhere | whole.team | whole.own) & bit:
            continue
        for scope in role.scopes:
            masks = compiled.scope_masks(scope)
            if masks is NOTHING:
                continue
            extents = (("*", masks.everywhere), ("team", masks.team), ("own", masks.own))
            for extent, mask in extents:
                if mask & bit:
                    yield Grant(source="role", role=role.id, scope=scope, extent=extent)


def _reach(view: View, principal: Principal, target: Target, given: Grant) -> Grant | None:
    """The grant with the team it came through, or None when its extent does not include the target."""
    if given.extent == "*":
        return given
    if given.extent == "own":
        return given if target.owner == principal.id else None
    team = _shared_team(view, principal, target)
    return None if team is None else msgspec.structs.replace(given, team=team)


def _shared_team(view: View, principal: Principal, target: Target) -> TeamId | None:
    """A live team that both belong to; team extent is membership at decision time."""
    mine = principal.teams
    for team in target.teams:
        if team in mine and view.team_or_none(team) is not None:
            return team
    return None


def _administers(view: View, principal: Principal, target: Target) -> bool:
    team = target.thing.id
    return (
        target.thing.type == "team" and team in principal.administers and view.team_or_none(team) is not None
    )


def _administration(target: Target) -> Grant:
    return Grant(
        source="team_administrator",
        role=RoleId(TEAM_ADMINISTRATOR),
        scope=f"team:manage:{target.thing.id}",
        extent=target.thing.id,
        team=TeamId(target.thing.id),
    )


def _why_not(extent: str) -> str:
    return {
        "team": "The thing belongs to none of the principal's teams.",
        "own": "The principal did not create the thing.",
    }[extent]
