"""Snapshots: the folded log at one position, kept in Postgres, so that a start need not fold it all again.

A snapshot is believed only under three conditions: its header carries a MAC by a key derived from MUNIMENT_KEY, so it
says what we wrote; it was folded by exactly this release's code; and the log that it speaks of is this one, which the
caller proves by going on from the header's tree (`service.log.witness`). Everything else is replayed from record 1.
The header names the digest of every part, so that nothing is unpacked that the MAC does not cover. It holds seals as
the log does, never a person's text: who was forgotten since stays forgotten.
"""

import asyncio
import base64
import hashlib
import hmac
import queue
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from functools import cache
from importlib import resources

import asyncpg
import msgspec

from projections import digest, loading, snapshot_body, snapshot_parts
from projections.directory import Directory
from projections.snapshot_parts import Unusable
from service.log import sql
from service.log.connect import Connection
from service.log.keys import Keys
from service.log.merkle import Frontier
from service.log.reader import Head

FORMAT = 1
PURPOSE = "snapshot"
"""What the MAC is for: no other text that carries one can be taken for a header."""
_LENGTH_BYTES = 8
_KEPT = 2
"""Of this fold: the newest, and the one before it in case the newest is found unusable."""
_OTHER_FOLDS_KEPT = 2
"""Newest snapshots of other releases, which may still run beside this one or be gone back to."""
_FOLDED_BY = (
    ("projections", (".py",)),
    ("service.events", (".py",)),
    ("service.catalogue", (".py", ".toml")),
    ("service.vocabulary", ()),
    ("service.log.recorded", ()),
)
"""What decides into which state a record is folded. Whoever changes a character of it folds anew, and rightly so."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot says of itself. `frontier` (base64) is the tree of the texts up to `position`, proven when taken.

    `parts` are the SHA-256 of the parts as they are stored, in order; `bytes` is what they unpack to.
    """

    format: int
    account: str
    epoch: str
    position: int
    recorded_at: datetime
    frontier: str
    fold: str
    digest: str
    release: str
    bytes: int
    parts: tuple[str, ...]

    @property
    def tree(self) -> Frontier:
        """The proven tree, a fresh one each time: whoever gets it lets it grow."""
        return Frontier.decode(base64.b64decode(self.frontier))


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """The snapshot to start from, if any, when it was taken, and sentences about newer ones that cannot be used.

    `others` says that there are some of other folds: of another release, which can use them.
    """

    header: Header | None = None
    at: datetime | None = None
    refusals: tuple[str, ...] = ()
    others: bool = False


@cache
def fold_version() -> bytes:
    """32 bytes: SHA-256 over the source of everything that decides how records are folded and how state is written."""
    hashed = hashlib.sha256(b"%d" % FORMAT)
    for name, text in sorted(sources()):
        for one in (name.encode(), text):
            hashed.update(len(one).to_bytes(_LENGTH_BYTES, "big") + one)
    return hashed.digest()


async def choose(connection: Connection, keys: Keys, head: Head) -> Choice:
    """The newest snapshot that this release made of this log and that lies at or below its head."""
    refusals: list[str] = []
    others = False
    for row in await connection.fetch(statement("snapshots")):
        if row["fold"] != fold_version():
            others = True
            continue
        try:
            return Choice(header=_believed(row, keys, head), at=row["at"], refusals=tuple(refusals))
        except Unusable as why:
            refusals.append(str(why))
    return Choice(refusals=tuple(refusals), others=others)


async def load(
    connection: Connection, header: Header, progress: Callable[[int, int], None] = lambda _done, _all: None
) -> Directory:
    """The directory of a header that was believed. Raises Unusable where a part is missing or another one.

    Parts are fetched here, unpacked in one thread and decoded in another, so the event loop goes on meanwhile.
    """
    with loading.uncollected(header.position):
        return await _loaded(connection, header, progress)


async def _loaded(connection: Connection, header: Header, progress: Callable[[int, int], None]) -> Directory:
    arriving: queue.SimpleQueue[Future[bytes]] = queue.SimpleQueue()
    unpacking = ThreadPoolExecutor(1, "muniment snapshot")
    decoding = asyncio.get_running_loop().run_in_executor(
        None, _decoded, header, (arriving.get().result() for _ in header.parts)
    )
    try:
        for number, expected in enumerate(header.parts):
            octets = await connection.fetchval(
                statement("snapshot_part"), bytes.fromhex(header.fold), header.position, number
            )
            arriving.put(unpacking.submit(snapshot_parts.unpacked, octets, expected))
            progress(number, len(header.parts))
            if decoding.done():
                break
        return await decoding
    finally:
        _end(arriving, len(header.parts))
        unpacking.shutdown(wait=False)


