"""What can happen to a route table: it is adopted, again with another content, or withdrawn."""

import msgspec

from service.catalogue.route_tables import RouteTable


class RouteTableAdopted(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="route_table.adopted"
):
    """From here on requests of the proxies that name this table need what it says. Its number only rises.

    `number_before` is that of the content it takes the place of; 0 where there was none, or it was withdrawn.
    """

    name: str
    number_before: int
    table: RouteTable


class RouteTableWithdrawn(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="route_table.withdrawn"
):
    """From here on every request of the proxies that name this table is denied."""

    name: str
    number_before: int


RouteTableEvent = RouteTableAdopted | RouteTableWithdrawn
