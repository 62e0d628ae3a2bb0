"""What can happen to a role. Facts: frozen, never edited after release."""

import msgspec

from service.vocabulary import RoleId, Scope


class RoleCreated(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="role.created"):
    """A role exists. `predefined` roles come from the catalogue; the flags are the role's own from then on.

    `locked`: permissions may not be modified. `assignable`: may be given to principals. `api_access`: a
    holder may use the API (Guest may not, seed 001). `scopes` are spelt as the client spelt them.
    """

    role: RoleId
    name: str
    description: str
    scopes: tuple[Scope, ...]
    predefined: bool
    locked: bool
    assignable: bool
    api_access: bool


class RoleRenamed(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="role.renamed"):
    """The role's name changed; its identity did not."""

    role: RoleId
    before: str
    after: str


class RoleDescribed(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="role.described"):
    """The role's description changed."""

    role: RoleId
    before: str
    after: str


class RolePermissionsChanged(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="role.permissions_changed"
):
    """Holders of the role may do something they could not, or no longer may."""

    role: RoleId
    before: tuple[Scope, ...]
    after: tuple[Scope, ...]


class RoleDeleted(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="role.deleted"):
    """The role is gone, and with it every assignment of it: its holders lose what only it gave them."""

    role: RoleId
    name: str
    scopes: tuple[Scope, ...]


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """What a reset gives back to a predefined role, as one whole."""

    name: str
    description: str
    scopes: tuple[Scope, ...]


class RoleReset(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="role.reset"):
    """A predefined role became again what the catalogue says; who holds it did not change (seeds 001 and 004)."""

    role: RoleId
    before: Definition
    after: Definition


RoleEvent = RoleCreated | RoleRenamed | RoleDescribed | RolePermissionsChanged | RoleReset | RoleDeleted
