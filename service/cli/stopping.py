"""How a running service is told to stop: by SIGTERM with time to be taken out of a rotation, by Ctrl-C at once."""

import asyncio
import contextlib
import signal
from typing import Any, Final

START_SECONDS_MAX: Final = 10.0
"""How long a start that is under way may go on once the service was told to stop."""


class Stopping:
    """Set by the first SIGTERM or SIGINT. A second one of the same kind ends the process, as it would any other."""

    def __init__(self) -> None:
        self._told = asyncio.Event()
        self._at_once = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._stop, number)

    def told(self) -> bool:
        """Whether the service is to stop."""
        return self._told.is_set()

    async def wait(self) -> None:
        """Return once the service is to stop."""
        await self._told.wait()

    async def drained(self, seconds: float) -> None:
        """Return after so many seconds, or as soon as somebody presses Ctrl-C, who waits for it in person."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._at_once.wait()

    async def finished(self, work: Any) -> Any:
        """What the work yields, or None where it went on for long after the service was told to stop.

        Starting Postgres half and leaving would leave it behind; so a start is ended only when it takes unusually long.
        """
        running, stopped = asyncio.ensure_future(work), asyncio.ensure_future(self.wait())
        try:
            await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({running}, timeout=START_SECONDS_MAX)
            if running.done():
                return running.result()
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
            return None
        finally:
            stopped.cancel()

    def _stop(self, number: int) -> None:
        self._told.set()
        if number == signal.SIGINT:
            self._at_once.set()
        self._loop.remove_signal_handler(number)
