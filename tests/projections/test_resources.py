"""Registered things in random worlds: who may do what to them, and who may change whose they are, naively told."""

from typing import Any

from hypothesis import given as random_worlds
from hypothesis import settings
from hypothesis import strategies as st

from projections import things
from service import errors
from service.commands import Command
from service.commands.resources import EditResource, NewResource, RegisterResource, RemoveResource
from service.commands.teams import ChangeMembers, DeleteTeam
from service.commands.users import DeleteUser
from service.vocabulary import PrincipalId, ResourceId, TeamId
from tests import own
from tests.given import Account

EXTENTS = ("*", "team", "own")
few = st.lists(st.integers(min_value=0, max_value=2), max_size=2, unique=True)
held = st.lists(st.sampled_from(EXTENTS), max_size=2, unique=True)
orders = st.lists(
    st.tuples(
        st.sampled_from(
            ("register", "owner", "teams", "properties", "remove", "join", "leave", "team", "person")
        ),
        st.integers(min_value=0, max_value=3),
        st.integers(min_value=0, max_value=2),
        st.integers(min_value=0, max_value=4),
        few,
    ),
    min_size=4,
    max_size=14,
)


class Naive:
    """The same world as plain sets: who is in which team, what each may at which extents, whose each thing is."""

    def __init__(self, extents: dict[str, tuple[set[str], set[str]]]) -> None:
        self.extents = extents
        """By person: those of `resource:manage`, and of `todo:update`."""
        self.teams: dict[str, set[str]] = {}
        """The living teams, with their members."""
        self.things: dict[str, tuple[str | None, set[str]]] = {}

    def may(self, who: str, action: int, owner: str | None, teams: set[str]) -> bool:
        if who not in self.extents:
            return False
        extents = self.extents[who][action]
        shared = any(who in self.teams.get(team, ()) for team in teams)
        return "*" in extents or ("team" in extents and shared) or ("own" in extents and owner == who)

    def sides(self, owner: str | None, teams: set[str]) -> list[tuple[str | None, set[str]]]:
        """Each living side by itself; the thing of nobody where there is none."""
        alive = owner if owner in self.extents else None
        found: list[tuple[str | None, set[str]]] = [(None, {one}) for one in teams if one in self.teams]
        if alive is not None:
            found.append((alive, set()))
        return found or [(None, set())]

    def all_of(self, who: str, sides: list[tuple[str | None, set[str]]]) -> bool:
        return all(self.may(who, 0, *side) for side in sides)

    def may_change(self, who: str, one: str, owner: str | None, teams: set[str]) -> bool:
        """Whether somebody may make the thing this owner's and these teams'."""
        was, before = self.things[one]
        before = before & set(self.teams)
        if not self.may(who, 0, was, before):
            return False
        changed: list[tuple[str | None, set[str]]] = [(None, {team}) for team in before ^ teams]
        if owner != was:
            changed += self.sides(was, before)
            changed += [] if owner is None else [(owner, set())]
        if (changed and owner not in self.extents and not teams) or not changed:
            return not changed or "*" in self.extents[who][0]
        return self.all_of(who, changed)


@settings(max_examples=120, deadline=None)
@random_worlds(
    extents=st.lists(st.tuples(held, held), min_size=3, max_size=3),
    members=st.lists(few, min_size=3, max_size=3),
    steps=orders,
)
def test_who_may_is_what_a_naive_model_says(
    extents: list[tuple[list[str], list[str]]], members: list[list[int]], steps: list[Any]
) -> None:
    """After any registrations, moves and deletions, by anybody: each order is done exactly where the rule lets it be.

    And each question is answered as whose the thing is then says.
    """
    account = own.adopted(Account())
    people = [_person(account, f"P{n}", *held_) for n, held_ in enumerate(extents)]
    naive = Naive({who: (set(m), set(u)) for who, (m, u) in zip(people, extents, strict=True)})
    teams = [account.team(f"T{n}", members=[people[one] for one in them]) for n, them in enumerate(members)]
    naive.teams = {team: {people[one] for one in them} for team, them in zip(teams, members, strict=True)}
    for what, by, which, owner_of, several in steps:
        caller = (*people, account.kevin)[by]
        if caller != account.kevin and caller not in naive.extents:
            continue
        step = _Step(account, naive, people, teams, what, which, owner_of, several)
        command, allowed = step.order(caller)
        if command is None:
            continue
        try:
            account.do(command, caller)
            done = True
        except errors.Forbidden:
            done = False
        assert allowed == done, (what, command)
        if done:
            step.happened()
        for name, (owner, belongs) in naive.things.items():
            resource = account.now.resource_named("todo", name)
            assert resource is not None
            target = things.of_resource(resource)
            for who in people:
                assert naive.may(who, 1, owner, belongs) == account.may(who, "todo:update", target)
                assert naive.may(who, 0, owner, belongs) == account.may(who, "resource:manage", target)


