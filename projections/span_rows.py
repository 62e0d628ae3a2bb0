"""The facts of `spans` in Postgres: one row a fact and stretch of positions, written from the log.

Disposable: they say nothing that the log does not say, and are rebuilt from it. One replica writes at a time, by the
row lock on `span_head`; the rows and the position they reach are one transaction, so a crash leaves neither a gap nor a
repeat. How they are read: `span_reading`.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import asyncpg
import msgspec

from projections.span_folds import FACTS, FOLDS, KINDS
from projections.spans import Fold
from service import errors
from service.log import recorded, sql
from service.log.connect import Connection
from service.log.recorded import Folded

PAGE: Final = 500
"""Records a transaction: large enough to catch up fast, small enough that nobody waits long for the lock."""
_PAGE_BYTES: Final = 160 * 1024
_PAGE_CHANGES: Final = 1_500
"""And what it may read and change, or one record's: a child of a bulk deletion names some hundred facts. Each page is
some milliseconds' work."""
FOR_EVER: Final = (1 << 63) - 1
"""The `until` of what still holds."""
_decoders: dict[str, msgspec.json.Decoder[Any]] = {}


class _Row(msgspec.Struct):
    """A fact that holds from `since` on, in the page that is being written. `stored`: the table has it already."""

    fact: Any
    since: int
    created: int
    stored: bool


class _Changes(msgspec.Struct):
    """What a page ends and adds, in the statements' form."""

    ended: list[tuple[str, str, int]] = []
    added: list[tuple[object, ...]] = []


# -- writing -------------------------------------------------------------------------------------------------


async def advance(connection: Connection, until: int) -> int:
    """Write what the log holds beyond the rows, page by page, until they reach a position. Returns where they are.

    Raises Unavailable when another replica holds them for long, Broken at a record that this release cannot read.
    """
    while True:
        position, caught_up = await advance_page(connection)
        if position >= until or caught_up:
            return position


async def advance_page(connection: Connection) -> tuple[int, bool]:
    """One page of `advance`: the position that the rows have reached, and whether that was all."""
    try:
        async with connection.transaction():  # within another one, a savepoint
            await connection.execute(statement("bound_the_wait"))
            return await _next_page(connection)
    except asyncpg.LockNotAvailableError as failure:
        raise errors.Unavailable("Another replica is writing what Postgres keeps; try again.") from failure


async def rebuild(connection: Connection, progress: Callable[[int], None] = lambda _position: None) -> int:
    """Empty the rows and write them again from the first record on; whoever reads meanwhile sees the old ones.

    One transaction. Returns the position reached; `progress` is told it page by page.
    """
    async with connection.transaction():
        await connection.fetchval(statement("lock_spans"))
        await connection.execute(statement("empty_spans"))
        await connection.execute(statement("move_spans"), 0)
        while True:
            position, caught_up = await _next_page(connection)
            progress(position)
            if caught_up:
                return position


async def differ(connection: Connection, progress: Callable[[int], None] = lambda _position: None) -> bool:
    """Whether a rebuild would write other rows than there are. Changes nothing and holds nobody up.

    The log is folded once more, in memory, up to where the rows reach.
    """
    reached: int = await connection.fetchval(statement("span_position"))
    stand = await connection.fetchrow(statement("digest_spans"), reached)
    assert stand is not None, "a count is always one row"
    live: dict[tuple[str, str], _Row] = {}
    position = count = digest = 0
    while position < reached:
        rows = await connection.fetch(
            statement("spans_to_write"), position, KINDS, PAGE, reached, _PAGE_BYTES
        )
        records = [_read(row) for row in rows if row["position"] is not None]
        changes = _Changes()
        _fold(_steps(records), live, changes)
        all_there = not records or len(records) == rows[0]["candidates"] < PAGE
        position = reached if all_there else records[-1].position
        if position == reached:
            changes.added += [_added(one, FOR_EVER) for one in live.values()]
        for row in changes.added:
            digest ^= _digest(row)
        count += len(changes.added)
        progress(position)
        await asyncio.sleep(0)
    return (stand["rows"], stand["digest"]) != (count, digest)


