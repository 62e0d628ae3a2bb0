"""Sending what webhooks owe: one replica does, each request in its turn, and what came of it goes into the record.

The record of what triggered a webhook is the outbox: it was appended with its cause, in one transaction, so nothing is
owed that did not happen, and nothing that happened is forgotten by a crash. Whoever leads reads what is owed, follows
the log, sends, and orders what came of it to be recorded, again and again until it is. Between sending and recording
lies the one moment at which a crash has a request sent twice: under the same delivery id.

Nothing of a request is logged: no URL, no header, no body, and no text of an exception, which may hold any of them.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

import structlog

from projections import owed_reading
from projections.deliveries import Owed
from projections.replica import Replica
from service import carrying, errors, leading, sending
from service.carrying import Carrying
from service.log import connect, reader
from service.log.connect import Connection
from service.owing import Owing
from service.vocabulary import DeliveryId, WebhookId

AT_ONCE_MAX: Final = 64
"""Requests that are under way at a time."""
AT_ONCE_HOST_MAX: Final = 4
"""Of them to one receiver; to one whose last answer never came, a single one."""
LOOK_SECONDS: Final = 0.25
HEARTBEAT_SECONDS: Final = 0.5
REPLY_SECONDS_MAX: Final = leading.REPLY_SECONDS_MAX
STOP_SECONDS_MAX: Final = 10.0
"""How long requests that are under way are waited for at the end. Those that are not answered then stay owed."""
_STRETCH_RECORDS: Final = 50_000
"""Of the log that are looked through at a time, of which most say nothing of what is owed."""
BROKEN_SECONDS: Final = 60.0
"""Before one is tried again that failed as none should: it may have been sent, and would fail so again."""
_UNANSWERED: Final = frozenset({"timeout", "connection", "tls", "dns"})
_log = structlog.get_logger("muniment.webhooks")


class Deliveries:
    """Sends for one replica while it leads. `held` says why nothing is sent at all; empty where it is."""

    def __init__(
        self,
        replica: Replica,
        carrying: Carrying,
        connected: Callable[[], Awaitable[Connection]],
        clock: Callable[[], datetime],
        stopping: Callable[[], bool],
    ) -> None:
        self.held = ""
        self.owing: Owing | None = None
        """What is owed, where this replica leads; or where it only watches, since webhooks are held here."""
        self._replica = replica
        self._carrying = carrying
        self._connected = connected
        self._clock = clock
        self._stopping = stopping
        self._ending = False
        self._cursor = 0
        self._wake = asyncio.Event()
        self._flights: set[asyncio.Task[None]] = set()
        self._by_host: Counter[str] = Counter()
        self._unanswering: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    # -- its life ----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin in the background: lead, or wait until whoever leads is gone."""
        self._task = asyncio.create_task(self._run(), name="muniment webhooks")

    async def stop(self) -> None:
        """Begin no request any more, wait a while for those under way, and record what came of them."""
        self._ending = True
        self._wake.set()
        if self._flights:
            await asyncio.wait(self._flights, timeout=STOP_SECONDS_MAX)
        for flight in list(self._flights):
            await connect.end(flight)
        if self._task is not None:
            await connect.end(self._task)
        await self._carrying.close()

    @property
    def leads(self) -> bool:
        """Whether it is this replica that sends."""
        return self.owing is not None and not self.held

    def oldest_seconds(self) -> float:
        """For how long the oldest request that is owed has been; 0.0 where none is, or another replica leads."""
        since = min((one.triggered_at for one in self.owing or ()), default=None)
        return 0.0 if since is None else max(0.0, (self._clock() - since).total_seconds())

    def _goes_on(self) -> bool:
        return not (self._ending or self._stopping() or self._replica.stopped)

    async def _run(self) -> None:
        while self._goes_on():
            try:
                async with leading.leading(
                    self._connected, self._goes_on, watching=bool(self.held)
                ) as connection:
                    if connection is not None:
                        await self._lead(connection)
            except Exception as failure:  # noqa: BLE001  # it goes on after every fault, and says the kind of each
                if not (connect.lost(failure) or isinstance(failure, errors.Unavailable)):
                    _log.error("sending webhooks failed", error=type(failure).__name__)
                await asyncio.sleep(carrying.AGAIN_SECONDS)
            finally:
                self.owing = None

    # -- leading -----------------------------------------------------------------------------------------

    async def _lead(self, connection: Connection) -> None:
        """Send until it is told to stop; then until nothing is under way, so that nobody else sends it meanwhile."""
        # What came of a request before this replica led may be in the log and not yet here: it would be sent once more.
        async with asyncio.timeout(REPLY_SECONDS_MAX):
            head = await reader.head(connection)
        await self._replica.wait_for(head.position, REPLY_SECONDS_MAX)
        owing = await self._all_owed(connection)
        for flight in self._flights:
            owing.settled(
                DeliveryId(flight.get_name()), 1 << 62
            )  # of an earlier time at the lead: still under way
        self.owing = owing
        _log.info("webhooks are held" if self.held else "webhooks are sent from here", owed=len(owing))
        heard = 0.0
        loop = asyncio.get_running_loop()
        while self._goes_on() or self._flights:
            self._wake.clear()
            if self._replica.position > self._cursor or loop.time() - heard >= HEARTBEAT_SECONDS:
                await self._follow(connection, owing)
                heard = loop.time()
            if self._goes_on() and not self.held:
                self._dispatch(owing)
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _all_owed(self, connection: Connection) -> Owing:
        """Everything that is owed, page by page, and from where on the log is to be followed."""
        owing = Owing()
        async with asyncio.timeout(REPLY_SECONDS_MAX):
            self._cursor = await owed_reading.position(connection)
        async with contextlib.aclosing(owed_reading.pages(connection, self._cursor)) as pages:
            async for page in pages:
                for one in page:
                    owing.put(one)
                await asyncio.sleep(0)
        return owing

    async def _follow(self, connection: Connection, owing: Owing) -> None:
        """Take in what was recorded since. Also the proof that the session, and with it the lead, is still ours."""
        head = self._replica.position
        while True:
            until = min(head, self._cursor + _STRETCH_RECORDS)
            async with asyncio.timeout(REPLY_SECONDS_MAX):
                records = await owed_reading.changes(connection, self._cursor, until)
            for record in records:
                owing.fold(record)
                await asyncio.sleep(0)  # one record may bring about hundreds of requests
            full = len(records) == owed_reading.RECORDS
            self._cursor = records[-1].position if full else max(until, self._cursor)
            owing.reached(self._cursor)
            if self._cursor >= head:
                return

    def _dispatch(self, owing: Owing) -> None:
        """Begin as many requests as there is room for."""
        view, now = self._replica.now(), self._clock()
        hosts: dict[WebhookId, str] = {}

        def free(webhook: WebhookId) -> bool:
            if webhook not in hosts:
                held = view.webhook_by_own_id(webhook)
                hosts[webhook] = "" if held is None else held.request.destination
            host = hosts[webhook]
            return self._by_host[host] < (1 if host in self._unanswering else AT_ONCE_HOST_MAX)

        while len(self._flights) < AT_ONCE_MAX and (owed := owing.take(now, free)) is not None:
            host = hosts[owed.webhook]
            self._by_host[host] += 1
            flight = asyncio.create_task(self._carried(owed, host), name=owed.id)
            self._flights.add(flight)
            flight.add_done_callback(self._flights.discard)

    # -- one request -------------------------------------------------------------------------------------

    async def _carried(self, owed: Owed, host: str) -> None:
        """Send it and have it recorded, or leave it owed. Raises nothing but its cancellation."""
        try:
            carried = await self._carrying.carry(owed, self._cursor)
            if carried.problem is not None:
                self._learn(host, carried.problem)
            if self.owing is not None:
                self.owing.settled(owed.id, carried.position)
        except errors.Unavailable:
            await asyncio.sleep(carrying.AGAIN_SECONDS)  # Postgres is away: nothing was sent
            self._put_back(owed)
        except Exception as failure:  # noqa: BLE001  # one request that fails here must not hold up the others
            # The kind alone: the text of an exception may hold what was sent.
            _log.error("a webhook could not be carried out", delivery=owed.id, error=type(failure).__name__)
            # Not waited for here: it would hold a place that others are sent from.
            asyncio.get_running_loop().call_later(BROKEN_SECONDS, self._put_back, owed)
        finally:
            self._by_host[host] -= 1
            if not self._by_host[host]:
                del self._by_host[host]
            self._wake.set()

    def _put_back(self, owed: Owed) -> None:
        if self.owing is not None:
            self.owing.put_back(owed.id)

    def _learn(self, host: str, problem: sending.Problem) -> None:
        """A receiver that does not answer is asked by one request at a time, until it does."""
        if problem in _UNANSWERED:
            self._unanswering.add(host)
        else:
            self._unanswering.discard(host)
