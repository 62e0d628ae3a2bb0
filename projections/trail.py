"""The searchable trail: one row a record and one a thing that it touches, in Postgres.

Disposable: it says nothing that the log does not say, and is rebuilt from it. One replica writes at a time, by the row
lock on `trail_head`; the rows and the position they reach are one transaction, so a crash leaves neither a gap nor
a repeat. No person's name enters it: names are found as ids before a search, and opened after it.

Postgres reads the rows out of the records' texts by itself, so that nothing of it holds up the event loop. What a row
must say stands here as well (`actor_of`, `touched`), and `muniment verify` holds one against the other.
"""

import asyncpg

from service import errors
from service.events.contracts import ContractsRemoved
from service.events.deletions import ContractsRestored
from service.events.results import VerificationResultsRemoved
from service.log import sql
from service.log.connect import Connection
from service.log.recorded import Recorded

PAGE = 500
"""Records a transaction: large enough to catch up fast, small enough that nobody waits long for the lock."""
PAGE_BYTES = 1024 * 1024
DONE = "done"
DENIED = "denied"


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
    """The ids of everything that the record touches, each once, what a bulk deletion removed included."""
    found = dict.fromkeys(thing.id for thing in record.touches)
    if isinstance(record.data, ContractsRemoved | ContractsRestored):
        found.update(
            dict.fromkeys(
                one
                for gone in record.data.contracts
                for one in (gone.contract, gone.consumer, gone.provider, f"{gone.consumer}/{gone.provider}")
            )
        )
    if isinstance(record.data, VerificationResultsRemoved):
        found.update(
            dict.fromkeys(
                one
                for gone in record.data.results
                for one in (gone.result, gone.consumer, gone.provider, f"{gone.consumer}/{gone.provider}")
            )
        )
    return tuple(found)


def statement(name: str) -> str:
    """The statement in `sql/<name>.sql`."""
    return sql.texts("projections")[name]


async def _next_page(connection: Connection) -> tuple[int, bool]:
    """Write one page; where the trail stands then, and whether the log goes no further."""
    position: int = await connection.fetchval(statement("lock_trail"))
    try:
        page = await connection.fetchrow(statement("add_page_to_trail"), position, PAGE, PAGE_BYTES)
    except asyncpg.DataError as failure:  # a text that Postgres cannot read as JSON
        raise errors.Broken(
            f"A text stored after position {position} is not a record: {failure}. Run `muniment verify`."
        ) from failure
    assert page is not None, "a count is always one row"
    if page["reached"] is None:
        return position, True
    await connection.execute(statement("move_trail"), page["reached"])
    return page["reached"], page["records"] < PAGE and page["octets"] < PAGE_BYTES
