"""Many questions about one moment, answered by the one rule."""

from collections.abc import Iterable, Mapping
from typing import Any

from projections import rule
from projections.timeline import Timeline
from projections.view import View


class Asker:
    """The same rule for many questions about one moment: what it looked up once it remembers, since a moment stays.

    Things are asked about by id: applications, unless another of the directory's tables is given whose nouns say of
    themselves what decides about them. What does not exist, be it principal, action or thing, is a no.
    """

    __slots__ = ("_sides", "_standings", "_things", "_view")

    def __init__(self, view: View, things: Mapping[Any, Timeline[Any]] | None = None) -> None:
        self._view = view
        self._things: Mapping[Any, Timeline[Any]] = view.directory.applications if things is None else things
        self._standings: dict[str, rule.Standing] = {}
        self._sides: dict[str, rule.Side] = {}

    def may(self, principal_id: str, action: str, thing: str) -> bool:
        """Whether the principal may do this to the thing with this id."""
        try:
            side = self._sides[thing]
            standing = self._standings[principal_id]
            reach = standing.reaches[action]
        except KeyError:
            return self._first(principal_id, action, thing)
        return reach if reach is True or reach is False else rule.within(standing, reach, side)

    def every(self, questions: Iterable[tuple[str, str, str]]) -> list[bool]:
        """`may` for each (principal id, action, thing id); most answers cost no call and allocate nothing."""
        answers: list[bool] = []
        add, sides, standings, within = answers.append, self._sides, self._standings, rule.within
        for principal_id, action, thing in questions:
            try:
                side = sides[thing]
                standing = standings[principal_id]
                reach = standing.reaches[action]
            except KeyError:
                add(self._first(principal_id, action, thing))
                continue
            add(reach if reach is True or reach is False else within(standing, reach, side))
        return answers

    def judges(self, principal_id: str, action: str, target: rule.Decided) -> bool:
        """`may` about a thing that is at hand."""
        standing = self._standings.get(principal_id) or self._stands(principal_id)
        return standing is not None and _reached(standing, action, rule.side_of(self._view, target))

    def _first(self, principal_id: str, action: str, thing: str) -> bool:
        """`may` where something was not asked about before. Only what exists is remembered: memory is bounded."""
        side = self._sides.get(thing)
        if side is None:
            timeline = self._things.get(thing)
            noun = None if timeline is None else timeline.at(self._view.position)
            if noun is None:
                return False
            side = self._sides[thing] = rule.side_of(self._view, noun)
        standing = self._standings.get(principal_id) or self._stands(principal_id)
        return standing is not None and _reached(standing, action, side)

    def _stands(self, principal_id: str) -> rule.Standing | None:
        principal = self._view.principal_or_none(principal_id)
        if principal is None:
            return None
        reaches = rule.reaches_of(self._view, principal)
        standing = self._standings[principal_id] = rule.standing_of(principal, reaches)
        return standing


def _reached(standing: rule.Standing, action: str, side: rule.Side) -> bool:
    reach = standing.reaches.get(action, False)
    return reach if reach is True or reach is False else rule.within(standing, reach, side)
