"""JSON lines, made and written cheaply: there is one for every request, so their price is a part of each.

What a line says is structlog's own order: the fields as they were given, then event, level and timestamp.
"""

import asyncio
import atexit
import contextlib
import json
from datetime import UTC, datetime
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict

_encode = json.JSONEncoder(default=repr).encode
"""Made once: `json.dumps` with options makes one a line."""


def rendered(logger: Any, method: str, event: EventDict) -> str:
    """One event as one line of JSON; an exception becomes its trace as text, without local variables."""
    event.setdefault("level", method)
    if "timestamp" not in event:
        # Not the service's clock: it says when the line was written, and nothing is decided by it.
        event["timestamp"] = f"{datetime.now(UTC).replace(tzinfo=None).isoformat()}Z"  # noqa: TID251  # as above
    if "exc_info" in event:
        event = structlog.processors.format_exc_info(logger, method, event)
    return _encode(event)


class Gathered:
    """Makes loggers that write together what one turn of the event loop says: one system call for many requests.

    A line outlives its turn only if the process is killed in between; a full disk or a closed pipe loses lines and
    stops nothing.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._waiting: list[str] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        atexit.register(self.flush)

    def __call__(self, *_: object) -> "Gathered":
        """Itself, as structlog asks a factory for a logger."""
        return self

    def msg(self, line: str) -> None:
        """Write the line at the end of this turn; at once where no event loop runs."""
        self._waiting.append(line)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
            return
        if loop is not self._loop:  # none is waiting, or it waits in a loop that ended
            self._loop = loop
            loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write what waits."""
        self._loop = None
        waiting, self._waiting = self._waiting, []
        if waiting:
            with contextlib.suppress(OSError, ValueError):  # ValueError: the file was closed
                self._file.write("\n".join(waiting) + "\n")
                self._file.flush()

    log = debug = info = warn = warning = msg
    err = error = critical = exception = msg
