"""THE one door for writing: a queue, one writer, and group commit.

`handle` puts an order on a bounded queue and awaits its outcome. The writer takes what is waiting, drafts it
under the replica's mutex, and appends it in one statement; when another replica was first it undoes, catches up
and goes the fair way for some seconds (lock, tail, draft, append). A lost reply is never guessed at: the writer
comes back as a follower, looks for its own event ids behind a barrier, and only then answers.
"""

import asyncio
import contextlib
import gc
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import msgspec
import structlog

from projections import span_reading, spans
from projections.replica import Replica
from projections.spans import NOTHING_READ, NotRead, Shelf
from service import errors
from service.authorise import key_reused, may_be_repeated
from service.commands import bulk
from service.commands.account import RestoreLog
from service.commands.people import ForgetPerson
from service.drafting import Draft, Drafter
from service.events.account import LogRestored
from service.events.people import PersonForgotten
from service.log import batches, connect, merkle, reader, recorded, writer
from service.log.connect import Connection
from service.log.pulse import Pulse
from service.log.reader import Head
from service.log.recorded import Foldable
from service.orders import Order, Outcome
from service.vocabulary import EventId, PrincipalId
from service.waiting import Answer, Pending, Waiting

BATCH_ORDERS_MAX = 256
BATCH_RECORDS_MAX = 1_000
BATCH_BYTES_MAX = 4 * 1024 * 1024
FAIR_SECONDS = 5.0
RECOVERY_SECONDS_MAX = 8.0
CLOCK_AHEAD_MAX = writer.AHEAD_MAX
CLOCK_BEHIND_MAX = writer.BEHIND_MAX
_ATTEMPTS_MAX = 5
_SWITCH_SECONDS = 0.001
_FROZEN_MIN = 20
"""Records of a large order from which on what it leaves behind is worth never looking at again."""
T = TypeVar("T")
_log = structlog.get_logger("muniment.handling")


class Try(msgspec.Struct, eq=False):
    """A draft that was sent and whose fate is open. Should its last record turn up in the log, all of it is there."""

    draft: Draft
    answers: list[tuple[Pending, Answer]]
    apart: bool
    found: bool = False

    @property
    def last(self) -> EventId:
        """The id of its last record; a batch is written whole or not at all."""
        return self.draft.written.entries[-1][0].id


