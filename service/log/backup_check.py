"""A backup's file on its own, without a database: parts against the manifest, records against root and checkpoint."""

import asyncio
import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from service import errors
from service.events.account import LogOpened
from service.log import archive, checkpoint, merkle, recorded
from service.log.archive import Manifest
from service.log.keys import Keys

FORGOTTEN = "forgotten.json"
"""The member of a file of keys that lists whose keys had been destroyed."""
_BREATH_RECORDS = 1_000


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """A file that agrees with itself. `signed` is the size of its newest checkpoint, 0 without one.

    `forgotten` is the list in a file of keys, as it stands there.
    """

    manifest: Manifest
    signed: int = 0
    forgotten: bytes = b""


async def checked(
    path: Path, keys: Keys | None, progress: Callable[[int, int], None] = lambda _done, _all: None
) -> Checked:
    """Read a file to its end and compare everything in it. The manifest's MAC too, where the keys are at hand.

    Raises Broken with what disagrees, Refused for a file of another MUNIMENT_KEY. `progress` is told (done, in all).
    """
    reading = archive.Reading(path)
    walk = _Walk(progress)
    try:
        for table, pieces in reading.tables():
            await walk.take(table, pieces)
    except (csv.Error, ValueError, KeyError) as failure:
        raise errors.Broken(f"{path} is damaged or is no backup: {failure}.") from failure
    manifest = reading.manifest(keys)
    wrong = walk.wrong(manifest) if manifest.holds == "record" else ""
    if wrong:
        raise errors.Broken(f"{path} does not hold what it should: {wrong}.")
    return Checked(manifest=manifest, signed=walk.signed, forgotten=walk.forgotten)


def rows_of(pieces: Iterator[bytes]) -> Iterator[dict[str, str]]:
    """The rows of a table's CSV, each by its columns' names. Raises csv.Error or ValueError for what is none."""
    for row in csv.DictReader(_lines(pieces), strict=True):
        if None in row or None in row.values():
            raise ValueError("a row has more or fewer columns than its table")
        yield row


class _Walk:
    """What one reading of a file finds; what is wrong is said once all of it was read."""

    def __init__(self, progress: Callable[[int, int], None]) -> None:
        self.signed = 0
        self.forgotten = b""
        self._progress = progress
        self._tree = merkle.Frontier()
        self._head: dict[str, str] = {}
        self._note = ""
        self._wrong = ""

    async def take(self, table: str, pieces: Iterator[bytes]) -> None:
        match table:
            case "log_head":
                self._head = next(rows_of(pieces), {})
            case "checkpoint":
                for row in rows_of(pieces):
                    self._note, self.signed = row["note"], int(row["size"])
            case "log":
                await self._records(pieces)
            case _ if table == FORGOTTEN:
                self.forgotten = b"".join(pieces)
            case _:
                for _ in pieces:
                    await asyncio.sleep(0)

    def wrong(self, manifest: Manifest) -> str:
        """Where the records are not what the manifest or the head says; empty where all agree."""
        tree = self._tree
        if not self._wrong and (tree.size, tree.root().hex()) != (manifest.position, manifest.root):
            return f"its {tree.size} records do not make the root that the manifest names"
        if not self._wrong and self._head.get("frontier") != f"\\x{tree.encode().hex()}":
            return "its records do not make the tree of its head"
        if not self._wrong and self.signed > tree.size:
            return f"its newest checkpoint covers {self.signed} records"
        return self._wrong

    async def _records(self, pieces: Iterator[bytes]) -> None:
        total, verifier = int(self._head.get("position", "0")), ""
        for position, row in enumerate(rows_of(pieces), 1):
            entry = row["entry"].encode()
            leaf = merkle.leaf_hash(entry)
            self._tree.append(leaf)
            if (row["position"], row["leaf"]) != (str(position), f"\\x{leaf.hex()}"):
                self._find(f"the record at position {position} is missing or not what its leaf was made of")
            if position == 1:
                opened = recorded.decode(entry, 1).data
                verifier = opened.verifier if isinstance(opened, LogOpened) else ""
            if position == self.signed:
                self._compare_note(verifier)
            if position % _BREATH_RECORDS == 0:
                self._progress(position, total)
                await asyncio.sleep(0)

    def _compare_note(self, verifier: str) -> None:
        try:
            said = checkpoint.verify(self._note, verifier)
        except (errors.Broken, errors.Invalid) as failure:
            self._find(failure.sentence)
            return
        if (said.size, said.root) != (self._tree.size, self._tree.root()):
            self._find(f"the records do not make the root of the signed checkpoint of {said.size} records")

    def _find(self, wrong: str) -> None:
        self._wrong = self._wrong or wrong


def _lines(pieces: Iterator[bytes]) -> Iterator[str]:
    """The text line by line, each with its end, which CSV needs inside quotes."""
    rest = b""
    for octets in pieces:
        *whole, rest = (rest + octets).split(b"\n")
        for line in whole:
            yield f"{line.decode()}\n"
    if rest:
        yield rest.decode()
