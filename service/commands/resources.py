"""What may be asked of things of own types that are registered here. Pure: state in, events out.

What it takes stands in `resource_sides`: nobody brings a thing of others to themselves.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar, Final

import msgspec

from projections import things
from projections.resources import Resource
from projections.things import Target
from projections.view import View
from service import errors
from service.commands import resource_properties, resource_sides, teamless
from service.commands.order import Caller, Need
from service.commands.relations import difference
from service.events import Event
from service.events import resources as events
from service.events.resources import Property, PropertyChange, Value
from service.vocabulary import PrincipalId, ResourceId, TeamId, Thing, name

MANAGE: Final = "resource:manage"
TEAMS_MAX: Final = 20
"""Of one thing: with their names beside them they fit one record."""
REGISTERED_MAX: Final = 10_000
"""Things that one order registers: each is a record, and the append refuses what was decided seconds ago."""


class NewResource(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to register. `place` is the pointer to where an order of many names it."""

    resource: ResourceId
    type: str
    name: str
    owner: PrincipalId | None = None
    teams: tuple[TeamId, ...] = ()
    properties: Mapping[str, object] = {}
    place: str = ""


class RegisterResource(msgspec.Struct, frozen=True, kw_only=True):
    """Have the service know a thing, whose it is and what decides about it."""

    word: ClassVar[str] = "register_resource"
    thing: NewResource

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return _registering((self.thing,), view)

    def arguments(self) -> dict[str, str]:
        return {}


class RegisterResources(msgspec.Struct, frozen=True, kw_only=True):
    """Have it know many things, all or none of them."""

    word: ClassVar[str] = "register_resources"
    things: tuple[NewResource, ...]

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return _registering(self.things, view) or (Need(MANAGE, things.anything("resource")),)

    def arguments(self) -> dict[str, str]:
        return {"number": str(len(self.things))}


class EditResource(msgspec.Struct, frozen=True, kw_only=True):
    """Change what is known of a thing; what is UNSET stays, an owner that is None is nobody.

    `teams` are those that it belongs to then, or else `joins` and `leaves` say what changes; `properties` are all that
    it has then, or else `changes` those that change, where None is one that it has no more.
    """

    word: ClassVar[str] = "edit_resource"
    resource: ResourceId
    owner: PrincipalId | msgspec.UnsetType | None = msgspec.UNSET
    teams: tuple[TeamId, ...] | msgspec.UnsetType = msgspec.UNSET
    joins: tuple[TeamId, ...] = ()
    leaves: tuple[TeamId, ...] = ()
    properties: Mapping[str, object] | msgspec.UnsetType = msgspec.UNSET
    changes: Mapping[str, object] = {}

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return tuple(_editing(self, view.resource(self.resource), view))

    def arguments(self) -> dict[str, str]:
        return {"resource": self.resource}


class RemoveResource(msgspec.Struct, frozen=True, kw_only=True):
    """Have the service forget a thing: it is decided by what questions say of it from then on."""

    word: ClassVar[str] = "remove_resource"
    resource: ResourceId

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        held = view.resource(self.resource)
        sides = resource_sides.living(things.of_resource(held).thing, held.owner, held.teams, view)
        return tuple(Need(MANAGE, side) for side in sides)

    def arguments(self) -> dict[str, str]:
        return {"resource": self.resource}


def register_resource(command: RegisterResource, view: View, caller: Caller) -> list[Event]:
    """Decide a registration. Raises Invalid for a bad field, Refused when the name is taken."""
    return list(_registered((command.thing,), view))


def register_resources(command: RegisterResources, view: View, caller: Caller) -> list[Event]:
    """Decide many registrations, in their order. Raises as one does, and Refused for more than one order can."""
    if len(command.things) > REGISTERED_MAX:
        raise errors.Refused(
            "too_many_resources",
            f"These are {len(command.things):,} things, and one order can register {REGISTERED_MAX:,}; nothing was"
            " done.",
            "/resources",
        )
    return list(_registered(command.things, view))


