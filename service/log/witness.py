"""What this machine last saw of the log, kept outside the database: epoch, position, root and the newest checkpoint.

The file carries a MAC, so a database that was restored, replaced, forked or rewritten cannot agree with it unnoticed,
whoever owns it. It is replaced whole and fsynced, so a crash leaves the old or the new one.
"""

import asyncio
import base64
import hmac
from collections.abc import Iterable
from pathlib import Path

import msgspec

from service import errors
from service.events.account import LogOpened, LogRestored
from service.log import beginning, checkpoint, durable, merkle, reader, recorded, sql
from service.log.connect import Connection
from service.log.keys import Keys
from service.log.merkle import Frontier
from service.log.reader import Head

REMEDY = "Find the database that has it, or accept the loss by `muniment restored`."
_CHUNK = 2_048
"""Texts in memory at once."""
_BREATH_BYTES = 192 * 1024
"""Hashed between two breaths of the event loop: three hundred common texts, or six of a bulk deletion."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """The newest head that was seen from here. `leaf` and `root` are base64.

    `signed` is the size of the newest checkpoint that this machine signed or verified, 0 before the first.
    """

    account: str
    epoch: str
    position: int
    leaf: str
    root: str
    signed: int = 0


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What a database must still hold by what was seen: this root at this size, and a checkpoint of at least `signed`.

    `lost_from` is the first position that is known to be missing, with the sentence that says why; 0 if none is.
    """

    size: int = 0
    root: bytes = b""
    signed: int = 0
    lost_from: int = 0
    sentence: str = ""


class Proven(msgspec.Struct, frozen=True, kw_only=True):
    """A log that agrees with itself and with what was seen: its tree, made of the stored texts.

    `signed` is the size of its newest checkpoint, and `doubt` a sentence about one that is gone.
    """

    tree: Frontier
    signed: int = 0
    doubt: str = ""


class _File(msgspec.Struct, frozen=True):
    seen: msgspec.Raw
    mac: str


def remember(path: Path, head: Head, leaf: bytes, keys: Keys, signed: int = 0) -> None:
    """Keep what was seen. Raises OSError when the directory cannot be written."""
    seen = msgspec.json.encode(
        Seen(
            account=head.account,
            epoch=head.epoch,
            position=head.position,
            leaf=base64.b64encode(leaf).decode(),
            root=base64.b64encode(Frontier.decode(head.frontier).root()).decode(),
            signed=signed,
        )
    )
    durable.replace(path, msgspec.json.encode(_File(msgspec.Raw(seen), keys.mac("witness", seen).hex())))


def recall(path: Path, keys: Keys) -> Seen | None:
    """What was last seen from here, or None. Raises Broken for a file that we did not write."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        file = msgspec.json.decode(text, type=_File)
        if hmac.compare_digest(file.mac, keys.mac("witness", bytes(file.seen)).hex()):
            return msgspec.json.decode(bytes(file.seen), type=Seen)
    except msgspec.DecodeError:
        pass  # the sentence below says it
    raise errors.Broken(
        f"The file {path} was changed or written under another MUNIMENT_KEY. If that was on purpose, remove it."
    )


async def require_no_fork(connection: Connection, seen: Seen | None, begun: Frontier | None = None) -> Proven:
    """Raise Broken unless the stored texts yield the head's root, the newest checkpoint's and the one seen from here.

    Every text is hashed anew, so that a record that was changed together with its leaf and the head's tree is found
    before anything is served or signed: neither the file nor the checkpoint can be made without MUNIMENT_KEY.
    With `begun`, a tree that was proven earlier from the texts below its size, only those beyond it are hashed: another
    log does not lead from there to its head. Whoever serves then has the others hashed too (`log.scrub`).
    `seen` was recalled before, so that what another process sees meanwhile is not missed in an older head.
    """
    note = await checkpoint.latest(connection)  # before the head, for the same reason
    head = await reader.head(connection)
    demanded = Claim() if seen is None else await claim(connection, head, seen)
    if demanded.lost_from:
        raise errors.Broken(f"{demanded.sentence} {REMEDY}")
    signed = None if note is None else await _verified(connection, head, note)
    sizes = [demanded.size] + ([signed.size] if signed else [])
    tree, roots = await _hashed(connection, head, sizes, begun)
    if demanded.size and roots[demanded.size] != demanded.root:
        raise errors.Broken(f"{await _differs(connection, seen)} {REMEDY}")
    if signed is not None and roots[signed.size] != signed.root:
        raise errors.Broken(
            f"A record up to position {signed.size} was changed: the log's root there is not that of the signed "
            f"checkpoint. `muniment verify` says more. {REMEDY}"
        )
    newest = signed.size if signed else 0
    doubt = gone(demanded.signed, newest) if newest < demanded.signed else ""
    return Proven(tree=tree, signed=newest, doubt=doubt)


async def require_loss(connection: Connection, seen: Seen | None) -> None:
    """Return where a service that saw what this machine saw would refuse to serve; raise Refused elsewhere."""
    try:
        await require_no_fork(connection, seen)
    except errors.Broken:
        return
    if seen is None:
        raise errors.Refused(
            "nothing_lost",
            "This machine has not seen the log before, so it cannot tell that anything is missing. Run this where a"
            " service refuses to serve, or with --force: a new epoch stops every service on the log until it is"
            " restarted.",
        )
    raise errors.Refused(
        "nothing_lost",
        f"Nothing is missing: the log holds what was seen from here, up to position {seen.position}. A new epoch would "
        "stop every service on it until it is restarted; --force begins one all the same.",
    )


async def grown(connection: Connection, tree: Frontier, until: int) -> None:
    """Let the tree take in the stored texts up to a position. It stays behind where records are missing."""
    while tree.size < until:
        end = min(tree.size + _CHUNK, until)
        # Hashed here: it costs half of what Postgres takes, and nobody there can say what the hash is.
        octets = 0
        for row in await connection.fetch(sql.text("texts"), tree.size, end):
            text = row["entry"].encode()
            tree.append(merkle.leaf_hash(text))
            octets += len(text)
            if octets >= _BREATH_BYTES:
                await asyncio.sleep(0)
                octets = 0
        if tree.size < end:
            return


async def require_tree(connection: Connection) -> Frontier:
    """The tree that the stored texts make, whatever was seen. Raises Broken unless it is the head's."""
    return (await _hashed(connection, await reader.head(connection), []))[0]


