"""A route table's shape: which request of a proxied program needs which permission. Its content is data.

A program behind a proxy knows nothing of permissions. The table says of each method and path what it takes, and of
changes what is to be known of them afterwards.
"""

from typing import Literal

import msgspec


class RouteResource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a permission is needed on: `*`, the type as a whole, or an id made from the path's parameters.

    An application is named; `{consumer}/{provider}` is an integration; other things are meant by id, or by name.
    """

    type: str
    id: str = "*"


class Needed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One more permission, for requests that need several."""

    action: str
    resource: RouteResource


class Route(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Some methods on one path, and what they need.

    A segment of `path` is literal, or `{parameter}`, any whole segment; a last `{parameter...}` is all the rest. GET
    answers HEAD too. A `change` is recorded before it is allowed. The applications in `registers` are registered here
    once the change was reported as made. What is `public` needs no token.
    """

    methods: tuple[str, ...]
    path: str
    label: str = ""
    action: str = ""
    resource: RouteResource | None = None
    also: tuple[Needed, ...] = ()
    change: bool = False
    registers: tuple[str, ...] = ()
    public: bool = False

    @property
    def needed(self) -> tuple[Needed, ...]:
        """Every permission that it takes, the first one first."""
        first = () if self.resource is None else (Needed(action=self.action, resource=self.resource),)
        return (*first, *self.also)


class RouteTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The routes of one program. `number` rises with every change of content.

    `on_error`: the status of an answer that is none, because this service cannot decide now: 403, which every proxy
    takes for a no, or 503. `encoded_slashes`: the program takes apart a path before it decodes it, so that %2F is a
    character of a segment. `suffixes`: what the program takes off the end of a path before it looks at it (`.json`).
    """

    name: str
    number: int
    label: str = ""
    description: str = ""
    on_error: Literal["403", "503"] = "403"
    encoded_slashes: bool = False
    suffixes: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()
