"""GET /effects/{event}: what an order did to who may do what, worked out from history as a dry run would have.

The event is the first of the order, as `Muniment-Effect` names it; any other event of the same order will do.
"""

import typing
from typing import Final

from aiohttp import web

from projections import things
from projections.effects import Comparison
from service import errors
from service.commands import cautions
from service.events.account import CatalogueAdopted
from service.events.roles import RoleEvent
from service.events.system_accounts import SystemAccountEvent
from service.events.teams import TeamEvent
from service.events.users import InvitationRedeemed, UserEvent
from service.http import breathing, rehearsals, responses
from service.http.edge import Call
from service.log import reader, recorded
from service.log.connect import Connection
from service.log.recorded import Recorded
from service.queries import moments
from service.vocabulary import EventId

_PAGE: Final = 200
_CHANGING: Final = frozenset(
    {
        *(kind for union in (RoleEvent, TeamEvent, UserEvent) for kind in typing.get_args(union)),
        *(typing.get_args(SystemAccountEvent) or (SystemAccountEvent,)),
        CatalogueAdopted,
    }
) - {InvitationRedeemed}
"""The kinds whose orders are about who may do what. Redeeming a code gives nobody a permission."""


async def shown(call: Call) -> web.Response:
    """Who gained and lost what. For whoever gave the order, or may ask why others may, or may read the trail."""
    call.require_only()
    wanted = EventId(call.path_id("event"))
    async with call.edge.reader.connection() as connection:
        records = await _order(connection, wanted)
    if not records:
        raise errors.NotFound("There is no such event.")
    first, last = records[0], records[-1]
    if first.actor.principal != call.me and not _may_ask(call):
        call.require("access:explain", things.anything("access"))
    if not any(type(record.data) in _CHANGING for record in records):
        raise errors.NotFound("This event is of no order that changes who may do what.")
    await call.edge.replica.wait_for(last.position, moments.WAIT_SECONDS_MAX)
    before = call.edge.replica.view(first.position - 1, first.recorded_at)
    after = call.edge.replica.view(last.position, first.recorded_at)
    comparison = Comparison(before, after, (record.data for record in records))
    await breathing.each(comparison.principals, comparison.compare)
    weighed = cautions.weighed(comparison, first.actor.principal)
    document = {
        "event": first.id,
        "position": last.position,
        "effect": await rehearsals.drawn(call, call.edge.replica.now(), [weighed]),
        "_links": {"self": responses.link(responses.href(call.edge, "effects", first.id))},
    }
    return responses.hal(call, document)


def _may_ask(call: Call) -> bool:
    return call.may("access:explain", things.anything("access")) or call.may(
        "audit:read", things.anything("audit")
    )


async def _order(connection: Connection, event: EventId) -> list[Recorded]:
    """The records of the order that an event is of, in their order; they follow each other in the log."""
    position = await reader.position_of_event(connection, event)
    row = await reader.entry_at(connection, position) if position else None
    if position is None or row is None:
        return []
    record = recorded.decode(row.entry)
    first = record.correlation or record.id
    if record.id != first:
        position = await reader.position_of_event(connection, first)
        assert position is not None, "what a record names as its correlation was recorded before it"
    found: list[Recorded] = []
    while rows := await reader.page(connection, position - 1 + len(found), _PAGE):
        for one in map(recorded.decode, (row.entry for row in rows)):
            if first not in (one.id, one.correlation):
                return found
            found.append(one)
    return found
