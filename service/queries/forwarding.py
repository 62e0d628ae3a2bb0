"""Whether a request that a proxy asks about may pass: by the table that it names, for whoever made it.

Reading is decided here and recorded nowhere. A change goes through the door, with the same needs.
"""

import msgspec

from projections import access
from projections.view import View
from service import errors
from service.catalogue import request_paths, routing
from service.catalogue.route_tables import RouteTable
from service.catalogue.routing import Match
from service.commands import changes
from service.commands.changes import Request
from service.vocabulary import PrincipalId


class Mapped(msgspec.Struct, frozen=True):
    """What a request is to a table: the route it takes, and its path as everybody reads it."""

    table: RouteTable
    match: Match
    segments: tuple[str, ...]


def mapped(table: RouteTable, method: str, raw: str) -> Mapped:
    """The route of a request. Raises Unreadable for its path, Forbidden where the table has none."""
    segments = request_paths.segments(raw, encoded_slashes=table.encoded_slashes, suffixes=table.suffixes)
    match = routing.matched(table, method, segments)
    if match is None:
        raise errors.Forbidden(
            f"The table {table.name!r} has no route for this request.", f"a route in {table.name} for it"
        )
    return Mapped(table, match, segments)


def require(view: View, principal: PrincipalId, found: Mapped, request: Request) -> None:
    """Raise Forbidden, naming the first permission that is missing, where somebody may not make a request."""
    for need in changes.needs_of(view, found.match, principal, request):
        if not access.may(view, principal, need.action, need.target, need.facts):
            missing = access.missing(need.action, need.target.asked)
            raise errors.Forbidden(f"The permission {missing} is missing.", missing)
