"""The permission catalogue's shape. Its content is data: `pactflow.toml`, adopted by the log as an event."""

import msgspec


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


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that permissions mean. `number` rises with every change of content."""

    number: int
    permissions: tuple[Permission, ...]
    actions: tuple[Action, ...]
    aliases: dict[str, str]
    roles: tuple[PredefinedRole, ...]
