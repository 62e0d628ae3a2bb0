"""What may be asked of roles. Pure: state in, events out."""

from collections.abc import Iterator
from typing import ClassVar

import msgspec

from projections import things
from projections.roles import Role
from projections.view import View
from service import errors
from service.commands.order import Caller, Need
from service.events import Event
from service.events import roles as events
from service.vocabulary import RoleId, Scope, name, paragraph

SCOPES_MAX = 200


class CreateRole(msgspec.Struct, frozen=True, kw_only=True):
    """Make a custom role. Predefined ones come with the account."""

    word: ClassVar[str] = "create_role"
    role: RoleId
    name: str
    description: str = ""
    scopes: tuple[str, ...] = ()
    assignable: bool = True
    api_access: bool = True

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (Need("role:manage", things.anything("role")),)

    def arguments(self) -> dict[str, str]:
        return {}


class EditRole(msgspec.Struct, frozen=True, kw_only=True):
    """Change a role; a field that is None stays."""

    word: ClassVar[str] = "edit_role"
    role: RoleId
    name: str | None = None
    description: str | None = None
    scopes: tuple[str, ...] | None = None

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (Need("role:manage", things.of_role(view.role(self.role))),)

    def arguments(self) -> dict[str, str]:
        return {"role": self.role}


class ResetRoles(msgspec.Struct, frozen=True, kw_only=True):
    """Give every predefined role back its name, description and permissions, as the naming profile has them."""

    word: ClassVar[str] = "reset_roles"
    profile: str

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (Need("role:manage", things.anything("role")),)

    def arguments(self) -> dict[str, str]:
        return {"profile": self.profile}


class DeleteRole(msgspec.Struct, frozen=True, kw_only=True):
    """Delete a custom role, assigned or not; its holders lose what only it gave them."""

    word: ClassVar[str] = "delete_role"
    role: RoleId

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (Need("role:manage", things.of_role(view.role(self.role))),)

    def arguments(self) -> dict[str, str]:
        return {"role": self.role}


def create_role(command: CreateRole, view: View, caller: Caller) -> list[Event]:
    """Decide a creation. Raises Invalid for a bad name or scope, Refused when the name is taken."""
    return [
        events.RoleCreated(
            role=command.role,
            name=_free_name(view, command.name, None),
            description=paragraph(command.description, "/description", "description"),
            scopes=checked_scopes(view, command.scopes, None),
            predefined=False,
            locked=False,
            assignable=command.assignable,
            api_access=command.api_access,
        )
    ]


def edit_role(command: EditRole, view: View, caller: Caller) -> list[Event]:
    """Decide an edit. Editing a role into what it already is changes nothing.

    Raises NotFound, Invalid, or Refused when the role is locked (seed 001: Guest, SwaggerHub, SCIM, …). That
    nobody is locked out by it (seed 000) is guarded for all commands alike, in `guard`.
    """
    role = view.role(command.role)
    decided: list[Event] = []
    if command.scopes is not None:
        scopes = checked_scopes(view, command.scopes, role)
        if set(scopes) != set(role.scopes):
            _unless_locked(role)
            decided.append(events.RolePermissionsChanged(role=role.id, before=role.scopes, after=scopes))
    if command.name is not None and (wanted := _free_name(view, command.name, role)) != role.name:
        _unless_locked(role)
        decided.append(events.RoleRenamed(role=role.id, before=role.name, after=wanted))
    if command.description is not None:
        described = paragraph(command.description, "/description", "description")
        if described != role.description:
            _unless_locked(role)
            decided.append(events.RoleDescribed(role=role.id, before=role.description, after=described))
    return decided


