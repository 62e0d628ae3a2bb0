"""Whose a registered thing is, side by side: what it takes to give one, to take one, and to take it all. Pure.

A thing has sides: each living team that it belongs to, and its living owner. `resource:manage` at `team` reaches the
sides of one's teams, at `own` the side that one is oneself, and everywhere every side, and what has none. One side
suffices to say what its properties are; whoever gives a side, takes one, or makes it somebody else's needs them too.
So nobody brings a thing of others to themselves, be it by removing it and registering it again.
"""

from collections.abc import Iterator, Sequence

from projections.things import Target
from projections.view import View
from service.vocabulary import PrincipalId, TeamId, Thing


def living(thing: Thing, owner: PrincipalId | None, teams: Sequence[TeamId], view: View) -> Iterator[Target]:
    """The sides of a thing that live; the thing by itself, which is for who may manage all, where none does."""
    alive = tuple(team for team in teams if view.team_or_none(team) is not None)
    here = owner if owner is not None and view.principal_or_none(owner) is not None else None
    yield from given(thing, here, alive)


def given(thing: Thing, owner: PrincipalId | None, teams: Sequence[TeamId]) -> Iterator[Target]:
    """The same of whoever is named, whether or not they live: nothing but the right to all reaches what does not."""
    for team in teams:
        yield Target(thing, (team,), judged_by="a team of its own")
    if owner is not None:
        yield Target(thing, (), owner, judged_by="its owner")
    if owner is None and not teams:
        yield Target(thing)
