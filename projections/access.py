"""THE rule: who may do what. One evaluator; deciding, explaining and searching all go through it.

A grant is `resource:action:extent`, additive over all roles, without negation. `*` reaches everything, `team`
what belongs to a live team that the principal is a member of, `own` what the principal created. Whoever
administers a team may manage that one team (`team:manage:{uuid}`), member or not, and see its environments.
`manage` implies `read` and never `bulk_delete`. (Section 1.2 of the vendor's rules; seeds 000 to 004.)
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
_ADMINISTRATION = (*_TEAM_ACTIONS, "environment:read")
"""What administering a team gives: that team, and a look at the environments attached to it (section 3.2)."""


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
    if granted.own & bit and _owns(principal, action, target):
        return True
    if granted.team & bit and _shared_team(view, principal, action, target) is not None:
        return True
    return action in _ADMINISTRATION and _administered(view, principal, action, target) is not None


def grant(view: View, principal_id: str, action: str, target: Target) -> Grant | None:
    """The first grant that gives the permission, or None where `may` says no: what a record names as its authority."""
    if not may(view, principal_id, action, target):
        return None
    principal = view.principal(principal_id)
    for given in _given(view, principal, action):
        reached = _reach(view, principal, action, target, given)
        if reached is not None:
            return reached
    return _administration(view, principal, action, target)


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
        reached = _reach(view, principal, action, target, given)
        if reached is not None:
            grants.append(reached)
        else:
            misses.append(NearMiss(role=given.role, scope=given.scope, why=_why_not(given.extent, target)))
    administering = _administration(view, principal, action, target)
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


def _reach(view: View, principal: Principal, action: str, target: Target, given: Grant) -> Grant | None:
    """The grant with the team it came through, or None when its extent does not include the target."""
    if given.extent == "*":
        return given
    if given.extent == "own":
        return given if _owns(principal, action, target) else None
    team = _shared_team(view, principal, action, target)
    return None if team is None else msgspec.structs.replace(given, team=team)


def _owns(principal: Principal, action: str, target: Target) -> bool:
    """Whether the principal created the thing, or for reading the other side of it."""
    if target.owner == principal.id:
        return True
    return target.readers is not None and action.endswith(":read") and target.readers.owner == principal.id


def _shared_team(view: View, principal: Principal, action: str, target: Target) -> TeamId | None:
    """A live team that both belong to; team extent is membership at decision time.

    Who may read one side of an integration may read it (section 3.4: «the integrations they take part in»).
    """
    mine = principal.teams
    for team in target.teams:
        if team in mine and view.team_or_none(team) is not None:
            return team
    if target.readers is not None and action.endswith(":read"):
        return _shared_team(view, principal, action, target.readers)
    return None


def _administered(view: View, principal: Principal, action: str, target: Target) -> TeamId | None:
    """The live team whose administration gives the action: the team itself, or one of the environment's."""
    if action in _TEAM_ACTIONS:
        candidates: tuple[TeamId, ...] = (TeamId(target.thing.id),) if target.thing.type == "team" else ()
    else:
        candidates = target.teams
    for team in candidates:
        if team in principal.administers and view.team_or_none(team) is not None:
            return team
    return None


def _administration(view: View, principal: Principal, action: str, target: Target) -> Grant | None:
    """The grant that administering a team is, if it reaches the target."""
    team = _administered(view, principal, action, target) if action in _ADMINISTRATION else None
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
