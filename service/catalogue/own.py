"""An organisation's own permission catalogue: what it says, beside the built-in one. Adopted by the log as an event.

Whoever writes one writes a TOML file of this shape. What may stand in it is checked where it is adopted
(`service.commands.own_catalogues`); the structs refuse only what is of another shape.
"""

from typing import Literal

import msgspec

Extent = Literal["*", "team", "own"]


class Reference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another property of the same request, in place of a value: `{ property = "subject.properties.department" }`."""

    property: str


Value = bool | int | str | Reference
"""What a property is compared with. No fractions: a record holds none, and amounts of money are whole cents."""
Ordered = int | str | Reference
"""A number, or a time as RFC 3339 writes it."""
Among = tuple[int | str, ...] | Reference
_Unset = msgspec.UnsetType


class Predicate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One property of the request and what must hold of it: exactly one of the other fields is set.

    `property` is a path into the request as AuthZEN writes it: `resource.properties.status`, `action.properties.soft`,
    `context.ip`, `subject.id`, `resource.id`, `action.name`; further dots go deeper.
    """

    property: str
    equals: Value | _Unset = msgspec.UNSET
    not_equals: Value | _Unset = msgspec.UNSET
    one_of: Among | _Unset = msgspec.UNSET
    none_of: Among | _Unset = msgspec.UNSET
    contains: Ordered | _Unset = msgspec.UNSET
    """The property is a list, and this is in it."""
    less_than: Ordered | _Unset = msgspec.UNSET
    at_most: Ordered | _Unset = msgspec.UNSET
    greater_than: Ordered | _Unset = msgspec.UNSET
    at_least: Ordered | _Unset = msgspec.UNSET


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a grant may be bound to by its name (`record:write:*?unarchived`): all of its predicates hold."""

    name: str
    description: str = ""
    all: tuple[Predicate, ...]


class ThingType(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A type of thing that the organisation's own programs hold.

    `owner` and `teams` say which properties of a request's resource name its owner (by id, e-mail address or alias) and
    its team or teams (by id or name), for a thing that is not registered here.
    """

    name: str
    label: str = ""
    description: str = ""
    owner: str = "owner"
    teams: str = "team"


class OwnAction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`resource:action`, what it applies to, and at which extents a role may hold it.

    `implies` names actions of the same catalogue that come with it at the same extent; `called` is what AuthZEN
    requests call it on its types (`can_update_todo`), beside its own name, which always works.
    """

    name: str
    types: tuple[str, ...]
    extents: tuple[Extent, ...]
    label: str = ""
    group: str = ""
    description: str = ""
    implies: tuple[str, ...] = ()
    called: tuple[str, ...] = ()


class OwnCatalogue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an organisation's own permissions mean. `number` rises with every change of content.

    `subject_types` are further words by which requests name a principal of this service, beside `user`.
    """

    name: str
    number: int
    label: str = ""
    description: str = ""
    types: tuple[ThingType, ...] = ()
    actions: tuple[OwnAction, ...] = ()
    conditions: tuple[Condition, ...] = ()
    subject_types: tuple[str, ...] = ()
