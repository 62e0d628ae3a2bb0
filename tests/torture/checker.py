"""What must be true of a log after any fault, and every way in which it is not, as sentences.

A writer gives each action a request id that it keeps through its retries and that every record of the action names.
So an acknowledgement can be held against the log without believing the service in anything: the id must stand there,
once, up to exactly the position that was acknowledged.
"""

import base64
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import asyncpg
import msgspec

from service.log import merkle


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One stored record, read without the product's own decoder. `first`: no earlier record began its action."""

    position: int
    id: str
    kind: str
    at: datetime
    leaf: bytes
    request: str = ""
    first: bool = True


class Acknowledged(msgspec.Struct, frozen=True, kw_only=True):
    """An action that a writer was told is done. `number` counts the writer's actions in the order of its sending.

    `orders`: into how many orders, each with its own first record, the service takes this request apart.
    """

    writer: str
    number: int
    request: str
    position: int
    orders: int = 1


def violations(
    log: Sequence[Entry],
    acknowledged: Sequence[Acknowledged],
    sent: Iterable[str] = (),
) -> list[str]:
    """Every broken truth. `sent` are the request ids of actions that may be in the log once, or not at all."""
    return [
        *_ordered(log),
        *_each_once(log, acknowledged, sent),
        *_in_order(acknowledged),
    ]


def changed(before: Sequence[Entry], after: Sequence[Entry]) -> list[str]:
    """What of an earlier reading is missing from a later one, or another record there."""
    if len(after) < len(before):
        return [f"The log ended at {len(before)} before, and ends at {len(after)} now."]
    return [
        f"Position {old.position} was {old.kind} {old.id}, and is {new.kind} {new.id} now."
        for old, new in zip(before, after, strict=False)
        if (old.position, old.id, old.leaf) != (new.position, new.id, new.leaf)
    ]


def _ordered(log: Sequence[Entry]) -> Iterator[str]:
    for expected, entry in enumerate(log, 1):
        if entry.position != expected:
            yield f"Position {expected} is missing: {entry.position} stands there."
            return
    ids: dict[str, int] = {}
    for entry in log:
        if entry.id in ids:
            yield f"The event {entry.id} stands at positions {ids[entry.id]} and {entry.position}."
        ids[entry.id] = entry.position
    for one, other in itertools.pairwise(log):
        if other.at <= one.at:
            yield f"Position {other.position} ({other.at}) is not later than the one before it ({one.at})."


def _each_once(
    log: Sequence[Entry], acknowledged: Sequence[Acknowledged], sent: Iterable[str]
) -> Iterator[str]:
    firsts: dict[str, list[int]] = defaultdict(list)
    last: dict[str, int] = {}
    for entry in log:
        if entry.request:
            last[entry.request] = entry.position
            if entry.first:
                firsts[entry.request].append(entry.position)
    known = {one.request for one in acknowledged}
    for one in acknowledged:
        name = f"{one.request} (action {one.number} of {one.writer})"
        if one.request not in last:
            yield f"{name} was acknowledged at position {one.position} and is not in the log."
        elif len(firsts[one.request]) != one.orders:
            yield f"{name} was done {len(firsts[one.request])} times: {firsts[one.request]}, not {one.orders}."
        elif last[one.request] != one.position:
            yield f"{name} was acknowledged at position {one.position} and stands at {last[one.request]}."
    for request in sent:
        if request not in known and len(firsts[request]) > 1:
            yield f"{request}, which was never acknowledged, was done {len(firsts[request])} times: {firsts[request]}."


def _in_order(acknowledged: Sequence[Acknowledged]) -> Iterator[str]:
    by_writer: dict[str, list[Acknowledged]] = defaultdict(list)
    for one in acknowledged:
        by_writer[one.writer].append(one)
    for writer, own in by_writer.items():
        own.sort(key=lambda one: one.number)
        for one, other in itertools.pairwise(own):
            if other.position <= one.position:
                yield (
                    f"{writer} sent action {other.number} after {one.number} was acknowledged at {one.position}, and it"
                    f" stands at {other.position}."
                )


# -- reading, and keeping as evidence ------------------------------------------------------------------------


class _Source(msgspec.Struct, frozen=True):
    request: str = ""


class _Kind(msgspec.Struct, frozen=True):
    kind: str


class _Text(msgspec.Struct, frozen=True):
    """The few members of a record that the checker needs, whatever release wrote it."""

    id: str
    position: int
    recorded_at: datetime
    data: _Kind
    source: _Source = _Source()
    correlation: str | None = None


_text = msgspec.json.Decoder(_Text)


async def read(dsn: str, schema: str = "muniment") -> tuple[list[Entry], list[str]]:
    """The stored log in the order of its positions, and where a copy or a leaf disagrees with its text."""
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(
            f'select position, event_id, entry, leaf from "{schema}".log order by position'  # noqa: S608  # our own name
        )
    finally:
        await connection.close()
    log, doubts = [], []
    for row in rows:
        text = _text.decode(row["entry"])
        if (text.position, text.id) != (row["position"], str(row["event_id"])):
            doubts.append(f"Position {row['position']} holds the text of position {text.position}.")
        if merkle.leaf_hash(row["entry"].encode()) != row["leaf"]:
            doubts.append(f"The leaf at position {row['position']} is not its text's.")
        log.append(
            Entry(
                position=row["position"],
                id=text.id,
                kind=text.data.kind,
                at=text.recorded_at,
                leaf=row["leaf"],
                request=text.source.request,
                first=text.correlation is None,
            )
        )
    return log, doubts


async def texts(dsn: str, kind: str, schema: str = "muniment") -> list[str]:
    """The stored texts of one kind's records, in the order of their positions."""
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(
            f'select entry from "{schema}".log where kind = $1 order by position',  # noqa: S608  # our own name
            kind,
        )
    finally:
        await connection.close()
    return [row["entry"] for row in rows]


def keep(path: Path, structs: Iterable[msgspec.Struct]) -> None:
    """Write what was read or acknowledged beside the other evidence, one line each."""
    with path.open("wb") as file:
        for struct in structs:
            file.write(msgspec.json.encode(struct, enc_hook=_in_words) + b"\n")


def _in_words(octets: object) -> str:
    assert isinstance(octets, bytes), "nothing else in an entry needs another form"
    return base64.b64encode(octets).decode()
