"""For how long what was deleted can be restored: bodies that no contract holds leave the vault after a time.

The service orders it itself, through the door that every order takes: a record names each body that left, and the rows
go in the transaction of that record. Any replica may do it. Two that do it at once do no harm: whoever comes second
finds nothing left to forget.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from projections import bodies
from projections.bodies import Unheld
from projections.replica import Replica
from projections.view import View
from service import errors
from service.commands.bodies import ForgetBodies
from service.commands.order import Caller
from service.events.deletions import ContractBodiesForgotten, ForgottenBody
from service.handling import Handler
from service.log import connect
from service.orders import Order

LOOK_SECONDS: Final = 600.0
BODIES_MAX: Final = 1_000
"""How many go with one order; the next order follows it at once."""
_HELD_SECONDS_MAX: Final = 0.004
_WHY: Final = "nothing holds these bodies any longer"
_log = structlog.get_logger("muniment.retention")


class Retention:
    """Forgets for one replica. What was deleted is kept for so many days; 0: for good."""

    def __init__(
        self,
        replica: Replica,
        handler: Handler,
        clock: Callable[[], datetime],
        kept_days: int,
    ) -> None:
        self._replica = replica
        self._handler = handler
        self._clock = clock
        self._kept = timedelta(days=kept_days)
        self._seen: tuple[int, list[Unheld]] = (-1, [])
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin in the background."""
        if self._kept:
            self._task = asyncio.create_task(self._run(), name="muniment retention")

    async def stop(self) -> None:
        """Look no more. An order that was given already is carried out."""
        if self._task is not None:
            await connect.end(self._task)

    async def once(self) -> int:
        """Forget every body that has been without a contract for the time that it is kept. Returns how many went.

        Raises what the door raises.
        """
        if not self._kept or self._replica.stopped:
            return 0
        view, until = self._replica.now(), self._clock() - self._kept
        gone = 0
        due = [one for one in await self._unheld(view) if bodies.instant_of(view, one) <= until]
        for start in range(0, len(due), BODIES_MAX):
            part = due[start : start + BODIES_MAX]
            command = ForgetBodies(
                bodies=tuple(ForgottenBody(digest=one.digest, body=one.body) for one in part),
                seen_at=view.position,
                unheld_since=bodies.instant_of(view, part[-1]),
            )
            outcome = await self._handler.handle(Order(command=command, caller=Caller(system=_WHY)))
            gone += sum(
                len(one.data.bodies)
                for one in outcome.records
                if isinstance(one.data, ContractBodiesForgotten)
            )
        if gone:
            _log.info("contract bodies forgotten", bodies=gone)
        return gone

    async def _unheld(self, view: View) -> list[Unheld]:
        """Bodies that no contract held at the view. What was found at the same position is found again."""
        if self._seen[0] != view.position:
            search = bodies.Search(view)
            until = time.monotonic() + _HELD_SECONDS_MAX
            for _ in search.steps():
                if time.monotonic() >= until:
                    await asyncio.sleep(0)
                    until = time.monotonic() + _HELD_SECONDS_MAX
            self._seen = (view.position, search.found)
        return self._seen[1]

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.once()
            except errors.Unavailable:
                pass  # Postgres is away, or the queue is full: there is time
            except Exception:  # noqa: BLE001  # the service goes on, and says it; the next look is as good
                _log.exception("retention failed")
