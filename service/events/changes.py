"""Changes that somebody was allowed to make in a program behind a proxy, and what the proxy says came of them.

They are the program's, not this service's: here is recorded who was allowed what, before it was tried.
"""

import msgspec

from service.vocabulary import ApplicationId, ChangeId, PrincipalId, Thing


class Parameter(msgspec.Struct, frozen=True):
    """A part of the path that the route names, and what stood there."""

    name: str
    value: str


class ChangeAuthorised(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="change.authorised"):
    """The actor was allowed a change, by this route of this table; the grant is the record's authority.

    `on` are the things that decided. Neither query nor body of the request is recorded. Until the proxy reports what
    came of it nobody knows here whether it was made. `registers` are applications that are registered once it was.
    """

    change: ChangeId
    table: str
    number: int
    mode: str
    method: str
    route: str
    parameters: tuple[Parameter, ...]
    on: tuple[Thing, ...]
    registers: tuple[str, ...] = ()


class ChangeReported(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="change.reported"):
    """The proxy says with which status the program answered the change of `principal`.

    What was registered because of it follows in records of its own, and stands in `made` by id.
    """

    change: ChangeId
    principal: PrincipalId | None
    table: str
    method: str
    route: str
    on: tuple[Thing, ...]
    status: int
    made: tuple[ApplicationId, ...] = ()


ChangeEvent = ChangeAuthorised | ChangeReported
