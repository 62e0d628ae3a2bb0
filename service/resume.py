"""Starting from a snapshot: what was folded before is taken over where the log proves to be the same one.

Whatever is wrong with a snapshot costs time and nothing else: the caller then hashes and replays the whole log, which
says what is wrong with it, if anything is.
"""

from collections.abc import Callable

import msgspec
import structlog

from projections import snapshot
from projections.replica import Replica
from projections.snapshot import Header
from projections.snapshot_parts import Unusable
from service import errors
from service.log import reader, witness
from service.log.connect import Connection
from service.log.witness import Proven, Seen

_OTHERS = "The snapshots that there are were made by other releases: the log is replayed from record 1."
_log = structlog.get_logger("muniment")


class Resumed(msgspec.Struct, frozen=True, kw_only=True):
    """What a replica goes on from: the snapshot, if one could be used, and the log proven from its tree on.

    `notices` say why others could not be used, which whoever started it may want to know.
    """

    header: Header | None = None
    proven: Proven | None = None
    notices: tuple[str, ...] = ()


async def resumed(
    replica: Replica, connection: Connection, seen: Seen | None, progress: Callable[[int, int], None]
) -> Resumed:
    """Let the replica go on from the newest snapshot that can be believed. It still has to catch up.

    `seen` was recalled before the log was looked at.
    """
    head = await reader.head(connection)
    choice = await snapshot.choose(connection, replica.keys, head)
    notices = list(choice.refusals)
    header = choice.header
    if header is None:
        return _replaying(notices) if notices or not choice.others else Resumed(notices=(_OTHERS,))
    try:
        proven = await witness.require_no_fork(connection, seen, header.tree)
        row = await reader.entry_at(connection, header.position)

        def told(done: int, of: int) -> None:
            progress(header.position * done // of, head.position)

        directory = await snapshot.load(connection, header, told)
    except Unusable as why:
        return _replaying([*notices, str(why)])
    except errors.Broken as failure:
        return _replaying(
            [*notices, f"The snapshot at position {header.position} is not used: {failure.sentence}"]
        )
    replica.resumed(directory, b"" if row is None else row.leaf)
    _log.info("resumed from a snapshot", position=header.position, head=head.position)
    told_of = tuple(f"Warning: {notice} An older one is used." for notice in notices[:1])
    return Resumed(header=header, proven=proven, notices=told_of)


def _replaying(notices: list[str]) -> Resumed:
    return Resumed(
        notices=tuple(f"Warning: {notice} The log is replayed from record 1." for notice in notices[:1])
    )
