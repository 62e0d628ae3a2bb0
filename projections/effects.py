"""Who gains and who loses what between two moments: what a dry run foretells, and what history says was done.

Every principal whom the events could reach is compared with itself. Who gains and loses the very same is one group, so
an edit of a role that everybody holds is one line, not a hundred thousand. It agrees with the one evaluator: somebody
is in a group exactly when `access.may` answers differently about something (or the way to the API opened or closed).

What exists only before or only afterwards is no difference of its own: that a new application can be managed by who
manages all applications is nothing that anybody gained.
"""

import heapq
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Final

import msgspec

from projections import preferences, rule, things
from projections.moved import Alike, Moved
from projections.powers import Difference, Everybody, Place, Power, Powers
from projections.resources import Resource
from projections.timeline import Timeline
from projections.view import View
from service.catalogue.compiled import Compiled
from service.events import Event, account
from service.events import own_catalogues as own_catalogue_events
from service.events import preferences as preference_events
from service.events import resources as resource_events
from service.events import roles as role_events
from service.events import secrets as secret_events
from service.events import system_accounts as system_account_events
from service.events import teams as team_events
from service.events import users as user_events
from service.events import webhooks as webhook_events
from service.vocabulary import PrincipalId, TeamId

PRINCIPALS_MAX: Final = 1_000
"""How many of a group are named; `number` counts all of them."""
Change = tuple[tuple[Power, ...], tuple[Power, ...]]
"""What somebody gains, and what it loses."""
_SAME: Final[frozenset[TeamId]] = frozenset()


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody who gains and loses the very same. `principals` are the first of them by id, `number` is how many."""

    principals: tuple[PrincipalId, ...]
    number: int
    gains: tuple[Power, ...] = ()
    losses: tuple[Power, ...] = ()


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """The groups, those who lose something first, then the largest."""

    groups: tuple[Group, ...] = ()


def effect(before: View, after: View, events: Iterable[Event]) -> Effect:
    """What the events did to who may do what. `before` and `after` are the moments around exactly these events."""
    return compared(Comparison(before, after, events)).effect()


def compared(comparison: "Comparison") -> "Comparison":
    """The comparison, done at a stretch."""
    for event in comparison.events:
        comparison.reach(event)
    for principal in comparison.principals:
        comparison.compare(principal)
    return comparison


def _by_type(
    *reaching: tuple[tuple[type, ...], Callable[..., Iterable[PrincipalId]]],
) -> dict[type, Callable[..., Iterable[PrincipalId]]]:
    return {kind: reached for kinds, reached in reaching for kind in kinds}


class Comparison:
    """The same in steps, for whoever must not hold the event loop.

    `reach` with each of the `events`, then `compare` each of `principals`, then `effect`.
    """

    def __init__(self, before: View, after: View, events: Iterable[Event]) -> None:
        self.before = before
        self.after = after
        self.events = tuple(events)
        self._then = Everybody(before)
        self._now = Everybody(after)
        self._things: dict[tuple[object, ...], Alike] = {}
        self._teams_of_things: frozenset[TeamId] = frozenset()
        self._owners: set[PrincipalId] = set()
        self._reached: dict[PrincipalId, None] = {}
        self._changes: dict[tuple[object, ...], Change] = {}
        self._alike: dict[tuple[object, ...], Change] = {}
        self._teams_live_on = not any(isinstance(event, team_events.TeamDeleted) for event in self.events)
        """Whether whoever was not changed itself belongs to the same living teams as before."""
        self._groups: dict[int, tuple[Change, list[PrincipalId]]] = {}
        """By the identity of the change: to hash one takes longer than all else."""

    def reach(self, event: Event) -> None:
        """Take in whomever one of the events could reach; most of a team may turn out not to be."""
        reached = self.reaching.get(type(event))
        if reached is not None:
            self._reached.update(dict.fromkeys(reached(self, event)))

    @property
    def principals(self) -> tuple[PrincipalId, ...]:
        """Whoever was reached."""
        return tuple(self._reached)

    def compare(self, principal: PrincipalId) -> None:
        """Put one principal into its group, if anything changes for it."""
        change = self._by_roles_alone(principal) or self.change_of(principal)
        if change[0] or change[1]:
            alike = self._groups.get(id(change))
            if alike is None:
                alike = self._groups[id(change)] = (change, [])
            alike[1].append(principal)

    def _by_roles_alone(self, principal: PrincipalId) -> Change | None:
        """The change of somebody who is what it was, whose set of roles then says it all; None for anybody else.

        A role that changed may be everybody's, and most of them stand alike.
        """
        timeline = self.after.directory.principals.get(principal)
        held = None if timeline is None else timeline.value
        if timeline is None or held is None or timeline.made > self.before.position or held.administers:
            return None
        if self._things or not self._teams_live_on:
            return None
        key = (held.role_set, held.active, bool(self._now.live(held.teams)))
        change = self._alike.get(key)
        if change is None:
            change = self._alike[key] = self.change_of(principal)
        return change

    def change_of(self, principal: PrincipalId) -> Change:
        """What one principal gains and loses. Who stands alike before and after alike is looked at once."""
        then, now = self._then.place(principal), self._now.place(principal)
        if principal in self._owners:
            return self._changed(then, now, principal)
        key = self._key(then, now)
        found = self._changes.get(key)
        if found is None:
            found = self._changes[key] = self._changed(then, now, principal)
        return found

    def effect(self) -> Effect:
        """The groups of all that were compared."""
        equal: dict[Change, list[PrincipalId]] = {}
        for change, alike in self._groups.values():
            equal.setdefault(change, []).extend(alike)
        groups = [
            Group(
                principals=tuple(heapq.nsmallest(PRINCIPALS_MAX, alike)),
                number=len(alike),
                gains=change[0],
                losses=change[1],
            )
            for change, alike in equal.items()
        ]
        groups.sort(key=lambda group: (not group.losses, -group.number, group.principals))
        return Effect(groups=tuple(groups))

    # -- one principal -----------------------------------------------------------------------------------

    def _key(self, then: Place, now: Place) -> tuple[object, ...]:
        """Equal for whoever must have the same change.

        Which teams somebody is in matters only where they changed, or where a thing moved that belongs to one of them;
        beyond that it matters whether there are any. Few administer a team: they are looked at one by one.
        """
        granted = then[0].reaches, then[0].api, now[0].reaches, now[0].api
        conditional = then[0].conditional, now[0].conditional
        key = (
            id(granted[0]),
            granted[1],
            id(granted[2]),
            granted[3],
            conditional,
            bool(then[1]),
            bool(now[1]),
        )
        if then[2] or now[2]:
            return (*key, then[1:], now[1:])
        left, joined = _differ(then[1], now[1])
        if not self._things:
            return (*key, left, joined)
        moved = self._teams_of_things
        return (*key, left, joined, moved.intersection(then[1]), moved.intersection(now[1]))

    def _changed(self, then: Place, now: Place, principal: PrincipalId) -> Change:
        powers = Powers(*then), Powers(*now)
        gained = Difference(powers[1], powers[0], self.after.catalogue)
        lost = Difference(powers[0], powers[1], self.before.catalogue)
        on_gained: list[Power] = []
        on_lost: list[Power] = []
        if self._things and self.after.catalogue is not None:
            moved = Moved(tuple(self._things.values()), principal, powers)
            on_gained += moved.lines(gained, self.after.catalogue, gains=True)
            on_lost += moved.lines(lost, self.after.catalogue, gains=False)
        gains = [*gained.lines(self.after, losses=False), *on_gained]
        losses = [*lost.lines(self.before, losses=True), *on_lost]
        return tuple(sorted(gains, key=_order)), tuple(sorted(losses, key=_order))

    # -- whom an event could reach -----------------------------------------------------------------------

    def _of_role(self, event: Any) -> Iterable[PrincipalId]:
        return self.after.directory.holders.of(event.role)

    def _of_principal(self, event: Any) -> Iterable[PrincipalId]:
        return (event.principal,)

    def _of_members(self, event: team_events.TeamMembersChanged) -> Iterable[PrincipalId]:
        named = (*event.added, *event.removed)
        moved = self._moved(self.after.directory.principals, event.team, named)
        return (*named, *(self._of_team(event) if moved else ()))

    def _of_administrators(self, event: team_events.TeamAdministratorsChanged) -> Iterable[PrincipalId]:
        return (*event.added, *event.removed)

    def _of_applications(self, event: team_events.TeamApplicationsChanged) -> Iterable[PrincipalId]:
        moved = self._moved(self.after.directory.applications, event.team, (*event.added, *event.removed))
        return self._of_team(event) if moved else ()

    def _of_environments(self, event: team_events.TeamEnvironmentsChanged) -> Iterable[PrincipalId]:
        moved = self._moved(self.after.directory.environments, event.team, (*event.added, *event.removed))
        return self._of_team(event) if moved else ()

    def _of_resource_teams(self, event: resource_events.ResourceTeamsChanged) -> Iterable[PrincipalId]:
        teams = [one for one in (*event.added, *event.removed) if self.after.team_or_none(one) is not None]
        moved = self.after.directory.resources.get(event.resource)
        if not teams or moved is None or not self._moved_one(moved):
            return ()
        return [one for team in teams for one in self._ever_of(team)]

    def _of_resource_owner(self, event: resource_events.ResourceOwnerChanged) -> Iterable[PrincipalId]:
        moved = self.after.directory.resources.get(event.resource)
        if moved is None or not self._moved_one(moved):
            return ()
        return [one for one in (event.before, event.after) if one is not None]

    def _of_moved_secret(self, event: secret_events.SecretMoved) -> Iterable[PrincipalId]:
        return self._between(event, self.after.directory.secrets.get(event.secret))

    def _of_moved_webhook(self, event: webhook_events.WebhookMoved) -> Iterable[PrincipalId]:
        return self._between(event, self.after.directory.webhooks.get(event.webhook))

    def _between(
        self, event: secret_events.SecretMoved | webhook_events.WebhookMoved, moved: Timeline[Any] | None
    ) -> Iterable[PrincipalId]:
        """Whom a move from one team to another reaches; what a deleted team left behind its own deletion tells."""
        if event.team_deleted or moved is None or not self._moved_one(moved):
            return ()
        return [
            one for team in (event.team_before, event.team) if team is not None for one in self._ever_of(team)
        ]

    def _of_team(self, event: Any) -> Iterable[PrincipalId]:
        """Everybody who ever belonged to the team or administered it: their own timelines say who does."""
        return self._ever_of(TeamId(event.team))

    def _ever_of(self, team: TeamId) -> tuple[PrincipalId, ...]:
        directory = self.after.directory
        return (*directory.members.of(team), *directory.administrators.of(team))

    def _of_preference(self, event: preference_events.PreferenceChanged) -> Iterable[PrincipalId]:
        return self._of_everybody(event) if event.name == preferences.AI_ENABLED else ()

    def _of_everybody(self, _event: Any) -> Iterable[PrincipalId]:
        return tuple(self.after.directory.principals)

    def _moved(self, table: Mapping[Any, Timeline[Any]], team: TeamId, named: Iterable[str]) -> bool:
        """Note the things that were there before and after, and belong to other teams now. Whether there are any.

        Of a team that is deleted none is noted: that its members lose what reached into it says it all.
        """
        if self.after.team_or_none(team) is None:
            return False
        noted = [self._moved_one(table[name]) for name in named if name in table]
        return any(noted)

    def _moved_one(self, timeline: Timeline[Any]) -> bool:
        then, now = timeline.at(self.before.position), timeline.at(self.after.position)
        if then is None or now is None or self.after.catalogue is None:
            return False
        was, target = things.of_noun(then), things.of_noun(now)
        handed = was.owner != target.owner
        actions = _actions(self.after.catalogue, now, handed=handed)
        if not actions:  # no permission for people is given in teams: nobody comes under anybody with a team
            return False
        sides = rule.side_of(self.before, was), rule.side_of(self.after, target)
        teams = frozenset(sides[0].teams), frozenset(sides[1].teams)
        if teams[0] == teams[1] and not handed:
            return False
        key = (target.thing.type, *teams, *((was.owner, target.owner) if handed else ()))
        if key not in self._things:
            self._things[key] = Alike(sides, actions, handed=handed)
            self._teams_of_things = self._teams_of_things.union(*teams)
        self._things[key].add(target)
        self._owners.update(one for one in (was.owner, target.owner) if one is not None)
        return True

    # -- which kind reaches whom; every kind stands here or among those that reach nobody -------------------

    reaching: ClassVar[dict[type, Callable[..., Iterable[PrincipalId]]]] = _by_type(
        ((role_events.RolePermissionsChanged, role_events.RoleReset, role_events.RoleDeleted), _of_role),
        (
            (
                user_events.UserCreated,
                system_account_events.SystemAccountCreated,
                user_events.PrincipalDisabled,
                user_events.PrincipalEnabled,
                user_events.PrincipalRolesChanged,
                user_events.PrincipalDeleted,
            ),
            _of_principal,
        ),
        ((team_events.TeamMembersChanged,), _of_members),
        ((team_events.TeamAdministratorsChanged,), _of_administrators),
        ((team_events.TeamApplicationsChanged,), _of_applications),
        ((team_events.TeamEnvironmentsChanged,), _of_environments),
        ((team_events.TeamDeleted,), _of_team),
        ((resource_events.ResourceTeamsChanged,), _of_resource_teams),
        ((resource_events.ResourceOwnerChanged,), _of_resource_owner),
        ((secret_events.SecretMoved,), _of_moved_secret),
        ((webhook_events.WebhookMoved,), _of_moved_webhook),
        ((preference_events.PreferenceChanged,), _of_preference),
        (
            (
                account.CatalogueAdopted,
                own_catalogue_events.OwnCatalogueAdopted,
                own_catalogue_events.OwnCatalogueWithdrawn,
            ),
            _of_everybody,
        ),
    )


def _actions(compiled: Compiled, noun: things.InTeams, *, handed: bool) -> tuple[str, ...]:
    """What can be done to such a thing by whoever its teams count for; where it changed hands, all that can be done.

    What is registered here is also something that can be registered.
    """
    type_ = things.type_of(noun)
    types = (type_, "resource") if isinstance(noun, Resource) else (type_,)
    if not handed:
        return tuple(name for one in types for name in compiled.in_teams(one))
    return tuple(name for name, one in compiled.actions.items() if not set(types).isdisjoint(one.types))


def _differ(then: tuple[TeamId, ...], now: tuple[TeamId, ...]) -> tuple[frozenset[TeamId], frozenset[TeamId]]:
    """Which teams were left, and which joined."""
    if then is now or then == now:
        return _SAME, _SAME
    return frozenset(then).difference(now), frozenset(now).difference(then)


def _order(power: Power) -> tuple[str, str, str]:
    return power.permission, power.team or "", power.things[0].id if power.things else ""
