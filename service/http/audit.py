"""GET /audit: what happened, and who did it, in the vendor's shape (section 6) with what this service adds.

Reading the trail is itself an event, committed before the first byte. The pages that follow carry a cursor which
proves that their reading was recorded and pins them to it, so that they neither miss nor repeat while events arrive.
"""

from collections import OrderedDict
from time import monotonic
from typing import Final
from urllib.parse import urlencode

from aiohttp import web

from projections import things
from service import errors
from service.commands.account import ReadTrail
from service.http import audit_cursor, audit_event, audit_filters, breathing, requests, responses
from service.http.audit_filters import Asked, Lower
from service.http.edge import Call
from service.http.responses import Document
from service.log import reader
from service.log.reader import Row
from service.queries import moments, trail
from service.vocabulary import EventId

REPEATED_SECONDS: Final = 600.0
"""How long the same question by the same principal is one reading: a poller must not fill the trail with itself."""
REMEMBERED_MAX: Final = 10_000
_TRAIL: Final = things.anything("audit")


class Readings:
    """Who read what in the last ten minutes. Bounded: what falls out is merely recorded once more.

    A poller's question moves on from where the last one ended: from later on, it is part of the reading that was
    recorded. A question that reaches further back is not.
    """

    def __init__(self) -> None:
        self._noted: OrderedDict[tuple[str, str], tuple[float, Lower]] = OrderedDict()

    def recent(self, principal: str, question: str, lower: Lower) -> bool:
        """Whether this principal's reading of this question, from there on or earlier, was recorded just before."""
        noted = self._noted.get((principal, question))
        if noted is None or monotonic() - noted[0] >= REPEATED_SECONDS:
            return False
        recorded = noted[1]
        return recorded.since <= lower.since and recorded.after <= lower.after

    def note(self, principal: str, question: str, lower: Lower) -> None:
        """The reading was recorded just now."""
        self._noted[principal, question] = (monotonic(), lower)
        self._noted.move_to_end((principal, question))
        while len(self._noted) > REMEMBERED_MAX:
            self._noted.popitem(last=False)


READINGS: Final = web.AppKey("readings", Readings)


async def events(call: Call) -> web.Response:
    """GET /audit: `{events, _links: {self, next?}}`, oldest first unless `sort=-timestamp`, at most 100 a page."""
    if not call.may("audit:read", _TRAIL):
        await _refused(call)
    _require_no_moment(call)
    call.require_only(*audit_filters.PARAMETERS)
    asked = audit_filters.asked(call)
    until = await _read(call, asked, call.asked("cursor"))
    async with call.edge.reader.connection() as connection:
        page = await trail.search(connection, asked.search, until)
    links: Document = {"self": responses.link(responses.here(call))}
    if page.next is not None:
        links["next"] = responses.link(_next(call, asked, page.next, until))
    drawn = await breathing.drawn(page.rows, lambda row: audit_event.event(call, row))
    return responses.hal(call, {"events": drawn, "_links": links})


async def event(call: Call) -> web.Response:
    """GET /audit/{uuid}: one record, with the exact text that its leaf of the Merkle tree hashes (RFC 6962)."""
    wanted = EventId(call.path_id())
    _require_no_moment(call)
    call.require_only("at_least")
    until = await _read(call, audit_filters.one_event(wanted), None)
    async with call.edge.reader.connection() as connection:
        position = await reader.position_of_event(connection, wanted)
        row = await reader.entry_at(connection, position) if position else None
    if row is None or row.position > until:
        raise errors.NotFound("There is no such event.")
    return responses.hal(call, {**audit_event.event(call, row), **audit_event.proof(row)})


async def _refused(call: Call) -> None:
    """Have the attempt recorded and raise Forbidden, before any name is looked up: whether it exists is no secret then.

    Names stay out of the record of the attempt; what was asked for by its id stands in it.
    """
    await requests.handle(call, ReadTrail(filters=audit_filters.ids(call), until=call.edge.replica.position))


def _require_no_moment(call: Call) -> None:
    if call.asked("as_of") is not None:
        raise errors.Invalid(
            "The trail is the past itself: ask for a part of it by `until` or `before`.", "as_of"
        )


async def _read(call: Call, asked: Asked, cursor: str | None) -> int:
    """Record the reading, unless it was, and return the position that it is pinned to.

    Raises Forbidden without audit:read, judged now, also for a page of a reading that was once permitted.
    """
    replica = call.edge.replica
    await moments.view_of(call.edge.reader, replica, None, call.asked("at_least"))
    readings, until = call.request.app[READINGS], replica.position
    recorded = readings.recent(call.me, asked.subject, asked.lower)
    if cursor is not None:
        pinned = audit_cursor.opened(call, cursor, asked.question)
        until, recorded = pinned.until, not pinned.expired(call.view.instant)
        await replica.wait_for(until, moments.WAIT_SECONDS_MAX)
    call.progress.position = until
    if recorded and call.may("audit:read", _TRAIL):
        return until
    await requests.handle(call, ReadTrail(filters=asked.filters, until=until))
    readings.note(call.me, asked.subject, asked.lower)
    return until


def _next(call: Call, asked: Asked, following: Row, until: int) -> str:
    """The next page: from the event that it begins with, as the vendor's consumers follow it, and pinned."""
    kept = [(name, value) for name, value in asked.parameters if name not in ("from", "pageNumber", "cursor")]
    sealed = audit_cursor.sealed(call, until, asked.question)
    query = urlencode([*kept, ("from", following.event_id), ("cursor", sealed)])
    return f"{call.edge.settings.base_url}/audit?{query}"
