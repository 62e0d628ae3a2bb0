"""What a running replica does beside answering: sign checkpoints, remember what it saw, record counted denials.

It also keeps when tokens were last used, each minute and at the end.

None of it is needed for an answer to be right; each step is repeated until it succeeds. Nothing is signed but the root
that the stored texts make: the tree here is this process' own, and grows by what was appended since.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from projections.replica import Replica
from service import errors
from service.drafting import Drafter
from service.handling import Handler
from service.log import checkpoint, connect, forgotten, reader, witness
from service.log.connect import Connection
from service.log.merkle import Frontier
from service.log.pulse import Pulse
from service.log.scrub import Scrub
from service.uses import Uses

INTERVAL_SECONDS = 0.5
"""A checkpoint follows a commit within a second."""
_log = structlog.get_logger("muniment.upkeep")


class Upkeep:
    """The background of one replica. It signs once it is told with which key (`sign_with`)."""

    def __init__(
        self,
        replica: Replica,
        drafter: Drafter,
        handler: Handler,
        seen_file: Path,
        forgotten_file: Path,
        connected: Callable[[], Awaitable[Connection]],
        pulse: Pulse,
        uses: Uses,
    ) -> None:
        self._replica = replica
        self._drafter = drafter
        self._handler = handler
        self._signer: checkpoint.Signer | None = None
        self._seen_file = seen_file
        self._forgotten_file = forgotten_file
        self._listed = 0
        self._connected = connected
        self._pulse = pulse
        self._uses = uses
        self._stopping = False
        self._connection: Connection | None = None
        self._tree: Frontier | None = None
        self._signed = 0
        self._done = 0
        self._scrub: Scrub | None = None
        self._task: asyncio.Task[None] | None = None

    def sign_with(self, signer: checkpoint.Signer) -> None:
        """Sign checkpoints from here on. The caller has compared the key with the one that the log names."""
        self._signer = signer

    def trust(self, tree: Frontier, signed: int) -> None:
        """Go on from this tree of texts that was compared with what was seen, and a newest checkpoint of that size."""
        self._tree, self._signed = tree, signed

    @property
    def proven(self) -> Frontier:
        """The tree of the texts that were proven so far, to be grown by somebody else. Only once it is trusted."""
        assert self._tree is not None, "an opened replica's log was proven"
        return self._tree.copy()

    @property
    def unscrubbed(self) -> int:
        """Records below the snapshot that this replica started from, which are still to be hashed."""
        return self._scrub.left if self._scrub is not None else 0

    def scrub_below(self, proven: Frontier) -> None:
        """Hash the texts below a snapshot's tree at leisure; this start did not. The replica stops if they differ."""
        self._scrub = Scrub(proven)

    async def start(self) -> None:
        """Begin in the background."""
        self._task = asyncio.create_task(self._run(), name="muniment upkeep")

    async def stop(self) -> None:
        """Do everything once more, so that what was committed last is signed and remembered, then stop."""
        if self._task is not None:
            await connect.end(self._task)
        self._stopping = True
        await self._quietly()
        if self._connection is not None:
            await connect.close(self._connection)

    async def once(self) -> None:
        """Sign and remember the committed head, if it is not yet."""
        head = self._replica.head
        if head is None or self._replica.stopped:
            return
        if self._drafter.denials_due():
            self._handler.flush_denials()
        if self._tree is None or self._signer is None:  # an opening that failed leaves nothing behind
            return
        if head.position > self._tree.size:
            connection = await self._ready()
            with self._pulse.felt(connection):
                await witness.grown(connection, self._tree, head.position)
        try:
            witness.require_same_tree(self._tree, head)
            if self._scrub is not None and self._scrub.left:
                connection = await self._ready()
                with self._pulse.felt(connection):
                    await self._scrub.turn(connection)
        except errors.Broken as failure:
            # Another database may have taken the place of the one that was followed: then that is the reason to give.
            await self._replica.catch_up(await self._ready())
            self._replica.stopped = failure.sentence
            raise
        if head.position > self._done:
            await self._sign_and_remember(head, self._signer)
        await self._list_forgotten(head)
        if self._uses.due or (self._stopping and self._uses.any):
            connection = await self._ready()
            with self._pulse.felt(connection):
                await self._uses.keep(connection, self._replica.view(head.position))

    async def _list_forgotten(self, head: reader.Head) -> None:
        """Keep beside the database whose keys were destroyed, for the day on which an older copy of it is restored."""
        timelines = self._replica.directory.forgotten
        if len(timelines) <= self._listed:
            return
        people = {
            principal: keys
            for principal, timeline in timelines.items()
            if (keys := timeline.at(head.position)) is not None
        }
        try:
            await asyncio.to_thread(
                forgotten.remember, self._forgotten_file, head.account, people, self._replica.keys
            )
        except errors.Broken as failure:  # somebody else's file is no reason not to sign, and is said once
            _log.error("forgotten people are not listed", sentence=failure.sentence)
        self._listed = len(people)

    async def _sign_and_remember(self, head: reader.Head, signer: checkpoint.Signer) -> None:
        """The checkpoint first: it is only remembered as signed once it is there."""
        connection = await self._ready()
        added = self._replica.view(head.position).added_keys()
        later = [self._replica.keys.signer(signer.origin, added[-1][0])] if added else []
        with self._pulse.felt(connection):
            await checkpoint.publish(connection, head, signer, *later)
            self._signed = head.position
            row = await reader.entry_at(connection, head.position)
        if row is not None:
            await asyncio.to_thread(
                witness.remember, self._seen_file, head, row.leaf, self._replica.keys, self._signed
            )
        self._done = head.position

    async def _run(self) -> None:
        while True:
            await self._quietly()
            await asyncio.sleep(INTERVAL_SECONDS)

    async def _quietly(self) -> None:
        try:
            await self.once()
        except errors.Broken as failure:
            _log.error("replica stopped", sentence=failure.sentence)
        except Exception as failure:  # noqa: BLE001  # upkeep goes on after every fault, and says each
            if self._connection is not None:
                self._connection.terminate()
                self._connection = None
            if not (connect.lost(failure) or isinstance(failure, errors.Unavailable)):
                _log.exception("upkeep failed")

    async def _ready(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._connected()
        return self._connection
