"""Route tables, and changes behind proxies, in words: for the sentences of the trail and what they changed."""

from typing import assert_never

from service.events import changes as change_events
from service.events import route_tables as table_events
from service.queries import wording
from service.queries.changed import Changed, ended, made, one
from service.queries.names import Names

ForwardedEvent = table_events.RouteTableEvent | change_events.ChangeEvent


def sentence(event: ForwardedEvent, names: Names) -> str:
    """What was done, for a sentence that begins with who did it."""
    match event:
        case table_events.RouteTableAdopted():
            return f"adopted the route table {event.name}, number {event.table.number}"
        case table_events.RouteTableWithdrawn():
            return f"withdrew the route table {event.name}"
        case change_events.ChangeAuthorised():
            return f"was allowed {_what(event, names)}; whether it was made is not known until it is reported"
        case change_events.ChangeReported():
            whose = names.principal(event.principal) if event.principal else "somebody"
            made_or_not = "was made" if 200 <= event.status < 300 else "was not made"
            change = f"the change that {whose} was allowed, {_what(event, names)},"
            return f"reported that {change} {made_or_not} ({event.status})"
        case _:
            assert_never(event)


def changes(event: ForwardedEvent) -> tuple[Changed, ...]:
    """The fields that changed; of a table its number, whose content stands in the record."""
    match event:
        case table_events.RouteTableAdopted():
            return one("table", event.number_before or None, event.table.number)
        case table_events.RouteTableWithdrawn():
            return ended(table=event.number_before)
        case change_events.ChangeAuthorised():
            return made(
                method=event.method,
                route=event.route,
                **{f"parameter.{each.name}": each.value for each in event.parameters},
            )
        case change_events.ChangeReported():
            return made(status=event.status)
        case _:
            assert_never(event)


def _what(event: change_events.ChangeEvent, names: Names) -> str:
    """`PUT /x/{y} of pact-broker on Foo`."""
    things = [names.thing(thing) for thing in event.on if thing.id != "*"]
    on = f" on {wording.listed(things)}" if things else ""
    return f"{event.method} {event.route} of {event.table}{on}"
