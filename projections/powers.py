"""What a principal may do at a moment, without any thing in view: how far each action reaches, and in which teams.

Of two moments it says what is gained and what is lost, in the words of permissions. The reaches are the evaluator's own
(`rule`): nothing here decides anew who may do what.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from projections import rule
from projections.principals import Principal
from projections.view import View
from service.catalogue.compiled import ADMINISTERED, ADMINISTERED_TEAM, AI, OWN, TEAM, Compiled
from service.vocabulary import PrincipalId, TeamId, Thing

API_ACCESS: Final = "api_access"
"""Stands among the powers although it is a role's flag: without it none of them can be used over the API."""
_ADMINISTERS = ADMINISTERED | ADMINISTERED_TEAM
_NOWHERE: Mapping[str, int] = {}


class Power(msgspec.Struct, frozen=True, kw_only=True):
    """One line: a permission as a role spells it, in one team (`contract_data:manage:{uuid}`), or on some things.

    `things` are the first of them by id, `number` is how many. `still` is what is left of a power that is lost:
    `contract_data:manage:team` where it was `…:*` before.
    """

    permission: str
    team: TeamId | None = None
    team_name: str = ""
    things: tuple[Thing, ...] = ()
    number: int = 0
    still: tuple[str, ...] = ()


class Granted(msgspec.Struct, frozen=True, eq=False):
    """What a set of roles gives at a moment: how far each action reaches, and the API or not. All holders share it."""

    reaches: Mapping[str, int] = _NOWHERE
    api: bool = False
    conditional: frozenset[str] = frozenset()
    """The scopes that give something under a condition only, as the roles spell them."""


class Powers(msgspec.Struct, frozen=True, eq=False):
    """What somebody may do: what its roles give, in which living teams, and which ones it administers.

    Nobody, and nobody disabled, has any.
    """

    granted: Granted
    teams: tuple[TeamId, ...] = ()
    administers: tuple[TeamId, ...] = ()

    def reach(self, action: str) -> int:
        """The reach of an action as `rule` has it: True everywhere, False nowhere, else bits."""
        return self.granted.reaches.get(action, False)

    def in_teams(self, action: str) -> frozenset[TeamId]:
        """The teams whose things the action reaches, or the team itself; empty where it reaches everywhere."""
        reach = self.reach(action)
        if reach is True or reach is False:
            return frozenset()
        found = frozenset(self.teams if reach & TEAM else ())
        return found.union(self.administers) if reach & _ADMINISTERS else found

    def on(self, action: str, side: rule.Side, principal: str) -> bool:
        """Whether the action reaches a thing: the rule itself."""
        reach = self.reach(action)
        if reach is True or reach is False:
            return reach
        standing = rule.Standing(self.granted.reaches, principal, frozenset(self.teams), self.administers)
        return rule.within(standing, reach, side)


Place = tuple[Granted, tuple[TeamId, ...], tuple[TeamId, ...]]
"""What one's roles give, the living teams that one belongs to, and those that one administers."""
NOTHING: Final = Granted()
_NO_PLACE: Final[Place] = (NOTHING, (), ())


class Everybody:
    """Where everybody stands in one view. What many share is looked up once: a role may be everybody's."""

    def __init__(self, view: View) -> None:
        self.view = view
        self._granted: dict[int, Granted] = {}
        self._living: dict[tuple[TeamId, ...], tuple[TeamId, ...]] = {(): ()}

    def place(self, principal_id: PrincipalId) -> Place:
        """Where somebody stands; who does not exist, or is disabled, has nothing."""
        principal = self.view.principal_or_none(principal_id)
        if principal is None or not principal.active or self.view.catalogue is None:
            return _NO_PLACE
        granted = self._granted.get(principal.role_set)
        if granted is None:
            granted = self._granted[principal.role_set] = self._of_roles(principal)
        return granted, self.live(principal.teams), self.live(principal.administers)

    def _of_roles(self, principal: Principal) -> Granted:
        api = any(role.api_access for role in self.view.roles_of(principal))
        conditional = frozenset(
            scope
            for role in self.view.roles_of(principal)
            for action, given in self.view.compiled.conditional(role.scopes).items()
            if self.view.ai_enabled or not action.startswith(AI)
            for scope, _, _ in given
        )
        return Granted(rule.reaches_of(self.view, principal), api, conditional)

    def live(self, teams: tuple[TeamId, ...]) -> tuple[TeamId, ...]:
        """Those of the teams that live."""
        found = self._living.get(teams)
        if found is None:
            live = tuple(one.id for one in self.view.live_teams(teams))
            found = self._living[teams] = teams if live == teams else live
        return found