def edit_resource(command: EditResource, view: View, caller: Caller) -> list[Event]:
    """Decide an edit. What is so already is no fact. Raises Invalid, Refused where the type is in force no more."""
    resource = view.resource(command.resource)
    type_ = view.compiled.types.get(resource.type)
    if type_ is None:
        raise errors.Refused(
            "type_not_in_force",
            f"No catalogue in force has the type {resource.type!r}: what is registered of it can be read and removed.",
        )
    decided: list[Event] = []
    if not isinstance(command.owner, msgspec.UnsetType) and command.owner != resource.owner:
        _require_owner(command.owner, "/owner", view)
        decided.append(
            events.ResourceOwnerChanged(resource=resource.id, before=resource.owner, after=command.owner)
        )
    added, removed = _team_changes(command, resource, view)
    _require_teams(command, added, view)
    if len(resource.teams) + len(added) - len(removed) > TEAMS_MAX:
        raise errors.Invalid(f"A thing belongs to at most {TEAMS_MAX} teams.", "/teamUuids")
    if added or removed:
        decided.append(events.ResourceTeamsChanged(resource=resource.id, added=added, removed=removed))
    before: dict[str, Value] = dict(resource.properties)
    given = command.properties
    wanted = {**before, **command.changes} if isinstance(given, msgspec.UnsetType) else given
    after = resource_properties.checked(wanted, type_)
    other = sorted(key for key in before.keys() | after.keys() if not _same(before.get(key), after.get(key)))
    if other:
        decided.append(
            events.ResourcePropertiesChanged(
                resource=resource.id,
                changes=tuple(PropertyChange(key, before.get(key), after.get(key)) for key in other),
            )
        )
    return decided


def remove_resource(command: RemoveResource, view: View, caller: Caller) -> list[Event]:
    """Decide a removal, also of what is of a type that is in force no more."""
    resource = view.resource(command.resource)
    return [
        events.ResourceRemoved(
            resource=resource.id,
            type=resource.type,
            name=resource.name,
            owner=resource.owner,
            teams=resource.teams,
            properties=_listed(dict(resource.properties)),
        )
    ]


def unlinked(view: View, team: TeamId) -> list[Event]:
    """A fact for each thing of a team that is about to be deleted, so that its own trail says so.

    Raises Refused for more than one order can record.
    """
    held = view.team_resources(team)
    teamless.require_bearable(len(held), "registered things")
    return [events.ResourceTeamsChanged(resource=one.id, removed=(team,)) for one in held]


# -- what it takes -----------------------------------------------------------------------------------------


def _registering(new: Iterable[NewResource], view: View) -> tuple[Need, ...]:
    """Every side that the things are given, each once: thousands of things may have but a few."""
    needed: list[Need] = []
    seen: set[tuple[object, ...]] = set()
    known = view.compiled.types
    for one in new:
        given = (one.type, one.owner, one.teams)
        if given not in seen:
            seen.add(given)
            type_ = one.type if one.type in known else "resource"
            thing = Thing(type_, "", name(one.name, f"{one.place}/name"))
            needed += [Need(MANAGE, side) for side in resource_sides.given(thing, one.owner, one.teams)]
    return tuple(needed)


def _editing(command: EditResource, resource: Resource, view: View) -> Iterator[Need]:
    """The right to it as it is; of each team that it joins or leaves; and to change its owner, to all it has."""
    target = things.of_resource(resource)
    yield Need(MANAGE, target)
    added, removed = _team_changes(command, resource, view)
    owner = resource.owner if isinstance(command.owner, msgspec.UnsetType) else command.owner
    handed = owner != resource.owner
    if handed:
        for side in resource_sides.living(target.thing, resource.owner, resource.teams, view):
            yield Need(MANAGE, side)
    for team in (*removed, *added):
        where = "the team that it joins" if team in added else "the team that it leaves"
        yield Need(MANAGE, Target(target.thing, (team,), judged_by=where))
    if handed and owner is not None:
        yield Need(MANAGE, Target(target.thing, (), owner, judged_by="its new owner"))
    held = [team for team in resource.teams if view.team_or_none(team) is not None]
    left = owner is not None and (handed or view.principal_or_none(owner) is not None)
    if (handed or removed) and not left and not added and set(held) <= set(removed):
        yield Need(MANAGE, Target(target.thing, judged_by="that it is nobody's then"))