async def take(
    connection: Connection, keys: Keys, directory: Directory, head: Head, tree: Frontier, release: str
) -> Header:
    """Keep a snapshot of a directory in which nothing is folded meanwhile, at the head, whose texts make `tree`.

    The caller holds the lock (`lock`). It appears whole or not at all, and takes the place of older ones.
    """
    assert directory.position == head.position == tree.size, "what is folded is what was proven"
    fold, parts, total = fold_version(), list[bytes](), 0
    with loading.uncollected(head.position):
        for part in snapshot_parts.cut(snapshot_body.encode(directory)):
            total += len(part)
            parts.append(snapshot_parts.packed(part))
    header = Header(
        format=FORMAT,
        account=head.account,
        epoch=head.epoch,
        position=head.position,
        recorded_at=head.recorded_at,
        frontier=base64.b64encode(tree.encode()).decode(),
        fold=fold.hex(),
        digest=digest.digest(directory),
        release=release,
        bytes=total,
        parts=tuple(snapshot_parts.digest(part) for part in parts),
    )
    text = msgspec.json.encode(header)
    async with connection.transaction():
        await connection.execute(statement("delete_snapshot"), fold, head.position)
        await connection.execute(statement("delete_snapshot_parts"))
        for number, part in enumerate(parts):
            await connection.execute(statement("insert_snapshot_part"), fold, head.position, number, part)
        await connection.execute(
            statement("insert_snapshot"), fold, head.position, text.decode(), keys.mac(PURPOSE, text)
        )
        await _prune(connection, keys, head)
    return header


async def lock(connection: Connection) -> bool:
    """Whether this session may take a snapshot now; one at a time may. It lets go when it is closed."""
    mine: bool = await connection.fetchval(statement("lock_snapshots"))
    return mine


def statement(name: str) -> str:
    """The statement in `sql/<name>.sql`."""
    return sql.texts("projections")[name]


# -- believing ---------------------------------------------------------------------------------------------


def _believed(row: asyncpg.Record, keys: Keys, head: Head) -> Header:
    """The header in a row of ours. Raises Unusable with the reason why it is not believed."""
    name, text = f"The snapshot at position {row['position']}", row["header"].encode()
    if not hmac.compare_digest(row["mac"], keys.mac(PURPOSE, text)):
        raise Unusable(f"{name} was changed, or made under another MUNIMENT_KEY.")
    try:
        header = msgspec.json.decode(text, type=Header)
    except msgspec.DecodeError as failure:
        raise Unusable(f"{name} cannot be read by this release.") from failure
    if (header.fold, header.position) != (row["fold"].hex(), row["position"]):
        raise Unusable(f"{name} was made as another one, at position {header.position}.")
    if header.account != head.account:
        raise Unusable(f"{name} is of another account ({header.account}).")
    if header.epoch != head.epoch:
        raise Unusable(f"{name} is of the epoch {header.epoch}; the log's is {head.epoch}.")
    if header.position > head.position:
        raise Unusable(f"{name} lies beyond the log's end at {head.position}.")
    return header


async def _prune(connection: Connection, keys: Keys, head: Head) -> None:
    """Leave the newest that can be used, and one of each of a few other folds. What is forged does not count."""
    kept: dict[bytes, int] = {}
    for row in await connection.fetch(statement("snapshots")):
        fold = row["fold"]
        if fold == fold_version():
            try:
                _believed(row, keys, head)
                keep = kept.get(fold, 0) < _KEPT
            except Unusable:
                keep = False
        else:
            keep = fold not in kept and len(kept.keys() - {fold_version()}) < _OTHER_FOLDS_KEPT
        if keep:
            kept[fold] = kept.get(fold, 0) + 1
        else:
            await connection.execute(statement("delete_snapshot"), fold, row["position"])
    await connection.execute(statement("delete_snapshot_parts"))


def sources() -> Iterator[tuple[str, bytes]]:
    """Names and texts of the files that make up the fold."""
    for module, suffixes in _FOLDED_BY:
        package, _, name = module.rpartition(".")
        if not suffixes:
            yield module, resources.files(package).joinpath(f"{name}.py").read_bytes()
            continue
        for file in resources.files(module).iterdir():
            if file.name.endswith(suffixes):
                yield f"{module}/{file.name}", file.read_bytes()


# -- reading -----------------------------------------------------------------------------------------------


def _decoded(header: Header, parts: Iterator[bytes]) -> Directory:
    name = f"The snapshot at position {header.position}"
    try:
        directory = snapshot_body.decode(snapshot_parts.sections(parts))
    except Unusable as why:
        raise Unusable(f"{name} cannot be used: {why}.") from why
    except (ValueError, TypeError, LookupError, RuntimeError, msgspec.MsgspecError, zlib.error) as failure:
        raise Unusable(f"{name} cannot be read by this release: {failure}.") from failure
    if directory.position != header.position:
        raise Unusable(f"{name} holds the state at {directory.position}.")
    return directory


def _end(arriving: "queue.SimpleQueue[Future[bytes]]", parts: int) -> None:
    """Let whoever still waits for a part end: none will come."""
    ended: Future[bytes] = Future()
    ended.set_exception(Unusable("it was not read to its end"))
    for _ in range(parts):
        arriving.put(ended)
