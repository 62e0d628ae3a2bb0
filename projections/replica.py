"""One process's copy of the truth: a directory, its committed head, and the mutex under which both move.

Writer and follower fold only while they hold `mutex`, and skip what is folded already, since a replica's own
commit may be notified before its reply is processed. Readers hold nothing: they name a position at or below
the head, and what a batch folded speculatively stands above it. The head moves only after the commit.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from projections import digest, loading
from projections.directory import Directory
from projections.people import People
from projections.spans import NOTHING_READ, Shelf
from projections.view import View
from service import errors
from service.events.people import PersonForgotten
from service.log import reader, recorded, seal
from service.log.connect import Connection
from service.log.keys import Keys
from service.log.merkle import Frontier
from service.log.reader import Head, Row
from service.log.recorded import Foldable
from service.vocabulary import KeyId

PAGE_RECORDS = 1_000
PAGE_BYTES = 4 * 1024 * 1024  # folded in well under a second, in which the connection may fall silent
_BREATH_BYTES = 64 * 1024
"""Folded between two breaths of the event loop, seventy common records or two of a bulk deletion with more than a
hundred contracts each: an answer takes several turns of the loop, and waits for as many breaths."""
_BULK_BYTES = 2 * 1024 * 1024
"""In one page, from which on the collector is put off: two kilobytes a record are a bulk deletion's."""
_BREATH_PEOPLE = 250
_BREATH_SECONDS = 0.002
"""What opening seals at leisure leaves to others in between: about half."""