class Handler:
    """One process's door. `start` it, `handle` orders, `stop` it."""

    def __init__(
        self,
        replica: Replica,
        drafter: Drafter,
        connected: Callable[[], Awaitable[Connection]],
        pulse: Pulse,
    ) -> None:
        self._replica = replica
        self._drafter = drafter
        self._connected = connected
        self._pulse = pulse
        self._connection: Connection | None = None
        self._waiting = Waiting()
        self._writer: asyncio.Task[None] | None = None
        self._fair_until = 0.0
        self._stopping = False
        self._sent_at: float | None = None
        self.failing = False
        """Whether Postgres did not take the last batch. `prove` finds out whether it would take one again."""
        self.commits = 0
        self.answered: Callable[[Answer], None] = lambda _answer: None
        """Told what every order came to, for whoever counts."""
        self.took: Callable[[int, float], None] = lambda _records, _seconds: None
        """Told of every commit how many records it holds, and how long it took from being sent to its reply."""

    # -- the door ----------------------------------------------------------------------------------------

    async def handle(self, order: Order) -> Outcome:
        """Have an order decided and recorded. Raises whatever error answers it.

        Unavailable: certainly not done. OutcomeUnknown: the same order under the same idempotency key is safe.
        """
        answer: Answer
        try:
            answer = self._closed() or await self._waiting.give(order)
        except errors.Unavailable as full:
            answer = full
        self.answered(answer)
        if isinstance(answer, errors.MunimentError):
            raise answer
        return answer

    def _closed(self) -> errors.Unavailable | None:
        if self._replica.stopped:
            return errors.Unavailable(f"This replica has stopped: {self._replica.stopped}", 30)
        if self._stopping:
            return errors.Unavailable("The service is shutting down; nothing was done.", 5)
        return None

    async def start(self) -> None:
        """Begin to write. The replica has caught up before."""
        self._writer = asyncio.create_task(self._write(), name="muniment writer")

    async def stop(self) -> None:
        """Finish what is queued, then stop."""
        self._stopping = True
        self._drafter.closing = True
        self._waiting.wake()
        if self._writer is not None:
            await self._writer
        if self._connection is not None:
            with contextlib.suppress(Exception):  # it may be dead already; nothing depends on its farewell
                await self._connection.close(timeout=2)

    @property
    def waiting(self) -> int:
        """How many orders are in the queue."""
        return len(self._waiting)

    def appending_seconds(self) -> float:
        """How long the append under way has been waiting for Postgres; 0.0 where there is none."""
        return 0.0 if self._sent_at is None else time.monotonic() - self._sent_at

    async def prove(self) -> None:
        """Commit something of no consequence, as an append would. Raises what an append would meet."""
        async with self._replica.mutex:
            connection = await self._ready([])
            self._sent_at = time.monotonic()
            try:
                with self._pulse.felt(connection):
                    await writer.barrier(connection)
            except BaseException:
                self._forget_connection()
                raise
            finally:
                self._sent_at = None
            self.failing = False

    def flush_denials(self) -> None:
        """Have repeats of denied attempts recorded whose minute is over, even while nobody writes."""
        self._waiting.wake()

    # -- the writer --------------------------------------------------------------------------------------

    async def _write(self) -> None:
        while True:
            await self._waiting.something()
            while len(self._waiting) or self._drafter.denials_due():
                batch, apart = self._waiting.take(BATCH_ORDERS_MAX, self._goes_apart)
                try:
                    done = await (self._commit_apart(batch) if apart else self._commit(batch))
                    if not done and not len(self._waiting):
                        break  # denials alone are due, and Postgres is away: later is soon enough
                except Exception as failure:  # noqa: BLE001  # the writer outlives every defect, or callers would wait
                    _log.exception("batch failed")
                    self.failing = True
                    self._forget_connection()
                    self._answer_all(
                        batch, errors.OutcomeUnknown(f"The write failed: {type(failure).__name__}.", 2)
                    )
                    if not len(self._waiting):
                        break
            if self._stopping:
                return

    def _goes_apart(self, order: Order) -> bool:
        now = self._replica.now
        return bulk.is_bulk(order.command, now) or (order.dry_run and bulk.reaches_many(order.command, now))

    async def _commit_apart(self, batch: list[Pending]) -> bool:
        """`_commit` of one order so large that it is drafted in a thread, while the loop goes on answering.

        Meanwhile nothing is collected: a million young steps of a journal would be looked through at a stretch, over
        and over. What the order leaves behind stays for good, so the collector never looks at it. And the
        thread lets go of the interpreter five times as often as usual: an answer takes several turns of the loop.
        """
        before, position = sys.getswitchinterval(), self._replica.position
        gc.disable()
        sys.setswitchinterval(_SWITCH_SECONDS)
        try:
            return await self._commit(batch, apart=True)
        finally:
            sys.setswitchinterval(before)
            # Or else whoever is refused, or removes little, again and again would have garbage kept for good.
            if self._replica.position - position >= _FROZEN_MIN:
                gc.freeze()
            gc.enable()

    async def _commit(self, batch: list[Pending], *, apart: bool = False) -> bool:
        """Carry a batch through to its answers, however often it takes; what did not fit goes back to the queue.

        False when there was no way to write it, which every caller of the batch was told.
        """
        tries: list[Try] = []
        for _ in range(_ATTEMPTS_MAX):
            batch = [pending for pending in batch if not pending.future.done()]
            if not batch and not self._drafter.denials_due():
                self._answer_open(tries)
                return True
            async with self._replica.mutex:
                try:
                    self._require_going_on()
                    connection = await self._ready(tries)
                    with self._pulse.felt(connection):
                        await self._answer_repeats(connection, batch, tries)
                        done = await self._try(connection, batch, tries, apart=apart)
                except writer.KeyUsed:
                    continue  # another replica answered one of these keys a moment ago: the look-up will find it
                except errors.Unavailable as failure:
                    self._fail(batch, tries, failure)
                    return False
                except errors.Broken as failure:
                    self._replica.stopped = self._replica.stopped or failure.sentence
                    self._answer_lost(batch, tries, errors.Unavailable(failure.sentence, 30))
                    return False
                except Exception as failure:
                    if not connect.lost(failure):
                        raise
                    _log.warning("connection lost", error=type(failure).__name__)
                    self._forget_connection()
                    await self._recover(batch, tries)
                    continue
            if done:
                return True
        others = errors.Unavailable("Other replicas were always first; nothing was done.", 1)
        self._answer_lost(batch, tries, others)
        return False

    def _require_going_on(self) -> None:
        """Raise Broken where the replica stopped meanwhile: by what it holds nothing more is decided."""
        if self._replica.stopped:
            raise errors.Broken(f"This replica has stopped: {self._replica.stopped}")

    async def _try(
        self, connection: Connection, batch: list[Pending], tries: list[Try], *, apart: bool
    ) -> bool:
        """One optimistic append, or on a head that others move the fair form. False: somebody was first again."""
        if any(one.found for one in tries):
            await self._catch_up(connection, tries)  # found under the lock, where nobody may be told yet
        # These change more than an append does, so they need a transaction around it.
        more = any(isinstance(pending.order.command, RestoreLog | ForgetPerson) for pending in batch)
        rehearsed = _rehearsed_apart(batch, apart=apart)
        if rehearsed or (time.monotonic() >= self._fair_until and not more):
            head = self._replica.head
            if rehearsed or head is None or head.position != self._replica.directory.position:
                await self._catch_up(connection, tries)  # a follower was cut off in the middle of a page
                head = self._replica.head
            assert head is not None, "a replica that caught up has a head"
            one = await self._drafted(connection, batch, apart=apart)
            after = await self._sent(connection, one, tries, head)
            if after is not None:
                await self._committed(one, after)
                return True
            self._fair_until = time.monotonic() + FAIR_SECONDS
        return await self._fairly(connection, batch, tries, apart=apart)

    async def _fairly(
        self, connection: Connection, batch: list[Pending], tries: list[Try], *, apart: bool
    ) -> bool:
        await self._catch_up(connection, tries)  # outside the lock, until the lag is small
        transaction = connection.transaction()
        await transaction.start()
        one = None
        try:
            locked = await writer.lock(connection)
            if locked.position != self._replica.directory.position:
                await self._catch_up(connection, tries)
                if any(one.found for one in tries):
                    await transaction.rollback()
                    return False
            # Once more, under the lock: whoever was first may have answered the very same request.
            await self._answer_repeats(connection, batch, tries)
            one = await self._drafted(connection, batch, apart=apart)
            for record, _ in one.draft.written.entries:
                if isinstance(record.data, LogRestored):
                    locked = await writer.adopt_epoch(connection, locked, record.data.epoch)
                elif isinstance(record.data, PersonForgotten):
                    await writer.destroy(connection, record.data.keys)
            after = await self._sent(connection, one, tries, locked)
            if after is None:
                await transaction.rollback()
                return False
            self._sent_at = time.monotonic()
            await transaction.commit()  # only from here on is anything true
        except BaseException:
            if one is not None:
                await self._undo(one)
            if not connection.is_closed():
                with contextlib.suppress(Exception):  # the first failure is the one to tell
                    await transaction.rollback()
            raise
        finally:
            self._sent_at = None
        await self._committed(one, after)
        return True

    async def _sent(self, connection: Connection, one: Try, tries: list[Try], head: Head) -> Head | None:
        """Send a draft; the head after it, or None, undone, when the head had moved.

        With nothing to write the head is looked at all the same: a refusal must not rest on what another replica
        has changed since. From here to the commit's reply the draft is among the `tries`.
        """
        after: Head | None
        try:
            if not one.draft.written.entries and _rehearsed_apart(
                [pending for pending, _ in one.answers], apart=one.apart
            ):
                after = head  # it caught up before, and names the position that it is about
            elif not one.draft.written.entries:
                found = await reader.head(connection)
                after = head if (found.epoch, found.position) == (head.epoch, head.position) else None
            else:
                for pending, _ in one.answers:
                    pending.begun = True
                ready = await self._done(one, lambda: self._prepared(one.draft, head))
                tries.append(one)
                self._sent_at = began = time.monotonic()
                after = await writer.append_prepared(connection, ready)
                if after is not None:
                    self.took(len(ready.leaves), time.monotonic() - began)
        except BaseException as failure:
            await self._undo(one)
            if isinstance(failure, errors.MunimentError | writer.KeyUsed) and one in tries:
                tries.remove(one)  # Postgres said that it was not written
            raise
        finally:
            self._sent_at = None
        if after is None:
            await self._undo(one)
            if one in tries:
                tries.remove(one)
        return after

    def _prepared(self, draft: Draft, head: Head) -> writer.Prepared:
        batch = batches.Batch(**msgspec.structs.asdict(draft.written))
        return writer.prepared(head, batch, self._replica.keys.key_check)

    async def _undo(self, one: Try) -> None:
        """Take a draft back; a second time is harmless."""
        await self._done(one, one.draft.undo)

    async def _done(self, one: Try, work: Callable[[], T]) -> T:
        """Do the work on a draft, of a large one in a thread."""
        return await self._in_thread(work) if one.apart else work()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """Long work on a draft, which may touch nothing of the event loop's. Postgres is not waited for meanwhile."""
        assert self._connection is not None, "an order is drafted once there is a connection to send it over"
        with self._pulse.resting(self._connection):
            return await asyncio.to_thread(work)

    async def _committed(self, one: Try, after: Head) -> None:
        await self._done(one, one.draft.keep)
        entries = one.draft.written.entries
        self.failing = self.failing and not entries
        self.commits += bool(entries)
        self._replica.committed(after, merkle.leaf_hash(entries[-1][1]) if entries else b"")
        self._deliver(one.answers)

    async def _drafted(self, connection: Connection, batch: list[Pending], *, apart: bool) -> Try:
        """Read what the batch needs, and draft until it is full; the rest waits at the head of the queue.

        Orders that were answered or given up meanwhile are left out: who was told «not done» can rely on it.
        """
        batch[:] = [pending for pending in batch if not pending.future.done()]
        shelf = await self._read(connection, batch, apart=apart)
        batch[:] = [pending for pending in batch if not pending.future.done()]
        if apart:
            for pending in batch:
                pending.begun = True  # whoever gives up while the thread drafts is told «unknown»
            return await self._in_thread(lambda: self._draft(batch, shelf, apart=True))
        one = self._draft(batch, shelf)
        left = batch[len(one.answers) :]
        if left:
            self._waiting.put_back(left)
            del batch[len(one.answers) :]
        return one

    async def _read(self, connection: Connection, batch: list[Pending], *, apart: bool) -> Shelf:
        """What the orders need of the facts that live in Postgres, at the position on which they are decided.

        Where these are not to be had, those orders are answered so; the others neither wait nor fail with them.
        """
        reading = [pending for pending in batch if spans.reads(pending.order.command)]
        if not reading:
            return NOTHING_READ
        view = self._replica.drafting(self._drafter.clock())

        def wanted(by: Callable[[object, object], tuple[spans.Want, ...]]) -> list[spans.Want]:
            return [want for pending in reading for want in by(pending.order.command, view)]

        async def asked(by: Callable[[object, object], tuple[spans.Want, ...]]) -> list[spans.Want]:
            return await self._in_thread(lambda: wanted(by)) if apart else wanted(by)

        wants = await asked(spans.wanted)
        if not wants:  # nothing is folded for orders that turn out to need nothing
            return NOTHING_READ
        try:
            view.shelf = await span_reading.shelf(connection, view.position, wants)
            await span_reading.fill(connection, view.position, view.shelf, await asked(spans.wanted_then))
            return view.shelf
        except errors.Unavailable as failure:
            self._deliver([(pending, failure) for pending in reading])
            return NOTHING_READ

    def _draft(self, batch: list[Pending], shelf: Shelf, *, apart: bool = False) -> Try:
        """A draft of as much of the batch as fits into one. Touches nothing of the event loop's."""
        draft = self._drafter.draft(shelf, alone=apart)
        answers: list[tuple[Pending, Answer]] = []
        size = seen = 0
        try:
            draft.flush_denials()
            entries = draft.written.entries
            for pending in batch:
                try:
                    answer = draft.take(pending.order)
                except NotRead:
                    if answers:
                        break  # the next batch reads for it what an earlier order of this one has changed
                    answer = draft.defect(pending.order)
                answers.append((pending, answer))
                while seen < len(entries):
                    size += len(entries[seen][1])
                    seen += 1
                if size >= BATCH_BYTES_MAX or seen >= BATCH_RECORDS_MAX:
                    break
        except BaseException:
            draft.undo()
            raise
        return Try(draft, answers, apart)

    def _deliver(self, answers: Sequence[tuple[Pending, Answer]]) -> None:
        for pending, answer in answers:
            if not pending.future.done():
                pending.future.set_result(answer)

    @staticmethod
    def _answer_all(batch: list[Pending], failure: errors.MunimentError) -> None:
        for pending in batch:
            if not pending.future.done():
                pending.future.set_result(failure)

    # -- repeats and recovery ----------------------------------------------------------------------------

    async def _answer_repeats(self, connection: Connection, batch: list[Pending], tries: list[Try]) -> None:
        """Answer orders whose key was used before, from the record, before anything is decided anew."""
        asked: dict[PrincipalId, list[Pending]] = {}
        for pending in batch:
            if pending.order.idempotency_key and pending.order.caller.principal:
                asked.setdefault(pending.order.caller.principal, []).append(pending)
        for principal, waiting in asked.items():
            keys = [pending.order.idempotency_key for pending in waiting]
            rows = await reader.idempotent(connection, principal, keys)
            for pending in waiting:
                row = rows.get(pending.order.idempotency_key)
                if row is None or not may_be_repeated(pending.order, self._replica.now()):
                    continue
                if row.fingerprint != pending.order.fingerprint:
                    self._deliver([(pending, key_reused())])
                    continue
                if self._replica.position < row.last_position:
                    await self._catch_up(connection, tries)
                stored = await reader.page(
                    connection, row.first_position - 1, row.last_position - row.first_position + 1
                )
                records = await _decoded(stored)
                outcome = Outcome(position=row.last_position, records=records, replayed=True)
                self._deliver([(pending, outcome)])
        batch[:] = [pending for pending in batch if not pending.future.done()]

    async def _catch_up(self, connection: Connection, tries: list[Try]) -> None:
        """Fold what others appended, and answer every open try whose records turn up among it.

        Behind a barrier they may be acknowledged.
        """
        open_tries = {one.last: one for one in tries}

        def seen(record: Foldable) -> None:
            if record.id in open_tries:
                open_tries[record.id].found = True

        await self._replica.catch_up_held(connection, seen=seen)
        found = [one for one in tries if one.found]
        if found and not connection.is_in_transaction():
            await writer.barrier(connection)
            for one in found:
                tries.remove(one)
                one.draft.turned_up()
                self._deliver(one.answers)

    async def _recover(self, batch: list[Pending], tries: list[Try]) -> None:
        """Find out what became of a batch whose reply was lost. What is in the log is answered; the rest runs again."""
        deadline = time.monotonic() + (RECOVERY_SECONDS_MAX if tries else 0.0)
        while True:
            try:
                await self._ready(tries)
                return
            except Exception as failure:
                if not (connect.lost(failure) or isinstance(failure, errors.Unavailable)):
                    raise
                self._forget_connection()
                if time.monotonic() >= deadline:
                    away = errors.Unavailable("The database is away; nothing was done.", 2)
                    self._fail(batch, tries, away)
                    return
                await asyncio.sleep(0.2)

    def _fail(self, batch: list[Pending], tries: list[Try], failure: errors.Unavailable) -> None:
        """Answer a batch that Postgres did not take; one line for the first of them, until one is taken again."""
        if not self.failing:
            self.failing = True
            _log.warning("writes fail", sentence=failure.sentence)
        self._answer_lost(batch, tries, failure)

    def _answer_lost(self, batch: list[Pending], tries: list[Try], failure: errors.Unavailable) -> None:
        """Nothing more can be done for the batch: what was sent is unknown, what was not is certainly not done."""
        self._answer_open(tries)
        self._deliver([(pending, failure) for pending in batch])

    def _answer_open(self, tries: list[Try]) -> None:
        """Tell everybody whose order was sent, also who did not fit into a later draft and is in the queue again."""
        unknown = errors.OutcomeUnknown(
            "The connection was lost before the database answered: this may or may not have been done. "
            "Retry with the same Idempotency-Key.",
            2,
        )
        self._deliver([(pending, unknown) for one in tries for pending, _ in one.answers])

    async def _ready(self, tries: list[Try]) -> Connection:
        """A live append connection; a new one first sees what happened meanwhile.

        Raises Unavailable when Postgres is away.
        """
        if self._connection is None or self._connection.is_closed():
            connection = await self._connected()
            try:
                with self._pulse.felt(connection):
                    await self._catch_up(connection, tries)
            except BaseException:
                connection.terminate()
                raise
            self._connection = connection
        return self._connection

    def _forget_connection(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


async def _decoded(stored: Sequence[reader.Row]) -> tuple[recorded.Recorded, ...]:
    """Records as they were answered with; the hundreds of a bulk deletion beside the event loop."""

    def work() -> tuple[recorded.Recorded, ...]:
        return tuple(recorded.decode(one.entry) for one in stored)

    return await asyncio.to_thread(work) if len(stored) > _FROZEN_MIN else work()


def _rehearsed_apart(batch: Sequence[Pending], *, apart: bool) -> bool:
    """Whether this is a dry run that takes its time.

    It is about the head as it was when it began: for what writes nothing, no other replica is held up behind the lock.
    """
    return apart and all(pending.order.dry_run for pending in batch)
