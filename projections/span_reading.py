"""Reading the facts that live in Postgres, as they were at a position: onto a shelf, or page by page.

Whoever reads names a position, and brings the rows up to it first where they lag: what is read is exact, whatever was
appended since.
"""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any, Final

import asyncpg

from projections import span_rows
from projections.spans import Shelf, Want
from service import errors
from service.log.connect import Connection

FACTS_MAX: Final = 1_000_000
"""What one shelf holds at most: an order that would look at more is refused, not the service stopped."""
BEHIND_MAX: Final = 20_000
"""Records that whoever reads takes in by itself, a few seconds' work. Beyond, as after an upgrade of a long log, the
rows are left to who follows the log, and readers are told so."""
_STRETCH: Final = 500
"""Rows that are decoded before others have their turn."""


async def shelf(connection: Connection, position: int, wants: Iterable[Want]) -> Shelf:
    """What the wants ask for, as it was at a position. The rows are brought up to it first where they lag.

    Raises Unavailable as `advance` and `reach` do.
    """
    found = Shelf()
    wanted = _asking(wants)
    if wanted:
        await reach(connection, position)
        await _fill(connection, position, found, wanted)
    return found


async def fill(connection: Connection, position: int, found: Shelf, wants: Iterable[Want]) -> None:
    """Put more onto a shelf that was read at this very position."""
    wanted = _asking(wants)
    if wanted and not found.overflown:
        await _fill(connection, position, found, wanted)


async def _fill(connection: Connection, position: int, found: Shelf, wanted: list[Want]) -> None:
    keys = [(want.fact.noun, key) for want in wanted for key in want.keys]
    if keys:
        asked = (position, *span_rows.columns(keys, 2))
        await _put(found, await connection.fetch(span_rows.statement("spans_by_key"), *asked))
    newest = [(want.fact.noun, want.application, want.place) for want in wanted if want.newest]
    if newest:
        asked = (position, *span_rows.columns(newest, 3))
        await _put(found, await connection.fetch(span_rows.statement("spans_newest_at"), *asked))
    for text, arguments in _questions(wanted):
        left = FACTS_MAX + 1 - len(found)
        await _put(
            found, await connection.fetch(span_rows.statement(text), position, *arguments, max(left, 0))
        )
        if len(found) > FACTS_MAX:
            found.overflow()
            return
    for want in wanted:
        found.read(want)


async def page(
    connection: Connection, position: int, want: Want, *, skip: int = 0, size: int | None = None
) -> tuple[list[Any], int]:
    """Facts of one application at a position, the newest first by when they came to be; and how many there are."""
    await reach(connection, position)
    asked = (position, want.application, want.fact.noun, want.version, want.place)
    total: int = await connection.fetchval(span_rows.statement("span_count"), *asked)
    rows = await connection.fetch(
        span_rows.statement("span_page"), *asked, skip, size if size is not None else total
    )
    found = Shelf()
    await _put(found, rows)
    return [*found.everything()], total


async def reach(connection: Connection, position: int) -> None:
    """Bring the rows up to a position, if they are not there yet. Raises Unavailable where they are far behind it."""
    reached: int = await connection.fetchval(span_rows.statement("span_position"))
    if position - reached > BEHIND_MAX:
        raise errors.Unavailable(
            "Versions, tags, branches, results and deployments are still being gathered from the record:"
            f" {position - reached:,} records are left. Nothing was done; try again in a while.",
            retry_after_seconds=5,
        )
    if reached < position:
        await span_rows.advance(connection, position)


def _asking(wants: Iterable[Want]) -> list[Want]:
    """Each want once, without those by no key at all, which ask for nothing."""
    return [one for one in dict.fromkeys(wants) if one != Want(fact=one.fact)]


def _questions(wants: Iterable[Want]) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Statements with their arguments between position and limit: each once for all the nouns, places and versions."""
    nouns: dict[tuple[str, str, str], list[str]] = {}
    for want in wants:
        if want.keys or want.newest:
            continue
        if want.prefix:
            question = ("spans_under", "", want.prefix)
        elif want.place:
            question = ("spans_at_place", want.application, want.place)
        elif want.version:
            question = ("spans_of_version", want.application, want.version)
        elif want.application:
            question = ("spans_of_application", want.application, "")
        else:
            question = ("spans_of_all", "", "")
        nouns.setdefault(question, []).append(want.fact.noun)
    several: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for (text, application, rest), asked in nouns.items():
        match text:
            case "spans_under":
                yield text, (asked, rest, _after(rest))
            case "spans_of_all":
                yield text, (asked,)
            case "spans_of_application":
                yield text, (application, asked)
            case _:
                several.setdefault((text, application, tuple(asked)), []).append(rest)
    for (text, application, about), places in several.items():
        yield text, (application or None, list(about), places)


def _after(prefix: str) -> str:
    """The first text behind all that begin with this one, sorted by bytes."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


async def _put(found: Shelf, rows: list[asyncpg.Record]) -> None:
    """Put them, and let go of each: freed in one go, some hundred thousand would hold everybody up."""
    rows.reverse()
    while rows:
        row = rows.pop()
        found.put(span_rows.decoded(row["noun"], row["value"]))
        if len(rows) % _STRETCH == 0:
            await asyncio.sleep(0)
