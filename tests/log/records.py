"""Records for the log's tests: written through the writer, so that they are what production writes."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from service.events import Event
from service.events.account import LogOpened
from service.events.roles import RoleRenamed
from service.log import batches, recorded, writer
from service.log.connect import Connection
from service.log.keys import Keys
from service.log.reader import Head
from service.log.recorded import Actor, Recorded
from service.vocabulary import EventId, PrincipalId, RoleId, Thing

KEYS = Keys.derived(bytes(range(32)))
SIGNER = KEYS.signer("muniment.test/account")
SALLY = PrincipalId("5a111111-0000-4000-8000-000000000001")


def new_id() -> str:
    """Any id."""
    return str(uuid.uuid4())


def renamed(before: str = "Tester", after: str = "Prüfer") -> RoleRenamed:
    """Any fact."""
    return RoleRenamed(role=RoleId(new_id()), before=before, after=after)


def opened(head: Head) -> LogOpened:
    """The fact that record 1 of this log holds."""
    return LogOpened(account=head.account, epoch=head.epoch, origin=SIGNER.origin, verifier=SIGNER.verifier)


def record(position: int, at: datetime, event: Event) -> Recorded:
    """A record of this event by Sally."""
    return Recorded(
        v=recorded.VERSION,
        position=position,
        id=EventId(new_id()),
        recorded_at=at,
        rule=1,
        catalogue=1,
        release="0.1.0",
        actor=Actor(principal=SALLY),
        data=event,
        touches=(Thing("role", event.role),) if isinstance(event, RoleRenamed) else (),
    )


def entries(head: Head, at: datetime, events: Sequence[Event]) -> list[tuple[Recorded, bytes]]:
    """Records of these events behind the head, a microsecond apart, beginning at this time."""
    start = max(at, head.recorded_at + timedelta(microseconds=1))
    made = [
        record(head.position + 1 + number, start + timedelta(microseconds=number), event)
        for number, event in enumerate(events)
    ]
    return [(one, recorded.encode(one)) for one in made]


async def clock(connection: Connection) -> datetime:
    """The database's clock."""
    now: datetime = await connection.fetchval("select clock_timestamp()")
    return now


async def appended(connection: Connection, head: Head, events: Sequence[Event]) -> Head:
    """The head after these events were appended."""
    batch = batches.Batch(entries=entries(head, await clock(connection), events))
    after = await writer.append(connection, head, batch, KEYS.key_check)
    assert after is not None, "nobody else writes to this log"
    return after