class Difference:
    """What of `has` is not in `lacks`: by action, everywhere, on one's own, and in which teams."""

    def __init__(self, has: Powers, lacks: Powers, compiled: Compiled | None) -> None:
        """`compiled` is the catalogue of what `has`."""
        self.compiled = compiled
        self.has = has
        self.lacks = lacks
        self.everywhere: set[str] = set()
        self.own: set[str] = set()
        self.teams: dict[str, frozenset[TeamId]] = {}
        for action in has.granted.reaches:
            self._compare(action)

    def _compare(self, action: str) -> None:
        mine, other = self.has.reach(action), self.lacks.reach(action)
        if (
            mine == other
            and self.has.teams == self.lacks.teams
            and self.has.administers == self.lacks.administers
        ):
            return
        if other is True or mine is False:
            return
        if mine is True:
            self.everywhere.add(action)
            return
        if mine & OWN and not other & OWN:
            self.own.add(action)
        teams = self.has.in_teams(action) - self.lacks.in_teams(action)
        if teams:
            self.teams[action] = teams

    def lines(self, named: View, *, losses: bool) -> Iterator[Power]:
        """The difference in the words of permissions; teams are called what they are called in `named`.

        Of gains, what is implied by another line is left out. Of losses it is not: who no longer manages may still
        read, or may not, and only the second line says which.
        """
        compiled = self.compiled
        if compiled is None:
            return
        if self.has.granted.api and not self.lacks.granted.api:
            yield Power(permission=API_ACCESS)
        wide = self.everywhere if losses else _without_implied(compiled, self.everywhere)
        for scope, actions in _prefixed(compiled, wide):
            still = {one for action in actions for one in self._still(compiled, action)} if losses else ()
            yield Power(permission=scope, still=tuple(sorted(still)))
        yield from self._conditional_lines(compiled, named)
        own = self.own if losses else _without_implied(compiled, self.own)
        for action in own:
            yield Power(permission=compiled.spelt(action, "own"))
        kept = self.teams if losses else _teams_without_implied(compiled, self.teams)
        for action, teams in kept.items():
            yield from self._team_lines(compiled, action, teams, named)

    def _conditional_lines(self, compiled: Compiled, named: View) -> Iterator[Power]:
        """What depends on a request: the scope as it is spelt, or for a team that was joined with that team's id."""
        mine, other = self.has.granted.conditional, self.lacks.granted.conditional
        joined = frozenset(self.has.teams).difference(self.lacks.teams)
        for scope in mine:
            if scope not in other:
                yield Power(permission=scope)
                continue
            base, _, condition = scope.partition("?")
            action, extent = compiled.split(base)
            for team in joined if extent == "team" else ():
                found = named.team_or_none(team)
                name = found.name if found is not None else ""
                yield Power(
                    permission=f"{compiled.spelt(action, team)}?{condition}", team=team, team_name=name
                )

    def _team_lines(
        self, compiled: Compiled, action: str, teams: frozenset[TeamId], named: View
    ) -> Iterator[Power]:
        """A role that changed is said once for all its holders' teams; a team that was joined is said by its name."""
        mine, other = self.has.reach(action), self.lacks.reach(action)
        if mine & TEAM and not other & TEAM and not teams.isdisjoint(self.has.teams):
            yield Power(permission=compiled.spelt(action, "team"))
            teams = teams.difference(self.has.teams)
        for team in teams:
            found = named.team_or_none(team)
            name = found.name if found is not None else ""
            yield Power(permission=compiled.spelt(action, team), team=team, team_name=name)

    def _still(self, compiled: Compiled, action: str) -> Iterator[str]:
        reach = self.lacks.reach(action)
        if reach & TEAM and self.lacks.teams:
            yield compiled.spelt(action, "team")
        if reach & OWN:
            yield compiled.spelt(action, "own")


def _without_implied(compiled: Compiled, actions: set[str]) -> set[str]:
    implied = {one for action in actions for one in compiled.implied(action)}
    return actions - implied


def _teams_without_implied(
    compiled: Compiled, found: dict[str, frozenset[TeamId]]
) -> dict[str, frozenset[TeamId]]:
    left = dict(found)
    for action, teams in found.items():
        for implied in compiled.implied(action):
            if implied in left:
                left[implied] -= teams
    return {action: teams for action, teams in left.items() if teams}


def _prefixed(compiled: Compiled, actions: Iterable[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """Each action as its scope `…:*`; all features of AI together as the one scope that gives them."""
    left = set(actions)
    for scope, covered in compiled.prefixes():
        if len(covered) > 1 and covered <= left:
            left -= covered
            yield scope, covered
    for action in left:
        yield compiled.spelt(action, "*"), frozenset({action})
