"""What this machine last saw of the log, kept outside the database: epoch, position and root, under a MAC.

A database that was restored, replaced or forked cannot agree with it unnoticed. The file is replaced whole and
fsynced, so a crash leaves the old or the new one.
"""

import base64
import hmac
import os
from pathlib import Path

import msgspec

from service import errors
from service.events.account import LogRestored
from service.log import reader, recorded, sql
from service.log.connect import Connection
from service.log.keys import Keys
from service.log.merkle import Frontier
from service.log.reader import Head


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """The newest head that was seen from here. `leaf` and `root` are base64."""

    account: str
    epoch: str
    position: int
    leaf: str
    root: str


class _File(msgspec.Struct, frozen=True):
    seen: msgspec.Raw
    mac: str


def remember(path: Path, head: Head, leaf: bytes, keys: Keys) -> None:
    """Keep what was seen. Raises OSError when the directory cannot be written."""
    seen = msgspec.json.encode(
        Seen(
            account=head.account,
            epoch=head.epoch,
            position=head.position,
            leaf=base64.b64encode(leaf).decode(),
            root=base64.b64encode(Frontier.decode(head.frontier).root()).decode(),
        )
    )
    text = msgspec.json.encode(_File(msgspec.Raw(seen), keys.mac("witness", seen).hex()))
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(f".{os.getpid()}.new")
    with beside.open("wb") as file:
        beside.chmod(0o600)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


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


async def require_no_fork(connection: Connection, head: Head, seen: Seen | None) -> None:
    """Raise Broken when the database lacks what was seen from here: it is an older or another copy."""
    if seen is None:
        return
    remedy = "Find the database that has it, or accept the loss by `muniment restored`."
    if seen.account != head.account:
        raise errors.Broken(f"This database holds another account's log ({head.account}). {remedy}")
    if seen.epoch != head.epoch:
        if await _confirmed(connection, seen.epoch, head.epoch):
            return
        raise errors.Broken(
            f"The log has the epoch {head.epoch}, which does not follow {seen.epoch}, seen from here before. {remedy}"
        )
    if head.position < seen.position:
        raise errors.Broken(
            f"The log ends at position {head.position}, but position {seen.position} was seen from here. {remedy}"
        )
    if seen.position:
        row = await reader.entry_at(connection, seen.position)
        if row is None or row.leaf != base64.b64decode(seen.leaf):
            raise errors.Broken(
                f"Position {seen.position} is another record than the one seen before. {remedy}"
            )


async def _confirmed(connection: Connection, before: str, now: str) -> bool:
    """Whether the log itself says, restoration by restoration, how one epoch became the other."""
    rows = await connection.fetch(sql.text("restorations"))
    for row in rows:
        event = recorded.decode(row["entry"]).data
        if isinstance(event, LogRestored) and event.epoch_before == before:
            before = event.epoch
    return before == now