def require_same_tree(tree: Frontier, head: Head) -> None:
    """Raise Broken unless the texts' tree is the one that the head holds."""
    if tree.encode() != head.frontier:
        raise errors.Broken(
            f"The records up to position {head.position} do not make the root that the log's head holds: one was "
            "changed, or is missing. Run `muniment verify`."
        )


async def claim(connection: Connection, head: Head, seen: Seen) -> Claim:
    """What the log must hold by what was seen here, as far as the head alone does not deny it already."""
    if seen.account != head.account:
        return Claim(lost_from=1, sentence=f"This database holds another account's log ({head.account}).")
    here = Claim(size=seen.position, root=base64.b64decode(seen.root), signed=seen.signed)
    if seen.epoch != head.epoch:
        since = await _restored_since(connection, seen.epoch, head.epoch)
        if since is None:
            return Claim(
                lost_from=max(seen.position, 1),
                sentence=f"The log has the epoch {head.epoch}, which does not follow {seen.epoch}, seen from here"
                " before.",
            )
        if seen.position >= since[0][0] or any(0 < one.lost_from <= seen.position for _, one in since):
            return Claim()  # a person accepted that this is gone
        return msgspec.structs.replace(here, signed=0)
    if head.position < seen.position:
        return Claim(
            lost_from=head.position + 1,
            sentence=f"The log ends at position {head.position}, but position {seen.position} was seen from here.",
        )
    return here


async def lost(connection: Connection, head: Head, seen: Seen | None) -> tuple[int, int]:
    """The first and the last position that were seen from here and are missing or other ones now; zeros for none."""
    if seen is None or seen.account != head.account or not seen.position:
        return 0, 0
    if seen.position > head.position:
        return head.position + 1, seen.position
    row = await reader.entry_at(connection, seen.position)
    if row is None or row.leaf != base64.b64decode(seen.leaf):
        return seen.position, seen.position
    _, roots = await _hashed(connection, head, [seen.position])
    if roots[seen.position] != base64.b64decode(seen.root):
        return 1, seen.position
    return 0, 0


def gone(signed: int, newest: int) -> str:
    """The sentence about a checkpoint that is no longer there."""
    left = f"the newest one that is left covers {newest}" if newest else "none is left"
    return f"A signed checkpoint of {signed} records was seen from here, and {left}: it was deleted."


async def _hashed(
    connection: Connection, head: Head, sizes: Iterable[int], begun: Frontier | None = None
) -> tuple[Frontier, dict[int, bytes]]:
    """The texts' tree at the head, and its roots at the sizes on the way."""
    tree, roots = begun.copy() if begun else Frontier(), dict[int, bytes]()
    for size in sorted({*sizes, head.position}):
        if begun is not None and size < begun.size:
            roots[size] = await beginning.root(connection, size, begun)
            continue
        await grown(connection, tree, size)
        roots[size] = tree.root()
    require_same_tree(tree, head)
    return tree, roots


async def _verified(connection: Connection, head: Head, note: str) -> checkpoint.Checkpoint:
    """The newest note, once its signature by the key that record 1 names was checked."""
    first = await reader.entry_at(connection, 1)
    opened = None if first is None else recorded.decode(first.entry, first.position).data
    if not isinstance(opened, LogOpened):
        raise errors.Broken("Record 1 does not open a log, and yet there are signed checkpoints of one.")
    try:
        said = checkpoint.verify(note, opened.verifier)
    except errors.Invalid as failure:
        raise errors.Broken(f"The newest checkpoint cannot be read: {failure.sentence}") from failure
    if said.size > head.position:
        raise errors.Broken(
            f"The log ends at position {head.position}, but a signed checkpoint covers {said.size}. {REMEDY}"
        )
    return said


async def _differs(connection: Connection, seen: Seen | None) -> str:
    assert seen is not None, "only what was seen can differ"
    row = await reader.entry_at(connection, seen.position)
    if row is None or row.leaf != base64.b64decode(seen.leaf):
        return f"Position {seen.position} is another record than the one seen before."
    return f"A record up to position {seen.position} is another one than when it was seen from here."


async def _restored_since(
    connection: Connection, before: str, now: str
) -> list[tuple[int, LogRestored]] | None:
    """The restorations by which, as the log itself says, one epoch became the other; None if it does not say so."""
    chain = []
    for row in await connection.fetch(sql.text("restorations")):
        record = recorded.decode(row["entry"], row["position"])
        event = record.data
        if isinstance(event, LogRestored) and event.epoch_before == before:
            before = event.epoch
            chain.append((record.position, event))
    return chain if before == now else None