def _person(account: Account, name: str, manage: list[str], update: list[str]) -> PrincipalId:
    scopes = (*(f"resource:manage:{one}" for one in manage), *(f"todo:update:{one}" for one in update))
    return account.person(name, [account.role(f"role of {name}", *scopes)], [])


class _Step:
    """One order drawn at random, and what the naive model says of it."""

    def __init__(
        self,
        account: Account,
        naive: Naive,
        people: list[PrincipalId],
        teams: list[TeamId],
        what: str,
        which: int,
        owner_of: int,
        several: list[int],
    ) -> None:
        self.account, self.naive, self.what = account, naive, what
        self.name, self.somebody, self.team = str(which), people[which], teams[which]
        owners: list[PrincipalId | None] = [one if one in naive.extents else None for one in people]
        self.owner = (*owners, None, None)[owner_of]
        self.teams = tuple(teams[one] for one in several if teams[one] in naive.teams)
        self.then: tuple[str | None, set[str]] | None = None

    def order(self, caller: PrincipalId) -> tuple[Command | None, bool]:
        """The command, None where nothing is there to order, and whether the caller may."""
        naive, kevin = self.naive, caller == self.account.kevin
        if self.what == "team":
            return (DeleteTeam(team=self.team), kevin) if self.team in naive.teams else (None, False)
        if self.what == "person":
            return (
                (DeleteUser(principal=self.somebody), kevin)
                if self.somebody in naive.extents
                else (None, False)
            )
        if self.what in ("join", "leave"):
            if self.team not in naive.teams or self.somebody not in naive.extents:
                return None, False
            how: Any = "add" if self.what == "join" else "remove"
            return ChangeMembers(team=self.team, how=how, members=(self.somebody,)), kevin
        if self.what == "register":
            return self._registration(caller)
        if self.name not in naive.things:
            return None, False
        held = self.account.now.resource_named("todo", self.name)
        assert held is not None
        owner, teams = naive.things[self.name]
        if self.what == "remove":
            return RemoveResource(resource=held.id), kevin or naive.all_of(caller, naive.sides(owner, teams))
        if self.what == "properties":
            changes = {"rank": self.account.now.position}
            return EditResource(resource=held.id, changes=changes), kevin or naive.may(
                caller, 0, owner, teams
            )
        self.then = (self.owner, teams) if self.what == "owner" else (owner, set(self.teams))
        allowed = kevin or naive.may_change(caller, self.name, *self.then)
        if self.what == "owner":
            return EditResource(resource=held.id, owner=self.owner), allowed
        return EditResource(resource=held.id, teams=self.teams), allowed

    def _registration(self, caller: PrincipalId) -> tuple[Command | None, bool]:
        if self.name in self.naive.things:
            return None, False
        self.then = self.owner, set(self.teams)
        thing = NewResource(
            resource=ResourceId(self.account.fresh.id()),
            type="todo",
            name=self.name,
            owner=self.owner,
            teams=self.teams,
        )
        sides = self.naive.sides(*self.then)
        return RegisterResource(thing=thing), caller == self.account.kevin or self.naive.all_of(caller, sides)

    def happened(self) -> None:
        """The naive model after the order."""
        naive = self.naive
        match self.what:
            case "team":
                del naive.teams[self.team]
                naive.things = {
                    name: (one, teams - {self.team}) for name, (one, teams) in naive.things.items()
                }
            case "person":
                del naive.extents[self.somebody]
            case "join":
                naive.teams[self.team].add(self.somebody)
            case "leave":
                naive.teams[self.team].discard(self.somebody)
            case "remove":
                del naive.things[self.name]
            case _:
                if self.then is not None:
                    naive.things[self.name] = self.then
