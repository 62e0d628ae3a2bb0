"""Who may do what. One evaluator, around THE rule (`rule.within`): deciding, explaining and searching go through it.

A grant is `resource:action:extent`, additive over all roles, without negation. `*` reaches everything, `team`
what belongs to a live team that the principal is a member of, `own` what the principal created. Whoever
administers a team may manage that one team (`team:manage:{uuid}`), member or not, and see its environments.
`manage` implies `read` and never `bulk_delete`. (Section 1.2 of the vendor's rules; seeds 000 to 004.)
"""

from collections.abc import Callable, Iterator

import msgspec

from projections import rule
from projections.asking import Asker
from projections.principals import Principal
from projections.things import Target
from projections.view import View
from service.catalogue import conditions
from service.catalogue.compiled import (
    AI,
    CONDITIONAL,
    EITHER_SIDE,
    EVERYWHERE,
    OWN,
    TEAM,
    TEAM_ADMINISTRATOR,
)
from service.catalogue.conditions import NO_FACTS, Facts
from service.catalogue.own import Condition
from service.vocabulary import RoleId, TeamId

RULE = 1
"""Raised whenever the verdict of this module or of `rule` on any question changes; every record carries it."""

_EXTENTS = {EVERYWHERE: "*", TEAM: "team", OWN: "own"}


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What gives the permission: a role's scope, through a team where the extent is one."""

    source: str
    role: RoleId
    scope: str
    extent: str
    team: TeamId | None = None
    condition: str = ""
    """The name of the condition that held, where the grant is bound to one."""


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


def may(view: View, principal_id: str, action: str, target: rule.Decided, facts: Facts = NO_FACTS) -> bool:
    """Whether the principal may. A denial costs what a permission costs: look-ups and an intersection.

    `facts` are the request behind the question, on which grants may depend; without it no such grant counts.
    """
    principal = view.principal_or_none(principal_id)
    reaches = rule.reaches_of(view, principal)
    reach = reaches.get(action, False)
    if principal is None or reach is True or reach is False:
        return bool(reach)
    standing, side = rule.standing_of(principal, reaches), rule.side_of(view, target)
    return rule.within(standing, reach, side) or (
        bool(reach & CONDITIONAL and facts) and conditionally(view, principal, action, standing, side, facts)
    )


def conditionally(
    view: View,
    principal: Principal,
    action: str,
    standing: rule.Standing,
    side: rule.Side,
    facts: Facts,
) -> bool:
    """Whether a grant that is bound to a condition gives it: the condition holds, and its extent reaches the thing."""
    return any(
        reaches_under_condition(standing, reach, side) and conditions.holds(condition, facts)
        for reach, condition in bound(view, principal, action)
    )


def bound(view: View, principal: Principal, action: str) -> Iterator[tuple[int, Condition]]:
    """How far the principal's grants reach that are bound to a condition, each with its condition."""
    compiled, either = view.compiled, EITHER_SIDE if action.endswith(":read") else 0
    for role in view.roles_of(principal):
        for _scope, reach, condition in compiled.conditional(role.scopes).get(action, ()):
            yield reach | either, condition


def reaches_under_condition(standing: rule.Standing, reach: int, side: rule.Side) -> bool:
    """Whether such a grant reaches the thing, if its condition holds."""
    return bool(reach & EVERYWHERE) or rule.within(standing, reach, side)


def asker(view: View) -> Callable[[str, str, str], bool]:
    """`may(principal id, action, application id)` for many questions about one moment, at a tenth of the price.

    What does not exist, be it principal, action or application, is a no. `Asker.every` answers them at one stroke.
    """
    return Asker(view).may


def grant(
    view: View, principal_id: str, action: str, target: Target, facts: Facts = NO_FACTS
) -> Grant | None:
    """The first grant that gives the permission, or None where `may` says no: what a record names as its authority."""
    principal = view.principal_or_none(principal_id)
    reaches = rule.reaches_of(view, principal)
    if principal is None or not reaches.get(action, False):
        return None
    standing, side = None, None  # what the first grant that reaches everywhere, as most do, has no need of
    for given in _given(view, principal, action):
        if given.extent == "*":
            return given
        if standing is None or side is None:
            standing, side = rule.standing_of(principal, reaches), rule.side_of(view, target)
        reached = _reached(standing, side, given, action.endswith(":read"))
        if reached is not None:
            return reached
    standing = standing or rule.standing_of(principal, reaches)
    side = side or rule.side_of(view, target)
    return _administration(view, standing, action, side) or next(
        (
            reached
            for given, condition in _conditional(view, principal, action)
            if (reached := _reached(standing, side, given, action.endswith(":read"))) is not None
            and conditions.holds(condition, facts)
        ),
        None,
    )


def missing(action: str, on: str) -> str:
    """What a refusal says: `contract_data:manage on Baz`, or the action alone where it was about a whole type."""
    return action if on == "*" or not on else f"{action} on {on}"