# -- what is checked ---------------------------------------------------------------------------------------


def _registered(new: Iterable[NewResource], view: View) -> Iterator[Event]:
    taken: set[tuple[str, str]] = set()
    for one in new:
        type_ = view.compiled.types.get(one.type)
        if type_ is None:
            raise errors.Invalid(f"No catalogue in force has a type {one.type[:100]!r}.", f"{one.place}/type")
        wanted = name(one.name, f"{one.place}/name")
        if wanted == "*":
            raise errors.Invalid("An asterisk means the type as a whole.", f"{one.place}/name")
        if (one.type, wanted) in taken or _held(view, one.type, wanted):
            raise errors.Refused(
                "name_taken", f"A {one.type} named {wanted!r} is registered already.", f"{one.place}/name"
            )
        taken.add((one.type, wanted))
        _require_owner(one.owner, f"{one.place}/owner", view)
        teams = tuple(sorted(set(one.teams)))
        if len(teams) > TEAMS_MAX:
            raise errors.Invalid(f"A thing belongs to at most {TEAMS_MAX} teams.", f"{one.place}/teamUuids")
        for index, team in enumerate(one.teams):
            _require_team(team, f"{one.place}/teamUuids/{index}", view)
        yield events.ResourceRegistered(
            resource=one.resource,
            type=one.type,
            name=wanted,
            owner=one.owner,
            teams=teams,
            properties=_listed(resource_properties.checked(one.properties, type_, one.place)),
        )


def _held(view: View, type_: str, wanted: str) -> bool:
    """Whether a question about this name finds a thing: by its name, or by the id that it has here."""
    if view.resource_named(type_, wanted) is not None:
        return True
    other = view.resource_or_none(wanted.lower())  # an id is found in any case
    return other is not None and other.type == type_


def _team_changes(
    command: EditResource, resource: Resource, view: View
) -> tuple[tuple[TeamId, ...], tuple[TeamId, ...]]:
    """(added, removed); a team that was deleted is neither, until the record says that the thing left it."""
    held = {team for team in resource.teams if view.team_or_none(team) is not None}
    if isinstance(command.teams, msgspec.UnsetType):
        return difference(held, (held | set(command.joins)) - set(command.leaves))
    return difference(held, command.teams)


def _require_teams(command: EditResource, added: Sequence[TeamId], view: View) -> None:
    named, field = command.joins, "joinTeamUuids"
    if not isinstance(command.teams, msgspec.UnsetType):
        named, field = command.teams, "teamUuids"
    for index, team in enumerate(named):
        if team in added:
            _require_team(team, f"/{field}/{index}", view)


def _require_team(team: TeamId, pointer: str, view: View) -> None:
    if view.team_or_none(team) is None:
        raise errors.Invalid(f"There is no team {team[:64]!r}.", pointer)


def _require_owner(owner: PrincipalId | None, pointer: str, view: View) -> None:
    if owner is not None and view.principal_or_none(owner) is None:
        raise errors.Invalid(f"There is no user {owner[:64]!r}.", pointer)


def _listed(properties: Mapping[str, Value]) -> tuple[Property, ...]:
    return tuple(Property(key, value) for key, value in sorted(properties.items()))


def _same(before: Value | None, after: Value | None) -> bool:
    """True is not 1, though Python says so."""
    return type(before) is type(after) and before == after