def reset_roles(command: ResetRoles, view: View, caller: Caller) -> list[Event]:
    """Decide a reset by the catalogue in force: one fact for each role that changes, none where all is as it was.

    Custom roles and assignments stay, and a role that this account does not have is not made (seeds 001 and 004,
    section 2). Raises Refused, with nothing done, when a name to be given back is meanwhile a custom role's.
    """
    changed = []
    for wanted in view.compiled.catalogue.roles_under(command.profile):
        role = view.role_or_none(wanted.id)
        if role is None:
            continue
        before = events.Definition(name=role.name, description=role.description, scopes=role.scopes)
        after = events.Definition(
            name=wanted.name, description=wanted.description, scopes=tuple(map(Scope, wanted.scopes))
        )
        if _different(before, after):
            changed.append(events.RoleReset(role=role.id, before=before, after=after))
    for reset in changed:
        _unless_named(view, reset, {one.role for one in changed})
    return list(_in_order(changed))


def delete_role(command: DeleteRole, view: View, caller: Caller) -> list[Event]:
    """Decide a deletion. Raises NotFound, or Refused for a predefined role (section 1.10.0 of the vendor's notes)."""
    role = view.role(command.role)
    if not deletable(view, role):
        raise errors.Refused("role_predefined", f"The predefined role {role.name!r} may not be deleted.")
    return [events.RoleDeleted(role=role.id, name=role.name, scopes=role.scopes)]


def deletable(view: View, role: Role) -> bool:
    """Whether the role may be deleted at all: every custom one, and of the predefined ones as the catalogue says."""
    return not role.predefined or view.compiled.flags(role.id).deletable


def checked_scopes(view: View, scopes: tuple[str, ...], role: Role | None) -> tuple[Scope, ...]:
    """The scopes as spelt, each known, assignable to this role, and meant once. Raises Invalid with the place.

    A scope that the role holds already may stay though it was retired since: clients send whole lists back.
    """
    if len(scopes) > SCOPES_MAX:
        raise errors.Invalid(f"A role holds at most {SCOPES_MAX} permissions.", "/permissions")
    compiled = view.compiled
    meant: set[str] = set()
    kept: list[Scope] = []
    for index, scope in enumerate(scopes):
        pointer = f"/permissions/{index}/scope"
        bound = compiled.bound_to(scope)
        if bound and (role is None or role.id != bound):
            raise errors.Invalid(f"The permission {scope!r} cannot be given to this role.", pointer)
        if not compiled.known(scope) and (role is None or scope not in role.scopes):
            raise errors.Invalid(compiled.refusal(scope), pointer)
        canonical = compiled.canonical(scope)
        if canonical not in meant:
            meant.add(canonical)
            kept.append(Scope(scope))
    return tuple(kept)


def _free_name(view: View, wanted: str, role: Role | None) -> str:
    cleaned = name(wanted, "/name")
    holder = view.role_named(cleaned)
    if holder is not None and (role is None or holder.id != role.id):
        raise errors.Refused("name_taken", f"There is already a role named {cleaned!r}.", "/name")
    return cleaned


def _unless_locked(role: Role) -> None:
    if role.locked:
        raise errors.Refused("role_locked", f"The role {role.name!r} may not be modified.")


def _different(before: events.Definition, after: events.Definition) -> bool:
    """Whether a reset changes anything; the order of permissions is nothing."""
    said = (before.name, before.description, set(before.scopes))
    return said != (after.name, after.description, set(after.scopes))


def _unless_named(view: View, reset: events.RoleReset, resetting: set[RoleId]) -> None:
    """Refuse where the name is somebody else's who keeps it."""
    holder = view.role_named(reset.after.name)
    if holder is not None and holder.id not in resetting:
        raise errors.Refused(
            "name_taken",
            f"The role {holder.name!r} ({holder.id}) has the name that the predefined role {reset.before.name!r} is to "
            "get back. Rename it first; nothing was reset.",
        )


def _in_order(resets: list[events.RoleReset]) -> Iterator[events.RoleReset]:
    """Whoever gives up a name goes before whoever takes it, so that at no position two have it, unless they swap."""
    waiting = list(resets)
    while waiting:
        held = {one.before.name: one for one in waiting}
        free = (one for one in waiting if held.get(one.after.name, one) is one)
        following = next(free, waiting[0])
        waiting.remove(following)
        yield following
