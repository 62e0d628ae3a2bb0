"""Replaying the log into fresh state, on two ways that must end in the same state as what is served.

The straight way folds each record once, as a start does. The other way folds each page in a batch, takes the batch back
and folds it again, as a writer does whose commit was lost. A difference between any two of them is a defect.
"""

import contextlib
from collections.abc import Callable

import msgspec

from projections import digest, loading
from projections.directory import Directory
from service.log import recorded
from service.log.connect import Connection

PAGE = loading.STRETCH
"""Records folded before others get their turn: some tens of milliseconds."""
Progress = Callable[[int, int], None]
"""Told (positions done, positions in all)."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found at `position`: the digest of the state, and the parts in which some folding disagreed.

    `served_differing` are the parts in which what a service says of itself disagreed, at the position that it named.
    """

    position: int
    digest: str
    differing: tuple[str, ...]
    served_differing: tuple[str, ...] = ()


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """What a running service says of the directory that it answers from: the digests of its parts at a position."""

    position: int
    parts: dict[str, str]


async def check(
    connection: Connection, own: Directory, progress: Progress, served: Served | None = None
) -> Check:
    """Replay on both ways up to where `own` stands, and compare all three. Nothing may be folded into it meanwhile.

    With `served`, the replay is compared with it as well, at exactly its position.
    `progress` counts both replays: twice the positions.
    """
    end = own.position
    straight, undone = Directory(), Directory()
    found: dict[int, dict[str, str]] = {}
    for stop in sorted({end, served.position if served else end}):
        await replay(connection, straight, stop, lambda done, _: progress(min(done, end), 2 * end))
        found[stop] = digest.parts(straight)
    await replay(connection, undone, end, lambda done, _: progress(end + done, 2 * end), undo=True)
    ours = found[end]
    differing = {
        *digest.differing(digest.parts(own), ours),
        *digest.differing(ours, digest.parts(undone)),
    }
    return Check(
        position=end,
        digest=digest.whole(ours),
        differing=tuple(sorted(differing)),
        served_differing=digest.differing(served.parts, found[served.position]) if served else (),
    )


async def replay(
    connection: Connection, directory: Directory, until: int, progress: Progress, undo: bool = False
) -> None:
    """Fold the log from where the directory stands up to `until`; with `undo` every page is folded, taken back, folded.

    Raises Broken where the log has a gap or a kind that this release does not know.
    """
    with loading.uncollected(until - directory.position):
        async with contextlib.aclosing(loading.stretches(connection, directory.position, until)) as found:
            async for records, _ in found:
                if undo:
                    _fold_and_undo(directory, records)
                apply = directory.apply
                for record in records:
                    apply(record)
                progress(directory.position, until)


def _fold_and_undo(directory: Directory, records: list[recorded.Folded]) -> None:
    directory.begin()
    for record in records:
        directory.apply(record)
    directory.undo()
    directory.keep()
