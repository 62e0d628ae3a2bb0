"""A route table as it is true at some moment: the content that was adopted last."""

from typing import assert_never

from service.catalogue.route_tables import RouteTable
from service.events import route_tables as events
from service.log.recorded import Foldable


def fold(_table: RouteTable | None, event: events.RouteTableEvent, _recorded: Foldable) -> RouteTable | None:
    """The table after the event, or None once it is withdrawn."""
    match event:
        case events.RouteTableAdopted():
            return event.table
        case events.RouteTableWithdrawn():
            return None
        case _:
            assert_never(event)