def explain(view: View, principal_id: str, action: str, target: Target, facts: Facts = NO_FACTS) -> Verdict:
    """The same verdict as `may`, with every grant that gives it, or what was near and why it did not reach."""
    principal = view.principal_or_none(principal_id)
    catalogue = view.catalogue
    if principal is None:
        return Verdict(allowed=False, action=action, target=target, note="There is no such principal.")
    if catalogue is None or action not in catalogue.bits:
        return Verdict(allowed=False, action=action, target=target, note="The catalogue has no such action.")
    if not principal.active:
        return Verdict(allowed=False, action=action, target=target, note="The principal is disabled.")
    if action.startswith(AI) and not view.ai_enabled:
        return _without_ai(view, principal, action, target)
    standing, side = rule.standing_of(principal, rule.reaches_of(view, principal)), rule.side_of(view, target)
    grants: list[Grant] = []
    misses: list[NearMiss] = []
    for given in _given(view, principal, action):
        reached = _reached(standing, side, given, action.endswith(":read"))
        if reached is not None:
            grants.append(reached)
        else:
            misses.append(
                NearMiss(role=given.role, scope=given.scope, why=_why_not(view, given.extent, target))
            )
    for given, condition in _conditional(view, principal, action):
        reached = _reached(standing, side, given, action.endswith(":read"))
        why = _why_not(view, given.extent, target) if reached is None else conditions.unmet(condition, facts)
        if reached is not None and not why:
            grants.append(reached)
        else:
            misses.append(NearMiss(role=given.role, scope=given.scope, why=why))
    administering = _administration(view, standing, action, side)
    if administering is not None:
        grants.append(administering)
    return Verdict(
        allowed=bool(grants), action=action, target=target, grants=tuple(grants), near_misses=tuple(misses)
    )


def under_condition(view: View, principal_id: str, action: str, target: Target) -> tuple[Grant, ...]:
    """The grants that reach the thing and are bound to a condition: what a request could make of them."""
    principal = view.principal_or_none(principal_id)
    reaches = rule.reaches_of(view, principal)
    reach = reaches.get(action, False)
    if principal is None or reach is True or not reach & CONDITIONAL:
        return ()
    standing, side = rule.standing_of(principal, reaches), rule.side_of(view, target)
    found = (
        _reached(standing, side, given, action.endswith(":read"))
        for given, _ in _conditional(view, principal, action)
    )
    return tuple(grant for grant in found if grant is not None)


def api_access(view: View, principal: Principal) -> bool:
    """Whether the principal may use the API: one of its roles has the flag. Guest's does not (seed 001)."""
    return any(role.api_access for role in view.roles_of(principal))


def _without_ai(view: View, principal: Principal, action: str, target: Target) -> Verdict:
    """No AI feature is anybody's while the account has them off, whatever was granted (section 1.2, rule 7)."""
    why = "AI features are switched off by the system preference aiEnabled."
    given = _given(view, principal, action)
    misses = tuple(NearMiss(role=one.role, scope=one.scope, why=why) for one in given)
    return Verdict(allowed=False, action=action, target=target, near_misses=misses, note=why)


def _given(view: View, principal: Principal, action: str) -> Iterator[Grant]:
    """Every scope of every live role that grants the action at some extent."""
    compiled = view.compiled
    for role in view.roles_of(principal):
        for scope, extent in compiled.grants(role.scopes).get(action, ()):
            yield Grant(source="role", role=role.id, scope=scope, extent=_EXTENTS[extent])


def _conditional(view: View, principal: Principal, action: str) -> Iterator[tuple[Grant, Condition]]:
    """The same of scopes that are bound to a condition; none while AI features are off and it is one of them."""
    if action.startswith(AI) and not view.ai_enabled:
        return
    compiled = view.compiled
    for role in view.roles_of(principal):
        for scope, extent, condition in compiled.conditional(role.scopes).get(action, ()):
            given = Grant(
                source="role", role=role.id, scope=scope, extent=_EXTENTS[extent], condition=condition.name
            )
            yield given, condition


def _reached(standing: rule.Standing, side: rule.Side, given: Grant, reading: bool) -> Grant | None:
    """The grant with the team it came through, or None when its extent does not include the thing."""
    if given.extent == "*":
        return given
    for one in (side, side.other) if reading else (side,):
        if one is None:
            continue
        if given.extent == "own" and one.owner == standing.id:
            return given
        if given.extent == "team" and (team := rule.first_of(one.teams, standing.teams)) is not None:
            return msgspec.structs.replace(given, team=team)
    return None


def _administration(view: View, standing: rule.Standing, action: str, side: rule.Side) -> Grant | None:
    """The grant that administering a team is, if it reaches the thing."""
    team = rule.administered(standing, view.compiled.by_administering(action), side)
    if team is None:
        return None
    return Grant(
        source="team_administrator",
        role=RoleId(TEAM_ADMINISTRATOR),
        scope=f"team:manage:{team}",
        extent=team,
        team=team,
    )


def _why_not(view: View, extent: str, target: Target) -> str:
    whose = target.judged_by or "the thing"
    if extent == "own" and target.thing.type in view.compiled.types:
        return f"The principal does not own {whose}."
    if extent == "own":
        return f"The principal did not create {whose}."
    return f"{whose[0].upper()}{whose[1:]} belongs to none of the principal's teams."
