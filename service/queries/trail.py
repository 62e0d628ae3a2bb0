"""Searching the record: which of its entries fit some filters, in pages that neither miss nor repeat.

A search is pinned to a position: what is appended meanwhile is not part of it, so its pages together are exactly the
records that fitted when it began. Pages go by position, never by count, as records are never inserted between others.
"""

from datetime import UTC, datetime, timedelta
from typing import get_args

import msgspec

from projections import trail
from service import errors
from service.events import Event
from service.log import reader, recorded
from service.log.connect import Connection
from service.log.reader import Row
from service.vocabulary import EventId

PAGE_SIZE_MAX = 100
KINDS: tuple[str, ...] = tuple(sorted(recorded.kind_of_type(event) for event in get_args(Event)))
"""Every kind of record that there is."""
OUTCOMES = (trail.DONE, trail.DENIED)
_NOTHING = (1, 0)
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for; a filter that is None does not count.

    `since` and `until` are inclusive instants, `first` and `last` inclusive positions, `start` the id of the event
    that the page begins with. `actor` is a principal's id, or `console`, `system` or `code`; `touches` a thing's
    id. `skip` counts records that fit and are left out before the page.
    """

    since: datetime | None = None
    until: datetime | None = None
    first: int | None = None
    last: int | None = None
    start: EventId | None = None
    actor: str | None = None
    kinds: tuple[str, ...] | None = None
    touches: str | None = None
    outcome: str | None = None
    newest_first: bool = False
    size: int = PAGE_SIZE_MAX
    skip: int = 0


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page, and the record that the next one begins with, or None at the end."""

    rows: tuple[Row, ...]
    next: Row | None


async def search(connection: Connection, wanted: Search, pinned_until: int) -> Page:
    """The page that `wanted` describes, of the records up to `pinned_until`.

    The trail is brought up to the log first, so that a search sees its own writes. Raises Invalid when `start`
    is no event of this log, Unavailable when another replica holds the trail for long.
    """
    await trail.advance(connection, pinned_until)
    low, high = await _positions(connection, wanted, pinned_until)
    name = "search_touching" if wanted.touches is not None else "search"
    arguments: list[object] = [
        low, high, wanted.actor, wanted.kinds, wanted.outcome, wanted.size + 1, wanted.skip
    ]  # fmt: skip
    if wanted.touches is not None:
        arguments.append(wanted.touches)
    direction = "backward" if wanted.newest_first else "forward"
    async with connection.transaction(readonly=True):
        await connection.execute(trail.statement("plan_each_search"))
        found = await connection.fetch(trail.statement(f"{name}_{direction}"), *arguments)
    rows = tuple(Row(*row) for row in found)
    following = rows[wanted.size] if len(rows) > wanted.size else None
    return Page(rows=rows[: wanted.size], next=following)


def kinds_like(words: str) -> tuple[str, ...]:
    """The kinds that a comma-separated list names; `role.*` names all of a noun. Raises Invalid for an unknown one."""
    found: dict[str, None] = {}
    for word in filter(None, (part.strip() for part in words.split(","))):
        stem = word.removesuffix("*")
        fitting = [kind for kind in KINDS if (kind.startswith(stem) if stem != word else kind == word)]
        if not fitting or stem == "":
            raise errors.Invalid(f"There is no kind of record {word[:64]!r}.", "kind")
        found.update(dict.fromkeys(fitting))
    if not found:
        raise errors.Invalid("This names no kind of record.", "kind")
    return tuple(found)


async def _positions(connection: Connection, wanted: Search, pinned_until: int) -> tuple[int, int]:
    """The inclusive positions that the filters leave. Time rises with position, so a time is a position as well."""
    low, high = min(max(1, wanted.first or 1), pinned_until + 1), pinned_until
    if wanted.last is not None:
        high = max(0, min(high, wanted.last))
    if wanted.since is not None and wanted.since > _EARLIEST:
        before = wanted.since - timedelta(microseconds=1)
        low = max(low, await reader.position_at_time(connection, before) + 1)
    if wanted.until is not None:
        high = min(high, await reader.position_at_time(connection, wanted.until))
    if wanted.start is not None:
        position = await reader.position_of_event(connection, wanted.start)
        if position is None:
            raise errors.Invalid("There is no event with this id.", "from")
        if wanted.newest_first:
            high = min(high, position)
        else:
            low = max(low, position)
    return (low, high) if low <= high else _NOTHING
