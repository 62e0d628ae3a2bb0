"""GET /effects/{event}: what an order did to who may do what; of a bulk deletion, what it removed.

The event is the first of the order, as `Muniment-Effect` names it; any other event of the same order will do.
"""

from aiohttp import web

from projections import things
from service.commands import cautions, foretelling, teamless
from service.http import breathing, foretold, leaving, rehearsals, responses
from service.http.edge import Call
from service.queries import effects, moments
from service.vocabulary import EventId


async def shown(call: Call) -> web.Response:
    """Who gained and lost what. For whoever gave the order, or may ask why others may, or may read the trail."""
    call.require_only()
    wanted = EventId(call.path_id("event"))
    async with call.edge.reader.connection() as connection:
        records = await effects.order_of(connection, wanted)
    first, last = records[0], records[-1]
    if first.actor.principal != call.me and not call.may("audit:read", things.anything("audit")):
        call.require("access:explain", things.anything("access"))
    await call.edge.replica.wait_for(last.position, moments.WAIT_SECONDS_MAX)
    comparison = effects.comparison(call.edge.replica, records)
    await breathing.each(comparison.events, comparison.reach)
    await breathing.each(comparison.principals, comparison.compare)
    weighed = cautions.weighed(comparison, first.actor.principal)
    document = {
        "event": first.id,
        "position": last.position,
        "effect": await rehearsals.drawn(call, call.edge.replica.now(), [weighed]),
        "_links": {"self": responses.link(responses.href(call.edge, "effects", first.id))},
    }
    gone = foretelling.vanished(comparison.events)
    if gone:
        document["vanished"] = await foretold.vanishes(call, comparison.before, gone)
    left = teamless.left(comparison.events)
    if left is not None:
        document["leaves"] = await leaving.leaves(call, comparison.before, left)
    return responses.hal(call, document)