class Replica:
    """`position` is the committed head that readers may name; `head` is the log's head at that position.

    `stopped` holds the sentence why this replica no longer follows (a fork, an unknown kind); it then serves nothing.
    """

    def __init__(self, keys: Keys, clock: Callable[[], datetime]) -> None:
        self.keys = keys
        self.person_keys = seal.PersonKeys()
        self.directory = Directory()
        self.people = People(lambda personal: seal.open_sealed(personal, self.person_keys))
        self.mutex = asyncio.Lock()
        self.head: Head | None = None
        self.position = 0
        self.stopped = ""
        self._clock = clock
        self._last_leaf = b""  # of the record at `position`
        self._folded_leaf = b""  # of the last record folded, which may stand above `position` after a fault
        self._keys_known_until = 0
        self._added = 0
        self._moved = asyncio.Event()

    # -- reading -----------------------------------------------------------------------------------------

    def now(self) -> View:
        """What is true now: the committed head and the clock."""
        return View(self.directory, self.people, self.position, self._clock())

    def view(self, position: int, instant: datetime | None = None) -> View:
        """What was true at a position: at the instant of its record unless another is given."""
        if instant is None:
            instant = self.directory.instant(position) if position else datetime(1970, 1, 1, tzinfo=UTC)
        return View(self.directory, self.people, position, instant)

    def drafting(self, instant: datetime, shelf: Shelf = NOTHING_READ) -> View:
        """What would be true after what is folded but not yet committed. For the writer alone, under the mutex."""
        return View(self.directory, self.people, self.directory.position, instant, shelf)

    async def wait_for(self, position: int, timeout_seconds: float) -> None:
        """Return once `position` is committed here. Raises TooLate after the bound."""
        try:
            async with asyncio.timeout(timeout_seconds):
                while self.position < position:
                    await self._moved.wait()
        except TimeoutError as failure:
            raise errors.TooLate(
                f"Position {position} did not arrive within {timeout_seconds:g} s; this replica is at {self.position}."
            ) from failure

    async def digested(self) -> tuple[int, dict[str, str]]:
        """A position in the log, and the digests of everything that is known here at exactly that position.

        Writers wait until it is done, about three seconds for a million facts; questions are answered meanwhile.
        """
        found: dict[str, str] = {}
        async with self.mutex:
            for step in digest.steps(self.directory):
                await asyncio.sleep(0)
                if step is not None:
                    found[step[0]] = step[1]
            return self.directory.position, found

    # -- following ---------------------------------------------------------------------------------------

    def resumed(self, directory: Directory, leaf: bytes) -> None:
        """Go on from what was folded before up to a position; `leaf` is its record's. Before the first `catch_up`."""
        assert self.head is None, "a replica that has caught up goes on from what it folded itself"
        self.directory, self._folded_leaf = directory, leaf

    async def catch_up(
        self, connection: Connection, progress: Callable[[int, int], None] = lambda _done, _all: None
    ) -> None:
        """Fold what others appended. Raises Broken on a fork or an unreadable record."""
        async with self.mutex:
            await self.catch_up_held(connection, progress)

    async def catch_up_held(
        self,
        connection: Connection,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
        seen: Callable[[Foldable], None] = lambda _record: None,
    ) -> None:
        """`catch_up` for a caller that holds the mutex already.

        `seen` is told each record once it is folded, so that nothing is missed when the connection is lost midway.
        """
        if self.head is None:
            # The head first: whoever came into being after it has a key that this load may lack.
            head = await reader.head(connection)
            self._keys_known_until = head.position
            await self._require_same_log(connection, head)
            await self.person_keys.load(connection, self.keys)
            self._learn_resumed()
            await self._load(connection, self._keys_known_until, progress)
            # A text that stands beyond the head, and is no record, stops a start too.
            rows = await reader.page(connection, self.directory.position, PAGE_RECORDS)
            await self._fold_rows(connection, rows, seen)
        while True:
            head = await reader.head(connection)
            await self._require_same_log(connection, head)
            if head.position == self.directory.position:
                self.committed(head, self._folded_leaf)
                return
            # A page may reach beyond the head that was just read; then the head is read once more.
            while self.directory.position < head.position:
                await self._fold_page(connection, seen)
                progress(self.directory.position, head.position)

    async def _load(self, connection: Connection, until: int, progress: Callable[[int, int], None]) -> None:
        """Fold all that was there when the keys were loaded, as fast as it goes: nobody is served yet."""
        with loading.uncollected(until - self.directory.position):
            try:
                async with contextlib.aclosing(
                    loading.stretches(connection, self.directory.position, until)
                ) as found:
                    async for records, leaf in found:
                        for record in records:
                            self._fold(record)
                        self._folded_leaf = leaf
                        progress(self.directory.position, until)
            except errors.Broken as failure:
                raise self._stop(failure.sentence) from failure

    def _fold(self, record: Foldable) -> None:
        try:
            self.directory.apply(record)
        except ValueError as failure:
            raise self._stop(f"The log has a gap: {failure}. Run `muniment verify`.") from failure
        self.people.learn(record)
        event = record.data
        if type(event) is PersonForgotten:
            self.forget(event)

    async def learn_people(self) -> None:
        """Open the seals that a start from a snapshot left shut, so that nobody who looks for somebody waits for it.

        Raises Broken, and stops this replica, for one that does not open.
        """
        try:
            more = True
            while more:
                more = self.people.learn_some(_BREATH_PEOPLE)
                await asyncio.sleep(_BREATH_SECONDS)
        except errors.Broken as failure:
            raise self._stop(failure.sentence) from failure

    def _learn_resumed(self) -> None:
        """What folding would have learnt up to where this was resumed: whose keys are gone, and who is called what."""
        for timeline in self.directory.forgotten.values():
            for _, keys in timeline.steps():
                for key in keys or ():
                    self.person_keys.forget(key)  # a copy of the database may have it again
        self.people.learn_earlier(self.directory.principals)

    def committed(self, head: Head, last_leaf: bytes = b"") -> None:
        """Everything folded up to this head is in the log for good; readers may see it."""
        self._seal_under_newest(head.position)
        self.head = head
        self.position = head.position
        if last_leaf:
            self._last_leaf = self._folded_leaf = last_leaf
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    def _seal_under_newest(self, position: int) -> None:
        """Change over to a later secret where the log does. Raises Broken, and stops, where it is not at hand."""
        if len(self.directory.added_keys) == self._added:
            return
        added = self.view(position).added_keys()
        if added:
            try:
                self.keys.seal_under(added[-1][0])
            except errors.Broken as failure:
                raise self._stop(failure.sentence) from failure
        self._added = len(added)

    def forget(self, event: PersonForgotten) -> None:
        """Drop the destroyed keys and whatever they opened. Only for a record that is in the log for good."""
        for key in event.keys:
            self.person_keys.forget(key)
        self.people.forget(event.principal)

    @property
    def root(self) -> bytes:
        """The Merkle root at the committed head."""
        return Frontier.decode(self.head.frontier if self.head else b"").root()

    async def _fold_page(self, connection: Connection, seen: Callable[[Foldable], None]) -> None:
        rows = await reader.page_of_bytes(connection, self.directory.position, PAGE_RECORDS, PAGE_BYTES)
        if not rows:
            raise self._stop(
                f"The log says that it reaches beyond position {self.directory.position}, but the records are missing. "
                "Run `muniment verify`."
            )
        with loading.uncollected(sum(len(row.entry) for row in rows), _BULK_BYTES):
            await self._fold_rows(connection, rows, seen)

    async def _fold_rows(
        self, connection: Connection, rows: list[Row], seen: Callable[[Foldable], None]
    ) -> None:
        records = []
        breath = 0
        for row in rows:
            try:
                records.append(recorded.decode_to_fold(row.entry, row.position))
            except errors.Broken as failure:
                raise self._stop(failure.sentence) from failure
            breath = await _breathe(breath, row)
        await self._learn_keys(connection, records)
        for number, record in enumerate(records, 1):
            self._fold(record)
            self._folded_leaf = rows[number - 1].leaf
            seen(record)
            breath = await _breathe(breath, rows[number - 1])

    async def _learn_keys(self, connection: Connection, records: Sequence[Foldable]) -> None:
        wanted: set[KeyId] = set()
        for record in records:
            if record.position <= self._keys_known_until:
                continue  # the first load brought every key there was; one that is missing was destroyed
            key = getattr(record.data, "key", None)
            if isinstance(key, str):
                wanted.add(KeyId(key))
            wanted.update(one.key for one in (record.reason, record.actor.console) if one is not None)
        unknown = [key for key in wanted if self.person_keys.get(key) is None]
        if unknown:
            await self.person_keys.load_some(connection, self.keys, unknown)

    async def _require_same_log(self, connection: Connection, head: Head) -> None:
        """Compare epoch, position and leaf with what was seen here: a lost tail is never served unnoticed."""
        if head.key_check and head.key_check != self.keys.key_check:
            raise self._stop("The log was opened under another MUNIMENT_KEY. Start with that one.")
        if self.head is None:
            return
        if head.epoch != self.head.epoch:
            raise self._stop("The log has another epoch: its database was restored. Restart this replica.")
        if head.position < self.position:
            raise self._stop(
                f"The log ends at position {head.position}, but position {self.position} was committed: the database "
                "is an older copy. Find the newer one, or run `muniment restored`."
            )
        if self.position and self._last_leaf:
            row = await reader.entry_at(connection, self.position)
            if row is None or row.leaf != self._last_leaf:
                raise self._stop(
                    f"Position {self.position} is another record than the one committed before: the log has forked. "
                    "Find the right database, or run `muniment restored`."
                )

    def _stop(self, sentence: str) -> errors.Broken:
        self.stopped = sentence
        return errors.Broken(sentence)


async def _breathe(octets: int, row: Row) -> int:
    """Count a row that was worked on; let the event loop go on when that was enough since the last breath."""
    octets += len(row.entry)
    if octets < _BREATH_BYTES:
        return octets
    await asyncio.sleep(0)
    return 0
