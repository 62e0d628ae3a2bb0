"""The searchable trail: one row a record and one a thing that it touches, in Postgres.

Disposable: it says nothing that the log does not say, and is rebuilt from it. One replica writes at a time, by the row
lock on `trail_head`; the rows and the position they reach are one transaction, so a crash leaves neither a gap nor
a repeat. No person's name enters it: names are found as ids before a search, and opened after it.
"""

import asyncio
from collections.abc import Iterable
from functools import cache
from importlib import resources

import asyncpg
import msgspec

from service import errors
from service.events.attempts import AttemptDenied
from service.events.contracts import ContractsRemoved
from service.log import reader, recorded
from service.log.connect import Connection
from service.log.recorded import Recorded

PAGE = 500
"""Records a transaction: large enough to catch up fast, small enough that nobody waits long for the lock."""
PAGE_BYTES = 1024 * 1024
_TOUCHES_AT_ONCE = 5_000
"""Rows that one statement inserts: the event loop goes on between two."""
_BREATH_BYTES = 64 * 1024
DONE = "done"
DENIED = "denied"


class _Entry(msgspec.Struct, frozen=True):
    """The columns of one row of `trail`, in their order."""

    position: int
    event_id: str
    recorded_at: object
    kind: str
    outcome: str
    actor: str
    actor_kind: str
    correlation: str | None
    subject_type: str
    subject: str


async def advance(connection: Connection, until: int | None = None) -> int:
    """Write what the log holds beyond the trail, page by page. Returns the position that the trail has reached.

    With `until` it ends once that position is reached, however much is appended meanwhile. Raises Unavailable when
    another replica holds the trail for long, Broken at a record that this release cannot read: the trail stops
    before it.
    """
    while True:
        position, caught_up = await advance_page(connection)
        if caught_up or (until is not None and position >= until):
            return position


async def advance_page(connection: Connection) -> tuple[int, bool]:
    """One page of `advance`: the position that the trail has reached, and whether that was all."""
    try:
        async with connection.transaction():
            await connection.execute(statement("bound_the_wait"))
            return await _next_page(connection)
    except asyncpg.LockNotAvailableError as failure:
        raise errors.Unavailable("Another replica is writing the trail; try again.") from failure


async def rebuild(connection: Connection) -> int:
    """Empty the trail and fill it again from the first record on; whoever searches meanwhile sees the old one.

    One transaction. Returns the position reached.
    """
    async with connection.transaction():
        await connection.fetchval(statement("lock_trail"))
        await connection.execute(statement("empty_touches"))
        await connection.execute(statement("empty_trail"))
        await connection.execute(statement("move_trail"), 0)
        while True:
            position, caught_up = await _next_page(connection)
            if caught_up:
                return position


def actor_of(record: Recorded) -> tuple[str, str]:
    """(actor, its kind) as the trail names them: a principal by its id, everybody else by what they are.

    The kind is `principal`, `console`, `system`, or `code`: the bearer of an invitation's one-time code.
    """
    actor = record.actor
    if actor.principal is not None:
        return actor.principal, "principal"
    kind = "console" if actor.console is not None else "system" if actor.system else "code"
    return kind, kind


def touched(record: Recorded) -> tuple[str, ...]:
    """The ids of everything that the record touches, each once, the contracts of a bulk deletion included."""
    found = dict.fromkeys(thing.id for thing in record.touches)
    if isinstance(record.data, ContractsRemoved):
        found.update(
            dict.fromkeys(
                one
                for gone in record.data.contracts
                for one in (gone.contract, gone.consumer, gone.provider, f"{gone.consumer}/{gone.provider}")
            )
        )
    return tuple(found)


@cache
def statement(name: str) -> str:
    """The statement in `sql/<name>.sql`."""
    return resources.files("projections").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


async def _next_page(connection: Connection) -> tuple[int, bool]:
    """Write one page; where the trail stands then, and whether the log goes no further."""
    position: int = await connection.fetchval(statement("lock_trail"))
    rows = await reader.page_of_bytes(connection, position, PAGE, PAGE_BYTES)
    if not rows:
        return position, True
    entries: list[_Entry] = []
    touches: list[tuple[str, int]] = []
    octets = 0
    for row in rows:
        record = recorded.decode(row.entry, row.position)
        entries.append(_entry(record))
        touches += [(thing, record.position) for thing in touched(record)]
        octets += len(row.entry)
        if octets // _BREATH_BYTES != (octets - len(row.entry)) // _BREATH_BYTES:
            await asyncio.sleep(0)
    await connection.execute(statement("add_to_trail"), *_columns(entries))
    for start in range(0, len(touches), _TOUCHES_AT_ONCE):
        things, positions = zip(*touches[start : start + _TOUCHES_AT_ONCE], strict=True)
        await connection.execute(statement("add_touches"), things, positions)
    await connection.execute(statement("move_trail"), rows[-1].position)
    return rows[-1].position, len(rows) < PAGE and octets < PAGE_BYTES


def _entry(record: Recorded) -> _Entry:
    actor, actor_kind = actor_of(record)
    subject = record.touches[0] if record.touches else None
    return _Entry(
        position=record.position,
        event_id=record.id,
        recorded_at=record.recorded_at,
        kind=recorded.kind_of(record.data),
        outcome=DENIED if isinstance(record.data, AttemptDenied) else DONE,
        actor=actor,
        actor_kind=actor_kind,
        correlation=record.correlation,
        subject_type=subject.type if subject else "account",
        subject=subject.id if subject else "",
    )


def _columns(entries: Iterable[_Entry]) -> list[list[object]]:
    rows = [msgspec.structs.astuple(entry) for entry in entries]
    return [list(column) for column in zip(*rows, strict=True)]