async def _next_page(connection: Connection, until: int = FOR_EVER) -> tuple[int, bool]:
    """Write one page; where the rows stand then, and whether the log goes no further."""
    position: int = await connection.fetchval(statement("lock_spans"))
    rows = await connection.fetch(statement("spans_to_write"), position, KINDS, PAGE, until, _PAGE_BYTES)
    found = [row for row in rows if row["position"] is not None]
    head = rows[0]["head"] if rows else position
    records = _records_that_fit(found)
    await asyncio.sleep(0)
    changes = await _changes(connection, records)
    if changes.ended:
        await connection.execute(statement("end_spans"), *columns(changes.ended, 3))
    if changes.added:
        await connection.execute(statement("add_spans"), *columns(changes.added, 9))
    all_there = not found or len(records) == found[0]["candidates"] < PAGE
    reached: int = min(head, until) if all_there else records[-1].position
    if reached > position:
        await connection.execute(statement("move_spans"), reached)
    return reached, all_there


def _records_that_fit(rows: Sequence[asyncpg.Record]) -> list[Folded]:
    """The records of a page, as many as change so much and no more, but one at least."""
    records: list[Folded] = []
    changes = 0
    for row in rows:
        record = _read(row)
        changes += sum(len(tuple(fold.keys(record.data))) for fold in FOLDS[type(record.data)])
        if records and changes > _PAGE_CHANGES:
            break
        records.append(record)
    return records


async def _changes(connection: Connection, records: Iterable[Folded]) -> _Changes:
    """What the records do to the rows, which are read first as far as any of them is about them."""
    steps = _steps(records)
    touched = list(dict.fromkeys((fold.fact.noun, key) for _, fold, key in steps))
    live: dict[tuple[str, str], _Row] = {}
    for row in await connection.fetch(statement("live_spans"), *columns(touched, 2)):
        fact = decoded(row["noun"], row["value"])
        live[row["noun"], row["key"]] = _Row(fact, row["since"], row["created"], stored=True)
    await asyncio.sleep(0)
    found = _Changes()
    _fold(steps, live, found)
    found.added += [_added(one, FOR_EVER) for one in live.values() if not one.stored]
    return found


def _steps(records: Iterable[Folded]) -> list[tuple[Folded, Fold, str]]:
    return [
        (record, fold, key)
        for record in records
        for fold in FOLDS[type(record.data)]
        for key in fold.keys(record.data)
    ]


def _fold(
    steps: Iterable[tuple[Folded, Fold, str]], live: dict[tuple[str, str], _Row], found: _Changes
) -> None:
    """Fold into what is live; what ended is found."""
    for record, fold, key in steps:
        noun, before = fold.fact.noun, live.get((fold.fact.noun, key))
        after = fold.step(before.fact if before else None, record.data, record, key)
        if before is not None and after == before.fact:
            continue
        if before is not None:
            _end(found, noun, key, before, record.position)
            del live[noun, key]
        if after is not None:
            created = before.created if before else record.position
            live[noun, key] = _Row(after, record.position, created, stored=False)


def _end(found: _Changes, noun: str, key: str, row: _Row, position: int) -> None:
    if row.stored:
        found.ended.append((noun, key, position))
    elif row.since < position:  # what one record makes and changes again held at no position
        found.added.append(_added(row, position))


def _added(row: _Row, until: int) -> tuple[object, ...]:
    fact = row.fact
    value = msgspec.json.encode(fact).decode()
    return (
        *(fact.noun, fact.key, fact.application, fact.version, fact.place),
        *(row.since, until, row.created, value),
    )


def _digest(row: tuple[object, ...]) -> int:
    """What digest_spans.sql makes of a row: a signed number of 64 bits."""
    *before, until, created, value = row
    text = "|".join(map(str, (*before, "" if until == FOR_EVER else until, created, value)))
    octets = hashlib.md5(text.encode(), usedforsecurity=False).digest()[:8]
    return int.from_bytes(octets, signed=True)


def _read(row: asyncpg.Record) -> Folded:
    return recorded.decode_to_fold(row["entry"], row["position"])


def statement(name: str) -> str:
    """The statement in `sql/<name>.sql`."""
    return sql.texts("projections")[name]


def decoded(noun: str, value: str) -> Any:
    """The fact that a row's value holds."""
    decoder = _decoders.get(noun)
    if decoder is None:
        decoder = _decoders[noun] = msgspec.json.Decoder(FACTS[noun])
    return decoder.decode(value)


def columns(rows: Sequence[tuple[object, ...]], width: int) -> tuple[list[object], ...]:
    """Rows as one array a column, the form that unnest takes apart again."""
    return tuple([row[column] for row in rows] for column in range(width))
