"""Reading the facts that live in Postgres, as they were at a position: onto a shelf, or page by page.

Whoever reads names a position, and brings the rows up to it first where they lag: what is read is exact, whatever was
appended since.
"""

import asyncio
from collections.abc import Iterable
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
    wanted = [one for one in dict.fromkeys(wants) if one != Want(fact=one.fact)]  # by no key at all: nothing
    if not wanted:
        return found
    await reach(connection, position)
    keys = [(want.fact.noun, key) for want in wanted for key in want.keys]
    if keys:
        await _put(
            found,
            await connection.fetch(
                span_rows.statement("spans_by_key"), position, *span_rows.columns(keys, 2)
            ),
        )
    for (text, arguments), nouns in _grouped(wanted).items():
        asked = (position, *_with(arguments, nouns, text), FACTS_MAX + 1 - len(found))
        await _put(found, await connection.fetch(span_rows.statement(text), *asked))
        if len(found) > FACTS_MAX:
            found.overflow()
            return found
    for want in wanted:
        found.read(want)
    return found


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


def _grouped(wants: Iterable[Want]) -> dict[tuple[str, tuple[str | None, ...]], list[str]]:
    """Each question once for all the nouns that it is asked about: (statement, its arguments) -> nouns."""
    grouped: dict[tuple[str, tuple[str | None, ...]], list[str]] = {}
    for want in wants:
        if want.keys:
            continue
        question: tuple[str, tuple[str | None, ...]]
        if want.prefix:
            question = ("spans_under", (want.prefix, _after(want.prefix)))
        elif want.place:
            question = ("spans_at_place", (want.application or None, want.place))
        elif want.version:
            question = ("spans_of_version", (want.application, want.version))
        elif want.application:
            question = ("spans_of_application", (want.application,))
        else:
            question = ("spans_of_all", ())
        grouped.setdefault(question, []).append(want.fact.noun)
    return grouped


def _with(arguments: tuple[str | None, ...], nouns: list[str], text: str) -> tuple[object, ...]:
    """The arguments in the order in which the statement takes them: an application stands before the nouns."""
    if text in ("spans_under", "spans_of_all"):
        return (nouns, *arguments)
    return (arguments[0], nouns, *arguments[1:])


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
