"""The permission catalogue's shape. Its content is data: `pactflow.toml`, adopted by the log as an event."""

from typing import TypeVar

import msgspec

V = TypeVar("V")


class Permission(msgspec.Struct, frozen=True, kw_only=True):
    """One scope that a role may hold, with what a person reads beside it."""

    scope: str
    label: str
    group: str
    description: str
    bound_to: str = ""
    """The id of the one predefined role that may hold it; empty for any role."""


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """`resource:action`, the types of thing that it applies to, and what it implies at the same extent."""

    name: str
    types: tuple[str, ...]
    implies: tuple[str, ...] = ()


class PredefinedRole(msgspec.Struct, frozen=True, kw_only=True):
    """A role every account has from its first day."""

    id: str
    name: str
    description: str
    scopes: tuple[str, ...]
    locked: bool = False
    assignable: bool = True
    api_access: bool = True


class RoleFlags(msgspec.Struct, frozen=True, kw_only=True):
    """What else holds of a predefined role, whatever was recorded when an account came to have it."""

    deletable: bool = False
    takes_seat: bool = True
    """Whether whoever holds only this role takes up a paid seat (seed 001)."""
    reads_own_token: bool = False
    """Whether a holder may fetch its own read-only token, though no scope of the role says so."""


class RoleProfile(msgspec.Struct, frozen=True, kw_only=True):
    """A predefined role as a naming profile has it, in place of what `roles` says."""

    name: str
    description: str
    scopes: tuple[str, ...]


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that permissions mean. `number` rises with every change of content.

    What catalogue 1 did not have is unset in the logs that adopted it, and is then as if it were empty.
    """

    number: int
    permissions: tuple[Permission, ...]
    actions: tuple[Action, ...]
    aliases: dict[str, str]
    roles: tuple[PredefinedRole, ...]
    flags: dict[str, RoleFlags] | msgspec.UnsetType = msgspec.UNSET
    """By role id."""
    profiles: dict[str, dict[str, RoleProfile]] | msgspec.UnsetType = msgspec.UNSET
    """By the naming profile, then by role id: the roles that are called otherwise there."""
    misspelt: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    """Spellings that no role may hold, and what was meant."""
    retired: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    """Scopes that no role may hold any more, and why."""

    def roles_under(self, profile: str) -> tuple[PredefinedRole, ...]:
        """The predefined roles, named and described as the profile has it; an unknown profile changes nothing."""
        renamed = table(self.profiles).get(profile, {})
        return tuple(
            msgspec.structs.replace(role, name=one.name, description=one.description, scopes=one.scopes)
            if (one := renamed.get(role.id)) is not None
            else role
            for role in self.roles
        )


def table(given: dict[str, V] | msgspec.UnsetType) -> dict[str, V]:
    """What a catalogue says there, or nothing where it is older than the question."""
    return {} if isinstance(given, msgspec.UnsetType) else given
