"""What stands outside the database and a log is held against: what this machine saw, and checkpoints kept elsewhere.

Neither can be made without MUNIMENT_KEY, so they betray also whoever changed everything in the database alike.
"""

from collections.abc import Sequence

import msgspec

from service import errors
from service.events.account import LogOpened
from service.log import checkpoint, reader, recorded, witness
from service.log.connect import Connection
from service.log.reader import Head
from service.log.witness import Seen


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint's note that was kept outside, and where: a file's name."""

    source: str
    note: str


class Anchor(msgspec.Struct, frozen=True, kw_only=True):
    """A root that the log must have at a size. `what` is the finding's word, `source` says whose root it is."""

    what: str
    size: int
    root: bytes
    source: str


class Outside(msgspec.Struct, kw_only=True):
    """What to hold the log against, what is at odds already, and the size of a checkpoint that must be there.

    Each of `findings` is (position, what, sentence).
    """

    anchors: list[Anchor]
    findings: list[tuple[int, str, str]]
    signed: int = 0


async def gathered(connection: Connection, head: Head, seen: Seen | None, kept: Sequence[Kept]) -> Outside:
    """What is known from outside about the log with this head."""
    outside = Outside(anchors=[], findings=[])
    if seen is not None:
        await _seen(connection, head, seen, outside)
    if kept:
        first = await reader.entry_at(connection, 1)
        for one in kept:
            _kept(one, head, None if first is None else first.entry, outside)
    return outside


async def _seen(connection: Connection, head: Head, seen: Seen, outside: Outside) -> None:
    demanded = await witness.claim(connection, head, seen)
    if demanded.lost_from:
        outside.findings.append((demanded.lost_from, "seen", demanded.sentence))
    elif demanded.size:
        source = f"the one that was seen from here at position {demanded.size}"
        outside.anchors.append(Anchor(what="seen", size=demanded.size, root=demanded.root, source=source))
    outside.signed = demanded.signed


def _kept(one: Kept, head: Head, first: str | None, outside: Outside) -> None:
    """Check the note's signature by the key that record 1 names. Raises Invalid for what is no checkpoint."""
    said = checkpoint.parse(one.note)
    try:
        checkpoint.verify(one.note, _verifier(first))
    except errors.Broken as failure:
        outside.findings.append((said.size, "kept", f"{one.source}: {failure.sentence}"))
        return
    if said.size > head.position:
        gone = (
            f"{one.source} is a signed checkpoint of {said.size} records, and the log ends at position"
            f" {head.position}: {_span(head.position + 1, said.size)} gone."
        )
        outside.findings.append((head.position + 1, "kept", gone))
        return
    source = f"that of the signed checkpoint of {said.size} records in {one.source}"
    outside.anchors.append(Anchor(what="kept", size=said.size, root=said.root, source=source))


def _verifier(first: str | None) -> str:
    opened = None if first is None else recorded.decode(first).data
    if not isinstance(opened, LogOpened):
        raise errors.Broken("Record 1, which would say who signs, does not open a log.")
    return opened.verifier


def _span(first: int, last: int) -> str:
    return f"position {first} is" if first == last else f"the positions {first} to {last} are"
