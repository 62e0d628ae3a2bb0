"""`muniment effect`: who gained and who lost what by an order of the past."""

from typing import TYPE_CHECKING

import click

from service.cli import options, output

if TYPE_CHECKING:  # imported where an effect is worked out, so that help stays fast
    from projections.effects import Group
    from projections.powers import Power
    from projections.view import View
    from service.commands.cautions import Weighed
    from service.log.connect import Connection
    from service.log.recorded import Recorded
    from service.vocabulary import EventId

_NAMED_MAX = 10
"""How many of a group a person is told by name; a program is told a thousand."""


@click.command()
@click.argument("event")
@options.as_json
def effect(event: str, as_json: bool) -> None:
    """Show who gained and who lost what by the order that EVENT is of: a record's id, or its position.

    For example: muniment effect 65
    """
    options.run(_effect(event, as_json))


async def _effect(event: str, as_json: bool) -> None:
    from projections.effects import compared
    from service.cli import opening
    from service.commands import cautions
    from service.queries import effects

    async with opening.opened() as app:
        async with app.reader.connection() as connection:
            records = await effects.order_of(connection, await _named(connection, event))
        comparison = compared(effects.comparison(app.replica, records))
        weighed = cautions.weighed(comparison, records[0].actor.principal)
        if as_json:
            output.json(_document(records, weighed))
        else:
            tell(app.replica.now(), weighed)


async def _named(connection: "Connection", event: str) -> "EventId":
    """The event's id. Raises NotFound for a position where there is no record, Invalid for neither."""
    from service import errors
    from service.log import reader
    from service.vocabulary import EventId, is_uuid

    if not (event.isascii() and event.isdigit()):
        if not is_uuid(event):
            raise errors.Invalid("Name the event by its position, as in 65, or by its id, a UUID.", "EVENT")
        return EventId(event.lower())
    row = await reader.entry_at(connection, int(event)) if len(event) < 18 else None
    if row is None:
        raise errors.NotFound("There is no such record.")
    return row.event_id


def tell(view: "View", weighed: "Weighed") -> None:
    """Print who gains and who loses what, and what to think of; `view` says what everybody is called."""
    from service.queries import effects

    rows = [(_who(view, group), _lines(group.gains), _lines(group.losses)) for group in weighed.effect.groups]
    if rows:
        output.table(("who", "gains", "loses"), rows)
    else:
        output.words("Nobody gained or lost anything.")
    for caution in weighed.cautions:
        who = _name(view, caution.principal) if caution.principal is not None else ""
        output.words(f"Warning: {effects.sentence(caution, who)}")


def _who(view: "View", group: "Group") -> str:
    named = ", ".join(sorted(_name(view, one) for one in group.principals[:_NAMED_MAX]))
    more = group.number - min(len(group.principals), _NAMED_MAX)
    return f"{named} and {more:,} more" if more else named


def _name(view: "View", principal: str) -> str:
    found = view.last_principal(principal)
    return (view.text(found.name) if found is not None else None) or principal


def _lines(powers: "tuple[Power, ...]") -> str:
    return ", ".join(map(_line, powers))


def _line(power: "Power") -> str:
    """`contract_data:manage in A`, `contract_data:manage on Foo and 2 more`, `… (still contract_data:manage:team)`."""
    found = power.permission
    if power.team is not None:
        found = f"{found.removesuffix(power.team).rstrip(':')} in {power.team_name or power.team}"
    if power.things:
        shown = ", ".join(one.name or one.id for one in power.things[:_NAMED_MAX])
        more = power.number - min(len(power.things), _NAMED_MAX)
        found += f" on {shown}" + (f" and {more:,} more" if more else "")
    return f"{found} (still {', '.join(power.still)})" if power.still else found


def _document(records: "list[Recorded]", weighed: "Weighed") -> dict[str, object]:
    return {
        "event": records[0].id,
        "position": records[-1].position,
        "groups": weighed.effect.groups,
        "warnings": weighed.cautions,
    }
