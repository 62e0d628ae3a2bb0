"""The rule itself: whether what a principal can draw on at a moment reaches a thing as it is at that moment."""

from collections.abc import Container, Mapping
from typing import Protocol

import msgspec

from projections.principals import Principal
from projections.view import View
from service.catalogue.compiled import ADMINISTERED, ADMINISTERED_TEAM, EITHER_SIDE, OWN, TEAM
from service.vocabulary import PrincipalId, TeamId

_ADMINISTERS = ADMINISTERED_TEAM | ADMINISTERED
_NOWHERE: Mapping[str, int] = {}


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


def within(standing: Standing, reach: int, side: Side) -> bool:
    """Whether what is not reached everywhere is reached on this thing: the rule itself, for every way of asking."""
    if reach & TEAM and not standing.teams.isdisjoint(side.teams):
        return True
    if reach & OWN and side.owner == standing.id:
        return True
    if reach & _ADMINISTERS and administered(standing, reach, side) is not None:
        return True
    if reach & EITHER_SIDE and side.other is not None:
        return within(standing, reach & (TEAM | OWN), side.other)
    return False


def standing_of(principal: Principal, reaches: Mapping[str, int]) -> Standing:
    """What the principal can draw on, its `reaches` being known."""
    return Standing(reaches, principal.person.id, frozenset(principal.teams), principal.administers)


def reaches_of(view: View, principal: Principal | None) -> Mapping[str, int]:
    """How far the principal reaches, by action; nobody, and nobody disabled, reaches anything."""
    catalogue = view.catalogue
    if principal is None or not principal.active or catalogue is None:
        return _NOWHERE
    reaches = view.directory.role_sets[principal.role_set].at(view.position)
    return _NOWHERE if reaches is None else catalogue.by_action(reaches)


def side_of(view: View, target: Decided) -> Side:
    """What decides about the thing at the view's moment."""
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


def administered(standing: Standing, reach: int, side: Side) -> TeamId | None:
    """The living team whose administration gives the action: the team itself, or one that the thing belongs to."""
    if reach & ADMINISTERED_TEAM:
        return side.team if side.team in standing.administers else None
    return first_of(side.teams, standing.administers) if reach & ADMINISTERED else None


def first_of(theirs: tuple[TeamId, ...], mine: Container[TeamId]) -> TeamId | None:
    """The first of their teams that is also mine."""
    return next((team for team in theirs if team in mine), None)
