"""What may be asked of an organisation's own permission catalogues. Pure: state in, events out.

What roles hold stays as it is whatever happens to a catalogue: a permission that nobody knows any more grants nothing,
and grants again once a catalogue brings it back.
"""

from collections.abc import Callable
from typing import ClassVar

import msgspec

from projections import things
from projections.view import View
from service import errors
from service.catalogue import own_checks
from service.catalogue.compiled import Compiled, condition_of
from service.catalogue.own import OwnCatalogue
from service.commands.order import Caller, Need
from service.events import Event
from service.events import own_catalogues as events


class AdoptOwnCatalogue(msgspec.Struct, frozen=True, kw_only=True):
    """Let a catalogue of the organisation's own be in force from here on, in place of the one of its name if any is."""

    word: ClassVar[str] = "adopt_own_catalogue"
    catalogue: OwnCatalogue

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (Need("role:manage", things.anything("role")),)

    def arguments(self) -> dict[str, str]:
        return {"catalogue": self.catalogue.name, "number": str(self.catalogue.number)}


class WithdrawOwnCatalogue(msgspec.Struct, frozen=True, kw_only=True):
    """Let a catalogue of the organisation's own be in force no longer. What is registered of its types stays."""

    word: ClassVar[str] = "withdraw_own_catalogue"
    name: str

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        if self.name != own_checks.BUILT_IN:
            required(view, self.name)
        return (Need("role:manage", things.anything("role")),)

    def arguments(self) -> dict[str, str]:
        return {"catalogue": self.name}


def adopt_own_catalogue(command: AdoptOwnCatalogue, view: View, caller: Caller) -> list[Event]:
    """Decide an adoption. The very catalogue that is in force changes nothing.

    Raises Invalid with the place of what may not stand in it, and Refused for a number that is not higher than that
    of the one in force, or for one catalogue too many.
    """
    held = view.own_catalogue_or_none(command.catalogue.name)
    others = tuple(one for one in view.own_catalogues() if one.name != command.catalogue.name)
    if held == command.catalogue:
        return []
    catalogue = own_checks.checked(command.catalogue, view.compiled.catalogue, others)
    if held == catalogue:
        return []
    if held is not None:
        _require_higher(held, catalogue)
    elif len(others) >= own_checks.CATALOGUES_MAX:
        raise errors.Refused(
            "too_many_catalogues",
            f"There are {len(others)} catalogues of one's own already, and no more may be: put several into one.",
        )
    before = held.number if held is not None else 0
    return [events.OwnCatalogueAdopted(name=catalogue.name, number_before=before, catalogue=catalogue)]


def withdraw_own_catalogue(command: WithdrawOwnCatalogue, view: View, caller: Caller) -> list[Event]:
    """Decide a withdrawal. Raises NotFound, and Refused for the built-in catalogue."""
    if command.name == own_checks.BUILT_IN:
        raise errors.Refused("catalogue_built_in", "The built-in catalogue cannot be withdrawn.")
    held = required(view, command.name)
    return [events.OwnCatalogueWithdrawn(name=held.name, number_before=held.number)]


def required(view: View, name: str) -> OwnCatalogue:
    """The own catalogue of this name that is in force at the moment. Raises NotFound."""
    held = view.own_catalogue_or_none(name)
    if held is None:
        raise errors.NotFound(f"There is no catalogue of one's own named {name[:64]!r}.")
    return held


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Permissions that roles hold: how many roles hold any of them, and which there are, each once."""

    roles: int
    scopes: tuple[str, ...]


def orphaned(before: View, after: View) -> Held:
    """The permissions that roles hold and that were known before, and are not afterwards: they grant nothing."""
    return _held(after, lambda one: before.compiled.known(one) and not after.compiled.known(one))


def redefined(before: View, after: View) -> Held:
    """The permissions that roles hold, that were known before, and depend on what a request says in another way now.

    No comparison of people shows that: their condition asks for something else, or their type's owner or teams stand in
    another property.
    """
    return _held(after, lambda one: () != _means(before.compiled, one) != _means(after.compiled, one) != ())


def _held(view: View, concerned: Callable[[str], bool]) -> Held:
    scopes: set[str] = set()
    roles = 0
    for role in view.roles():
        found = [one for one in role.scopes if concerned(one)]
        roles += bool(found)
        scopes.update(found)
    return Held(roles=roles, scopes=tuple(sorted(scopes)))


def _means(compiled: Compiled, scope: str) -> tuple[object, ...]:
    """What a request has to say for the permission to give something; empty for one that is not known."""
    if not compiled.known(scope):
        return ()
    action, extent = compiled.split(scope)
    condition = compiled.conditions.get(condition_of(scope))
    types = compiled.actions[action].types if action in compiled.owned_by else ()
    own = [compiled.types[one] for one in types if one in compiled.types and extent != "*"]
    said = sorted((one.name, one.owner if extent == "own" else one.teams) for one in own)
    return True, condition and condition.all, said


def not_in_force(compiled: Compiled, catalogue: OwnCatalogue) -> list[str]:
    """What the catalogue names as another does that came later, a release's built-in one: that one wins."""
    types = [one.name for one in catalogue.types if compiled.types.get(one.name) != one]
    actions = [one.name for one in catalogue.actions if compiled.owned_by.get(one.name) != catalogue.name]
    conditions = [one.name for one in catalogue.conditions if compiled.conditions.get(one.name) != one]
    return [*types, *actions, *conditions]


def _require_higher(held: OwnCatalogue, wanted: OwnCatalogue) -> None:
    if wanted.number > held.number:
        return
    if wanted.number == held.number:
        said = f"Number {held.number} of the catalogue {held.name!r} is in force with another content"
    else:
        said = (
            f"Number {held.number} of the catalogue {held.name!r} is in force, and {wanted.number} is lower"
        )
    raise errors.Refused(
        "catalogue_not_newer",
        f"{said}: give every change a higher number, here at least {held.number + 1}.",
        "/number",
    )
