"""The pass of `verify` over the records, apart from the database: pages in, findings out."""

from datetime import datetime

import asyncpg
import msgspec

from service import errors
from service.events.account import KeyAdded, LogOpened, LogRestored
from service.log import checkpoint, merkle, reader, recorded, verify_copies, verify_keys, verify_vault
from service.log.recorded import Recorded
from service.log.verify_outside import Anchor, Outside

_EVERY_ONE = ("key", "kept")
_CHANGES_TREE = ("leaf", "gap", "root")
"""Findings from which it follows that later roots differ as well."""


class Finding(msgspec.Struct, frozen=True):
    """One disagreement. `what` is a stable word: gap, leaf, entry, copy, time, trail, tile, root, signature,
    checkpoint, head, opening, key, vault, seen, kept. `position` is 0 where no record is concerned."""

    position: int
    what: str
    sentence: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was verified: this root (hex), so many checkpoints, and the findings by position.

    `positions` is how many the head says there are, `records` how many were there to be read.
    """

    positions: int
    records: int
    root: str
    checkpoints: int
    findings: tuple[Finding, ...]


class Page(msgspec.Struct):
    start: int
    end: int
    rows: dict[int, asyncpg.Record]
    trail: dict[int, asyncpg.Record]
    notes: dict[int, str]
    tiles: dict[tuple[int, int], bytes]


class Beyond(msgspec.Struct):
    """The first things that lie behind the head, where nothing may be."""

    record: int | None
    note: int | None
    tile: int | None


class Walk:
    """The pass itself: pages in their order, then `finish`. It does not touch the database."""

    def __init__(self, head: reader.Head, trail_position: int, outside: Outside) -> None:
        self.head = head
        self.vault = verify_vault.Refs()
        self.keys = verify_keys.Named()
        self.opened: LogOpened | None = None
        self.added: list[tuple[int, KeyAdded]] = []
        self._anchors: dict[int, list[Anchor]] = {}
        for anchor in outside.anchors:
            self._anchors.setdefault(anchor.size, []).append(anchor)
        self._trail_position = trail_position
        self._findings: dict[str, Finding] = {}
        self._epoch = ""
        self._last_at: datetime | None = None
        self._frontier: merkle.Frontier | None = merkle.Frontier()
        self._below: dict[int, list[bytes]] = {0: []}
        self._proven, self._proof = 0, ""
        self._records = 0
        self._checkpoints = 0

    def found(self, position: int, what: str, sentence: str) -> None:
        """Keep the first finding of each kind; of lost keys and of checkpoints that were brought along, every one."""
        under = sentence if what in _EVERY_ONE else what
        if under not in self._findings or position < self._findings[under].position:
            self._findings[under] = Finding(position, what, sentence)

    def page(self, page: Page) -> None:
        """Take in the records from page.start + 1 to page.end."""
        for position in range(page.start + 1, page.end + 1):
            row = page.rows.get(position)
            if row is None:
                self._missing(position, page)
            else:
                self._records += 1
                self._record(position, row, page.trail.get(position))
                self._grow(merkle.leaf_hash(row["entry"].encode()))
            if self._frontier is not None:
                if position % merkle.TILE_WIDTH == 0:
                    self._tile(0, position // merkle.TILE_WIDTH - 1, page)
                if position in page.notes:
                    self._note(position, page.notes[position])
                for anchor in self._anchors.get(position, ()):
                    self._anchor(anchor)

    def finish(self, beyond: Beyond) -> None:
        """After the last page: the head itself, and what lies behind it."""
        end = self.head.position
        if beyond.record is not None:
            self.found(
                beyond.record, "head", f"The head says {end}, and yet there is a record at {beyond.record}."
            )
        if beyond.note is not None:
            gone = f"A checkpoint covers {beyond.note} records and the log holds {end}: its tail is gone."
            self.found(end + 1, "checkpoint", gone)
        if beyond.tile is not None:
            self.found(
                end + 1, "tile", f"A complete tile ends at position {beyond.tile}, and the log ends at {end}."
            )
        if self._last_at is not None and self._last_at != self.head.recorded_at:
            self.found(end, "head", "The head's time is not that of the last record.")
        if self.opened is not None and self._epoch != self.head.epoch:
            self.found(end, "head", f"The head's epoch is {self.head.epoch}; by the log it is {self._epoch}.")
        if self._frontier is not None and self._frontier.encode() != self.head.frontier:
            self._head_differs()

    def report(self) -> Report:
        """The findings in the order of their positions."""
        root = "" if self._frontier is None else self._frontier.root().hex()
        findings = sorted(map(self._judged, self._findings.values()), key=lambda finding: finding.position)
        return Report(
            positions=self.head.position,
            records=self._records,
            root=root,
            checkpoints=self._checkpoints,
            findings=tuple(findings),
        )

    def _record(self, position: int, row: asyncpg.Record, in_trail: asyncpg.Record | None) -> None:
        if merkle.leaf_hash(row["entry"].encode()) != row["leaf"]:
            self.found(
                position,
                "leaf",
                f"The record's text at position {position} is not what its leaf was made of.",
            )
        try:
            record = recorded.decode(row["entry"])
        except errors.Broken as failure:
            self.found(position, "entry", failure.sentence)
            return
        for differs in verify_copies.of_log(position, record, row):
            self.found(position, "copy", differs)
        if self._last_at is not None and record.recorded_at <= self._last_at:
            self.found(
                position, "time", f"The record at position {position} is not later than the one before it."
            )
        self._last_at = record.recorded_at
        self._opening(position, record)
        if position <= self._trail_position:
            for differs in verify_copies.of_trail(position, record, in_trail):
                self.found(position, "trail", differs)
        self.vault.take(record)
        self.keys.take(record)

    def _opening(self, position: int, record: Recorded) -> None:
        event = record.data
        if position == 1:
            if isinstance(event, LogOpened):
                self.opened, self._epoch = event, event.epoch
            if not isinstance(event, LogOpened) or event.account != self.head.account:
                self.found(1, "opening", f"Record 1 does not open the log of account {self.head.account}.")
        elif isinstance(event, LogRestored):
            self._epoch = event.epoch
        elif isinstance(event, KeyAdded):
            self.added.append((position, event))

    def _missing(self, position: int, page: Page) -> None:
        """A record is gone. Where its tile still tells its leaf, everything after it can be verified all the same."""
        self.found(
            position, "gap", f"There is no record at position {position}; the head says {self.head.position}."
        )
        index, inside = divmod(position - 1, merkle.TILE_WIDTH)
        tile = page.tiles.get((0, index))
        if tile is None:
            self._frontier = None
        else:
            self._grow(tile[inside * merkle.HASH_BYTES : (inside + 1) * merkle.HASH_BYTES])

    def _grow(self, leaf: bytes) -> None:
        if self._frontier is not None:
            self._frontier.append(leaf)
            self._below[0].append(leaf)

    def _tile(self, level: int, index: int, page: Page) -> None:
        """Compare a complete tile, and the one above when this one completes it."""
        hashes = self._below[level]
        self._below[level] = []
        span = merkle.TILE_WIDTH**level
        stored = page.tiles.get((level, index))
        first = index * merkle.TILE_WIDTH * span + 1
        if stored is None:
            self.found(
                first, "tile", f"The tile of level {level} over the records from position {first} is missing."
            )
        elif stored != b"".join(hashes):
            inside = next(at for at, hashed in enumerate(hashes) if stored[at * 32 : at * 32 + 32] != hashed)
            self._tile_differs(level, first + inside * span, span)
        above = self._below.setdefault(level + 1, [])
        above.append(merkle.tile_root(b"".join(hashes)))
        if len(above) == merkle.TILE_WIDTH:
            self._tile(level + 1, index // merkle.TILE_WIDTH, page)

    def _tile_differs(self, level: int, position: int, span: int) -> None:
        if level > 0 and any(what in self._findings for what in (*_CHANGES_TREE, "tile")):
            return
        over = f"position {position}" if span == 1 else f"the positions {position} to {position + span - 1}"
        self.found(position, "tile", f"At {over} the log and the tile over it disagree.")

    def _note(self, size: int, note: str) -> None:
        """Check one checkpoint: its form, its signature by the key that record 1 names, and its root."""
        assert self._frontier is not None, "the caller knows the tree up to here"
        if self.opened is None:
            return
        try:
            said = checkpoint.verify(note, self.opened.verifier)
            for _, added in self.added[-1:]:  # from there on whoever has the first key alone signs nothing
                checkpoint.verify(note, added.verifier)
        except errors.Invalid as failure:
            self.found(
                size, "checkpoint", f"The checkpoint at size {size} cannot be read: {failure.sentence}"
            )
            return
        except errors.Broken as failure:
            self.found(size, "signature", failure.sentence)
            return
        if said.size != size:
            self.found(
                size, "checkpoint", f"The checkpoint stored for size {size} is one of size {said.size}."
            )
        elif said.root == self._frontier.root():
            self._proven, self._proof = size, f"The checkpoint at size {size}"
            self._checkpoints += 1
        elif not any(what in self._findings for what in _CHANGES_TREE):
            self._root_differs(size, f"that of the signed checkpoint at size {size}")

    def _anchor(self, anchor: Anchor) -> None:
        """Compare the tree with a root from outside. It is told also after other findings, since it was asked for."""
        assert self._frontier is not None, "the caller knows the tree up to here"
        if anchor.root != self._frontier.root():
            self._root_differs(anchor.size, anchor.source, anchor.what)
        elif anchor.size > self._proven:
            self._proven, self._proof = anchor.size, f"A root from outside, {anchor.source},"

    def _root_differs(self, until: int, than: str, what: str = "root") -> None:
        first = self._proven + 1
        exact = [
            self._findings[one].position
            for one in ("leaf", "tile")
            if one in self._findings and first <= self._findings[one].position <= until
        ]
        if exact:
            first = until = min(exact)
        where = (
            f"The record at position {first}"
            if first == until
            else f"A record from position {first} to {until}"
        )
        how = "was changed together with its leaf" if what == "root" else "is not the one that was there"
        self.found(first, what, f"{where} {how}: the root is not {than}.")

    def _head_differs(self) -> None:
        if any(what in self._findings for what in _CHANGES_TREE):
            return
        if self._proven == self.head.position:
            differs = "The head's tree is not that of the records, which a signed checkpoint or what was seen proves."
            self.found(self._proven, "head", differs)
            return
        self._root_differs(self.head.position, "that of the head")

    def _judged(self, finding: Finding) -> Finding:
        """Say which side was changed, where a checkpoint that holds for the records themselves tells."""
        if finding.what not in ("leaf", "tile") or finding.position > self._proven:
            return finding
        proof = f"{self._proof} proves the record itself: the {finding.what} was changed."
        return Finding(finding.position, finding.what, f"{finding.sentence} {proof}")
