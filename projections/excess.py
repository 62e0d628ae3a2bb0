"""What one principal may and another may not: who may be shown a token of somebody who may do less than they.

A token is all that its account may do. Whoever manages only the system accounts of their teams may have one's value
where it gives them nothing (sections 3.8 and 3.10 of the vendor's rules): otherwise the Default team, in which
everybody is, would hand an Administrator's token to every User.
"""

import functools
from collections.abc import Iterator, Mapping

import msgspec

from projections import rule, things
from projections.principals import Principal
from projections.rule import Side, Standing
from projections.view import View
from service.catalogue.compiled import (
    ADMINISTERED,
    ADMINISTERED_TEAM,
    EVERYWHERE,
    NOTHING,
    OWN,
    TEAM,
    Compiled,
    Masks,
)

_ONLY_WRITING = frozenset({"bulk_delete", "invite", "manage_scim_attributes", "record"})
"""Verbs that no read-only token can use; `manage` is another where its resource has a `read` of its own."""
_ITS_TOKENS = frozenset({"read_token:manage", "token:manage"})


class Excess(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the account may and the other may not. `where` is words for a sentence: `everywhere`."""

    action: str
    where: str

    @property
    def missing(self) -> str:
        """What a refusal calls it."""
        return f"{self.action} {self.where}, which the account may"

    @property
    def sentence(self) -> str:
        """Why the account's token is withheld."""
        return f"The account may {self.action} {self.where}, and you may not: its token would let you do more than now."


def excess(
    view: View, account: Principal, other_id: str, *, reading: bool = False, itself: bool = True
) -> Excess | None:
    """The first thing that the account may and the other may not, or None where there is none.

    With `reading` only what a read-only token can do is compared. A disabled account is judged as if it were enabled,
    and both as if AI were on: that may be tomorrow, and whoever decides it will not think of this. What follows from
    wider roles or another team is whoever's who gives them. Without `itself` what the account may and the other may not
    on the other's own account is left out: it is nothing where the account's name is given away, and not its token.
    """
    compiled = view.compiled
    other = view.principal_or_none(other_id)
    theirs, standing = _granted(view, account), Standing({})
    if other is not None and other.active:
        standing = rule.standing_of(other, _granted(view, other))
    places = _Places(view, account)
    for action in compiled.bits:
        if reading and not _readable(compiled, action):
            continue
        found = _beyond(action, theirs, standing, places)
        if (
            found is None
            and itself
            and other is not None
            and theirs[action] is True
            and action == f"{other.type}:manage"
        ):
            found = "on yourself: it could change your own roles"
        if found is not None:
            return Excess(action=action, where=found)
    return _under_a_condition(view, account, other, standing, places, reading=reading)


def _under_a_condition(
    view: View,
    account: Principal,
    other: Principal | None,
    standing: Standing,
    places: "_Places",
    *,
    reading: bool,
) -> Excess | None:
    """What only the account holds under a condition: where a gateway asks with its token, the condition may hold."""
    compiled = view.compiled
    held = {scope for role in view.roles_of(other) for scope in role.scopes} if other is not None else set()
    teams = {team.id for team in view.live_teams(account.teams)}
    for role in view.roles_of(account):
        for action, given in compiled.conditional(role.scopes).items():
            if standing.reaches.get(action, False) is True or (reading and not _readable(compiled, action)):
                continue
            for scope, reach, condition in given:
                alone = scope not in held or (reach == TEAM and not teams <= standing.teams)
                if alone or (reach == OWN and next(places.of(OWN), None) is not None):
                    return Excess(action=action, where=f"under the condition {condition.name}")
    return None


class _Places:
    """Where an account's narrower reaches lead at a moment. What it created is looked for once, and only if needed."""

    def __init__(self, view: View, account: Principal) -> None:
        self._view = view
        self._account = account
        self._created: list[tuple[Side, str]] | None = None

    def of(self, reach: int) -> Iterator[tuple[Side, str]]:
        """Each with words for it."""
        if reach & TEAM:
            for team in self._view.live_teams(self._account.teams):
                yield Side((team.id,), None, None, None), f"in the team {team.name}"
        if reach & (ADMINISTERED_TEAM | ADMINISTERED):
            for team in self._view.live_teams(self._account.administers):
                yield Side((team.id,), None, team.id, None), f"in the team {team.name}, which it administers"
        if reach & OWN:
            yield from self._owned()

    def _owned(self) -> list[tuple[Side, str]]:
        if self._created is None:
            view, me = self._view, self._account.id
            self._created = [
                *(
                    (rule.side_of(view, one), "on an application that it created")
                    for one in view.created_by(me)
                ),
                *(
                    (rule.side_of(view, things.of_resource(one)), "on a registered thing that it owns")
                    for one in view.resources_of(me)
                ),
            ]
        return self._created


def _granted(view: View, principal: Principal) -> Mapping[str, int]:
    """How far the principal's living roles reach, by action, whatever is switched off at the moment."""
    masks = (view.compiled.masks(role.scopes) for role in view.roles_of(principal))
    return view.compiled.by_action(view.compiled.reaches(functools.reduce(Masks.united, masks, NOTHING)))


def _beyond(action: str, theirs: Mapping[str, int], standing: Standing, places: _Places) -> str | None:
    """Where the account reaches with the action and the other does not, in words."""
    reach, held = theirs.get(action, False), standing.reaches.get(action, False)
    if held is True or reach is False:
        return None
    if reach is True or reach & EVERYWHERE:
        return "everywhere"
    if action in _ITS_TOKENS:
        return None  # its own two, which are what is asked about
    if reach & OWN and not held & OWN:
        return "on what it creates"
    return next((words for side, words in places.of(reach) if not rule.within(standing, held, side)), None)


def _readable(compiled: Compiled, action: str) -> bool:
    """Whether a read-only token can make use of the action."""
    resource, _, verb = action.rpartition(":")
    return verb not in _ONLY_WRITING and (verb != "manage" or f"{resource}:read" not in compiled.bits)
