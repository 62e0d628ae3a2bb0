"""What repeats the record for searching, by what the record says: the log's own columns and the trail's."""

from collections.abc import Iterator

import asyncpg

from service.events.attempts import AttemptDenied
from service.log import recorded
from service.log.recorded import Recorded
from service.vocabulary import Thing


def of_log(position: int, record: Recorded, row: asyncpg.Record) -> Iterator[str]:
    """A sentence for each column of the log that differs from its record."""
    for column, held in _copies(record).items():
        if row[column] != held:
            yield f"The column {column} at position {position} says {row[column]}; the record says {held}."


def of_trail(position: int, record: Recorded, found: asyncpg.Record | None) -> Iterator[str]:
    """A sentence for each way in which the trail's row differs: what no search finds is as good as gone."""
    if found is None:
        yield f"The trail lacks position {position}. `muniment rebuild` restores it."
        return
    for column, held in _trail_copies(record).items():
        if found[column] != held:
            yield f"The trail's column {column} at position {position} says {found[column]}; the record says {held}."
    untold = {thing.id for thing in record.touches} - set(found["things"])
    if untold:
        yield f"The trail does not say that position {position} touches {min(untold)}."


def _copies(record: Recorded) -> dict[str, object]:
    """What the search columns must say."""
    return {
        "position": record.position,
        "event_id": record.id,
        "kind": recorded.kind_of(record.data),
        "recorded_at": record.recorded_at,
        "actor": record.actor.principal,
    }


def _trail_copies(record: Recorded) -> dict[str, object]:
    """What the trail's columns must say. An actor that is no principal is a word there, not compared."""
    subject = record.touches[0] if record.touches else Thing("", "")
    copies = _copies(record) | {
        "outcome": "denied" if isinstance(record.data, AttemptDenied) else "done",
        "correlation": record.correlation,
        "subject": subject.id,
    }
    if record.actor.principal is None:
        del copies["actor"]
    return copies
