"""What whoever gives an order should think of before, or hear of afterwards (seed 000, «A word of caution»). Pure.

A caution refuses nothing; what must not happen at all is the guard's (`guard`).
"""

from collections.abc import Iterator
from itertools import islice
from typing import Literal

import msgspec

from projections.effects import Comparison, Effect
from projections.principals import Principal
from projections.view import View
from service.commands import guard, own_catalogues
from service.events.account import CatalogueAdopted
from service.events.own_catalogues import OwnCatalogueEvent
from service.events.teams import TeamAdministratorsChanged
from service.events.users import PrincipalDeleted, PrincipalDisabled
from service.vocabulary import PrincipalId, TeamId

Code = Literal[
    "team_without_administrator",
    "giver_loses",
    "one_left_to_undo",
    "permissions_unknown",
    "permissions_redefined",
]


class Caution(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to think of: `code` is a stable word for programs, the ids are what it is about."""

    code: Code
    team: TeamId | None = None
    team_name: str = ""
    principal: PrincipalId | None = None
    roles: int = 0
    """How many roles hold `scopes`, which no catalogue knows any more, or which mean something else."""
    scopes: tuple[str, ...] = ()


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """What an order does to who may do what, and what to think of."""

    effect: Effect
    cautions: tuple[Caution, ...] = ()


def weighed(comparison: Comparison, giver: PrincipalId | None) -> Weighed:
    """The effect of a comparison that is done, with its cautions. `giver` gave the order; None at the console."""
    return Weighed(effect=comparison.effect(), cautions=tuple(_cautions(comparison, giver)))


def _cautions(comparison: Comparison, giver: PrincipalId | None) -> Iterator[Caution]:
    yield from _left_alone(comparison)
    adopting = any(isinstance(event, CatalogueAdopted | OwnCatalogueEvent) for event in comparison.events)
    if (
        adopting and comparison.before.catalogue is not None
    ):  # before the account was opened, nothing meant anything
        yield from of_catalogues(comparison.before, comparison.after)
    if giver is not None and comparison.change_of(giver)[1]:
        yield Caution(code="giver_loses", principal=giver)
    if guard.dangerous(comparison.events):
        left = list(islice(guard.able(comparison.after), 2))
        if len(left) == 1 and len(list(islice(guard.able(comparison.before), 2))) > 1:
            yield Caution(code="one_left_to_undo", principal=left[0])


def of_catalogues(before: View, after: View) -> Iterator[Caution]:
    """What roles hold that is not known any more, and grants nothing; and what depends on requests otherwise now."""
    if (orphaned := own_catalogues.orphaned(before, after)).roles:
        yield Caution(code="permissions_unknown", roles=orphaned.roles, scopes=orphaned.scopes)
    if (redefined := own_catalogues.redefined(before, after)).roles:
        yield Caution(code="permissions_redefined", roles=redefined.roles, scopes=redefined.scopes)


def _left_alone(comparison: Comparison) -> Iterator[Caution]:
    """Teams that live on without an active administrator, and had one: only `team:manage:*` reaches them now."""
    before, after = comparison.before, comparison.after
    for team_id in dict.fromkeys(_led(comparison)):
        team = after.team_or_none(team_id)
        if team is None or not _active(before, team_id) or _active(after, team_id):
            continue
        yield Caution(code="team_without_administrator", team=team.id, team_name=team.name)


def _led(comparison: Comparison) -> Iterator[TeamId]:
    """The teams whose administrators the events could have taken away."""
    for event in comparison.events:
        if isinstance(event, TeamAdministratorsChanged):
            yield event.team
        elif isinstance(event, PrincipalDisabled | PrincipalDeleted):
            principal: Principal | None = comparison.before.principal_or_none(event.principal)
            yield from principal.administers if principal is not None else ()


def _active(view: View, team: TeamId) -> bool:
    return any(one.active for one in view.administrators(team))
