"""What can happen to a thing of an organisation's own type: it is registered, changes hands, and is removed.

The thing itself is held elsewhere; here stands what decides about it. `name` is what clients call it: the id of a
resource in an AuthZEN request. It is plain text in the record for good.
"""

import msgspec

from service.vocabulary import PrincipalId, ResourceId, TeamId

Value = bool | int | str | tuple[str, ...]
"""What a property of a thing may be. No fractions: a record holds none."""


class Property(msgspec.Struct, frozen=True, array_like=True):
    """One property of a thing, on which conditions may depend."""

    name: str
    value: Value


class PropertyChange(msgspec.Struct, frozen=True, array_like=True):
    """One property that is other than before; None is a property that the thing does not have."""

    name: str
    before: Value | None
    after: Value | None


class ResourceRegistered(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="resource.registered"
):
    """The service knows this thing from here on: whose it is, and its properties."""

    resource: ResourceId
    type: str
    name: str
    owner: PrincipalId | None = None
    teams: tuple[TeamId, ...] = ()
    properties: tuple[Property, ...] = ()


class ResourceOwnerChanged(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="resource.owner_changed"
):
    """Somebody else owns it, or nobody."""

    resource: ResourceId
    before: PrincipalId | None
    after: PrincipalId | None


class ResourceTeamsChanged(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="resource.teams_changed"
):
    """It belongs to other teams."""

    resource: ResourceId
    added: tuple[TeamId, ...] = ()
    removed: tuple[TeamId, ...] = ()


class ResourcePropertiesChanged(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="resource.properties_changed"
):
    """Some of its properties are other than before."""

    resource: ResourceId
    changes: tuple[PropertyChange, ...]


class ResourceRemoved(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="resource.removed"):
    """The service knows it no longer; questions about it are decided by what they say themselves."""

    resource: ResourceId
    type: str
    name: str
    owner: PrincipalId | None = None
    teams: tuple[TeamId, ...] = ()
    properties: tuple[Property, ...] = ()


ResourceEvent = (
    ResourceRegistered
    | ResourceOwnerChanged
    | ResourceTeamsChanged
    | ResourcePropertiesChanged
    | ResourceRemoved
)
