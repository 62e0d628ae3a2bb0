"""What happened to a thing since a version of it: for whoever is told that the decision was made on an older one."""

from collections.abc import Callable
from typing import Final

import msgspec

from projections.principals import Principal
from projections.replica import Replica
from service import errors
from service.log import reader, recorded
from service.orders import Condition
from service.queries.names import Discreet
from service.queries.reading import Reader
from service.queries.sentences import sentence

CHANGES_MAX: Final = 20
"""The newest that are told; how many there were before is counted."""


async def told(
    stale: errors.Stale,
    condition: Condition,
    source: Reader,
    replica: Replica,
    readable: Callable[[Principal], bool],
    legible: Callable[[str, str], bool],
) -> errors.Stale:
    """The refusal with the records that changed the thing since, as sentences; without them where they cannot be read.

    A person whom `readable` says no to stays unnamed. So does a team or an application, by its type and id, that
    `legible` says no to, where the noun's own document would not name it: an application's names no team, and that
    of a secret or a webhook not the one that it was moved away from.
    """

    def named(type_: str, thing: str) -> bool:
        return _in_its_document(condition, type_, thing) or legible(type_, thing)

    positions = replica.now().changed_since(condition.noun, condition.thing, stale.decided_on)
    changes = []
    try:
        async with source.connection() as connection:
            for position in positions[-CHANGES_MAX:]:
                row = await reader.entry_at(connection, position)
                if row is not None:
                    record = recorded.decode(row.entry)
                    names = Discreet(replica.directory, replica.people, record.position, readable, named)
                    changes.append(_change(record, names))
    except errors.Unavailable:
        return stale  # that it is stale is known all the same
    return errors.Stale(
        decided_on=stale.decided_on,
        current=stale.current,
        changes=tuple(changes),
        more=len(positions) - len(changes),
    )


def _in_its_document(condition: Condition, type_: str, thing: str) -> bool:
    if condition.noun in ("secret", "webhook"):
        return type_ != "team"
    return condition.noun != "application" or thing == condition.thing


def _change(record: recorded.Recorded, names: Discreet) -> errors.Change:
    return errors.Change(
        position=record.position,
        time=msgspec.to_builtins(record.recorded_at),
        actor=names.actor(record),
        sentence=sentence(record, names),
        event=record.id,
    )
