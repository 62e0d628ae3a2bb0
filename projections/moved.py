"""Things that belong to other teams than before, and what that gives to somebody or takes away.

Of hundreds of things that one edit moves, most are alike to somebody: reached before or not, reached now or not. They
are told apart by that alone, and the rule is asked once for all that are alike.
"""

import functools
from collections.abc import Iterator
from typing import Final

import msgspec

from projections import rule, things
from projections.powers import Difference, Power, Powers
from service.catalogue.compiled import Compiled
from service.vocabulary import PrincipalId, TeamId, Thing

THINGS_MAX: Final = 100
"""How many things of a line are named; its `number` counts all of them."""


class Alike:
    """Things of one type that belonged to the same teams before, and belong to the same others now.

    `handed`: they were the same person's too, and are the same other's now. Of all others the owner stayed.
    """

    def __init__(
        self, sides: tuple[rule.Side, rule.Side], actions: tuple[str, ...], *, handed: bool = False
    ) -> None:
        self.handed = handed
        self.sides = sides if handed else (_without_owner(sides[0]), _without_owner(sides[1]))
        self.actions = actions
        """What can be done to such things by somebody to whom their teams count."""
        self._things: dict[str, Thing] = {}
        self._owned: dict[PrincipalId, list[Thing]] = {}

    def add(self, target: things.Target) -> None:
        """One more thing that moved alike."""
        if target.thing.id not in self._things:
            self._things[target.thing.id] = target.thing
            if target.owner is not None and not self.handed:
                self._owned.setdefault(target.owner, []).append(target.thing)

    def owned(self, principal: PrincipalId) -> list[Thing]:
        """Those that somebody owns."""
        return self._owned.get(principal, [])

    def others(self, principal: PrincipalId) -> list[Thing]:
        """Those that somebody does not own."""
        if principal not in self._owned:
            return self._every
        mine = {one.id for one in self._owned[principal]}
        return [one for one in self._every if one.id not in mine]

    @functools.cached_property
    def _every(self) -> list[Thing]:
        return list(self._things.values())


class Moved:
    """What moved, as it is to one principal, whose powers these are before and after."""

    def __init__(
        self, every: tuple[Alike, ...], principal: PrincipalId, powers: tuple[Powers, Powers]
    ) -> None:
        self._principal = principal
        self._powers = powers
        member = frozenset(powers[0].teams), frozenset(powers[1].teams)
        leads = frozenset(powers[0].administers), frozenset(powers[1].administers)
        found: dict[tuple[object, ...], list[Alike]] = {}
        for one in every:
            then, now = one.sides
            key = (
                one.actions,
                not member[0].isdisjoint(then.teams),
                not member[1].isdisjoint(now.teams),
                not leads[0].isdisjoint(then.teams),
                not leads[1].isdisjoint(now.teams),
                one.handed and (then.owner == principal, now.owner == principal),
            )
            found.setdefault(key, []).append(one)
        self._kinds = list(found.values())

    def lines(self, difference: Difference, compiled: Compiled, *, gains: bool) -> Iterator[Power]:
        """What somebody may do to these very things now, or no longer may, unless a line about all things says it."""
        flipped: dict[str, list[Thing]] = {}
        for kind in self._kinds:
            for owner in (self._principal, None):
                self._flip(flipped, kind, owner, (difference, compiled, gains))
        for action, found in flipped.items():
            first = tuple(sorted(found, key=lambda one: one.id)[:THINGS_MAX])
            yield Power(permission=action, things=first, number=len(found))

    def _flip(
        self,
        flipped: dict[str, list[Thing]],
        kind: list[Alike],
        owner: PrincipalId | None,
        asked: tuple[Difference, Compiled, bool],
    ) -> None:
        """Add the things of one kind that somebody owns, or does not own, to the actions that they flip.

        What changed hands has an owner before and after, which is part of its kind.
        """
        difference, compiled, gains = asked
        me = self._principal
        if owner is not None and not any(one.owned(me) for one in kind):
            return
        actions = [action for action in kind[0].actions if self._flips(action, kind[0], owner, gains=gains)]
        mine = owner is not None or (kind[0].handed and kind[0].sides[gains].owner == me)
        implied = {one for action in actions for one in compiled.implied(action)} if gains else set()
        for action in actions:
            if action in implied or action in difference.everywhere or (mine and action in difference.own):
                continue
            said: frozenset[TeamId] = difference.teams.get(action, frozenset())
            for one in kind:
                if said.isdisjoint(one.sides[gains].teams):
                    found = one.owned(me) if owner is not None else one.others(me)
                    if found:
                        flipped.setdefault(action, []).extend(found)

    def _flips(self, action: str, alike: Alike, owner: PrincipalId | None, *, gains: bool) -> bool:
        sides, me = alike.sides, self._principal if alike.handed else owner or ""
        if not alike.handed:
            sides = (
                msgspec.structs.replace(sides[0], owner=owner),
                msgspec.structs.replace(sides[1], owner=owner),
            )
        then, now = (powers.on(action, side, me) for powers, side in zip(self._powers, sides, strict=True))
        return (now and not then) if gains else (then and not now)


def _without_owner(side: rule.Side) -> rule.Side:
    return msgspec.structs.replace(side, owner=None)
