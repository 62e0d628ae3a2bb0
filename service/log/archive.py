"""A backup's container: a gzipped tar of parts, then a manifest with the SHA-256 of each, and the manifest's MAC.

Any tar unpacks it. The parts of one table, one behind the other, are that table as CSV. Writing and reading hold one
part in memory. A file gets its name when it is complete and durable; until then it ends in `.new`.
"""

import fcntl
import gzip
import hashlib
import hmac
import io
import itertools
import os
import tarfile
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from service import errors
from service.log import durable
from service.log.keys import Keys

FORMAT = 1
PART_BYTES = 4 * 1024 * 1024
_MANIFEST, _MAC = "manifest.json", "manifest.mac"
_PURPOSE = "backup"
_MEMBER_BYTES_MAX = 64 * 1024 * 1024
"""More than any member has, a manifest of a hundred thousand parts included: what claims more is none of ours."""
_COMPRESSION = 4
"""Packing harder takes half as long again, and spares a twentieth."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One member. A table's begin with its name: `log/000001.csv`."""

    name: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a file holds. `record` is everything but the people's keys, `keys` is those alone.

    `root` (hex) is that of the log at `position`. `state` is the digest of the directory folded up to there by the
    code that `fold` names, empty where none was made. `later_key` is the fingerprint of the one in force, empty
    for the first. `rows` counts each table's rows.
    """

    format: int
    holds: Literal["record", "keys"]
    made_at: datetime
    release: str
    account: str
    epoch: str
    position: int
    root: str
    key_check: str
    later_key: str = ""
    migrations: tuple[str, ...]
    rows: dict[str, int] = {}
    state: str = ""
    fold: str = ""
    parts: tuple[Part, ...] = ()


class Writing:
    """A file being written: `put` tables one by one, `finish`, `name`. Leave it by `close`, whatever happened."""

    def __init__(self, path: Path) -> None:
        """Begin the file. Raises Refused while somebody else writes it, OSError where it cannot be made."""
        self._path = path
        self._named = False
        self.unfinished = path.with_name(path.name + ".new")
        self._file = os.fdopen(self._alone(), "wb")
        self._zip = gzip.GzipFile("", "wb", _COMPRESSION, self._file, 0)
        self._tar = tarfile.open(fileobj=self._zip, mode="w|", format=tarfile.PAX_FORMAT)  # noqa: SIM115  # `finish` closes it
        self._pending = bytearray()
        self._table, self._number = "", 0
        self._parts: list[Part] = []

    def put(self, table: str, octets: bytes) -> None:
        """Take in more of a table's CSV. Whoever has begun another table does not come back to it."""
        if table != self._table:
            self._end_table()
            self._table, self._number = table, 0
        self._pending += octets
        while len(self._pending) >= PART_BYTES:
            self._part(bytes(self._pending[:PART_BYTES]))
            del self._pending[:PART_BYTES]

    def add(self, name: str, octets: bytes) -> None:
        """Take in a member that is no table."""
        self._end_table()
        self._parts.append(Part(name=name, size=len(octets), sha256=hashlib.sha256(octets).hexdigest()))
        self._member(name, octets)

    def finish(self, manifest: Manifest, keys: Keys) -> None:
        """Write the manifest with what was put, and its MAC, and make the file durable, still under `unfinished`."""
        self._end_table()
        body = msgspec.json.encode(msgspec.structs.replace(manifest, parts=tuple(self._parts)))
        self._member(_MANIFEST, body)
        self._member(_MAC, keys.mac(_PURPOSE, body).hex().encode() + b"\n")
        self._tar.close()
        self._zip.close()
        self._file.flush()
        os.fsync(self._file.fileno())

    def name(self) -> None:
        """Give the finished file its name, in the place of one that has it."""
        self.unfinished.replace(self._path)
        self._named = True
        durable.sync_directory(self._path.parent)

    def close(self) -> None:
        """Let go of the file; one that was not named is removed."""
        if not self._named:
            self.unfinished.unlink(missing_ok=True)
        self._file.close()

    def _alone(self) -> int:
        """The unfinished file's descriptor, locked and empty: what an interrupted run left is nobody's."""
        while True:
            flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(self.unfinished, flags, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_at(descriptor, self.unfinished):
                    os.fchmod(descriptor, 0o600)  # what an interrupted run left may have another mode
                    os.ftruncate(descriptor, 0)
                    return descriptor
            except BlockingIOError as failure:
                os.close(descriptor)
                raise errors.Refused(
                    "being_made", f"Another backup is writing {self._path} at this moment."
                ) from failure
            os.close(descriptor)  # it has got its name since, or was removed

    def _end_table(self) -> None:
        if self._pending:
            self._part(bytes(self._pending))
            self._pending.clear()

    def _part(self, octets: bytes) -> None:
        self._number += 1
        name = f"{self._table}/{self._number:06}.csv"
        self._parts.append(Part(name=name, size=len(octets), sha256=hashlib.sha256(octets).hexdigest()))
        self._member(name, octets)

    def _member(self, name: str, octets: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(octets), 0o600
        self._tar.addfile(member, io.BytesIO(octets))


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the open file is still the one at the path."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


class Reading:
    """A file being read once, in its order: `tables` to the end, then `manifest`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._parts: list[Part] = []
        self._manifest, self._mac = b"", b""

    def tables(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Each table's name, or another member's, with its pieces, to be used up before the next one is asked for.

        Raises Broken for a file that is damaged or is no backup.
        """
        for table, pieces in itertools.groupby(self._members(), lambda member: member[0].partition("/")[0]):
            yield table, (octets for _, octets in pieces)

    def manifest(self, keys: Keys | None) -> Manifest:
        """The manifest, once everything that was read agrees with it, and it with its MAC where the keys are at hand.

        Raises Broken, naming the file; Refused for one that was made under another MUNIMENT_KEY or by a later release.
        """
        try:
            found = msgspec.json.decode(self._manifest, type=Manifest)
        except (msgspec.DecodeError, UnicodeDecodeError) as failure:
            raise self._damaged("its manifest is missing or cannot be read") from failure
        if found.format != FORMAT:
            raise errors.Refused(
                "later_format", f"{self._path} was written by a later release, muniment {found.release}."
            )
        if keys is not None:
            if found.key_check != keys.key_check.hex():
                raise errors.Refused(
                    "another_key",
                    f"{self._path} was made under another MUNIMENT_KEY than the one given here: nothing in it could be"
                    " opened. Set MUNIMENT_KEY to the one that the account had.",
                )
            if not hmac.compare_digest(self._mac.strip(), keys.mac(_PURPOSE, self._manifest).hex().encode()):
                raise self._damaged("its manifest was changed after it was made: the MAC does not hold")
        if list(found.parts) != self._parts:
            different = next(
                (part.name for part in found.parts if part not in self._parts),
                self._parts[-1].name if self._parts else "nothing",
            )
            raise self._damaged(f"{different} is not what the manifest says")
        return found

    def _members(self) -> Iterator[tuple[str, bytes]]:
        try:
            with (
                self._path.open("rb") as file,
                gzip.GzipFile(fileobj=file) as unzipped,
                tarfile.open(fileobj=unzipped, mode="r|") as tar,
            ):
                for member in tar:
                    taken = tar.extractfile(member) if member.size <= _MEMBER_BYTES_MAX else None
                    if taken is None:
                        raise self._damaged(f"it holds {member.name}, which no backup has")
                    octets = taken.read()
                    if len(octets) != member.size:
                        raise self._damaged("it ends too early")
                    if not self._kept(member.name, octets):
                        yield member.name, octets
        except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as failure:
            raise self._damaged(str(failure) or type(failure).__name__) from failure

    def _kept(self, name: str, octets: bytes) -> bool:
        """Take note of a member. True for the last two, which are about the others."""
        if name == _MANIFEST:
            self._manifest = octets
        elif name == _MAC:
            self._mac = octets
        else:
            self._parts.append(Part(name=name, size=len(octets), sha256=hashlib.sha256(octets).hexdigest()))
        return name in (_MANIFEST, _MAC)

    def _damaged(self, why: str) -> errors.Broken:
        return errors.Broken(f"{self._path} is damaged or is no backup: {why}.")
