"""Taking snapshots: a proven replica's state, as something to start from; and the child that does so for a service.

A service does not take its own: encoding a million facts takes seconds, in which nobody would be answered. A child
process opens the account beside it, from the last snapshot and what came since, and ends; its memory goes with it.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping

import structlog

from projections import snapshot
from projections.replica import Replica
from projections.snapshot import Header
from service import errors
from service.log import connect, witness
from service.log.connect import Connection
from service.log.merkle import Frontier
from service.settings import READERS, Settings

LOOK_SECONDS = 1.0
RETRY_SECONDS = 60.0
RETRY_SECONDS_MAX = 3_600.0
_SHARE = 10
_STOP_SECONDS_MAX = 5.0
_BUSY = 4
"""The exit code of a command that a rule refused: another process is taking one already."""
_log = structlog.get_logger("muniment.snapshots")


async def taken(connection: Connection, replica: Replica, tree: Frontier, release: str) -> Header:
    """Keep what this replica folded; nothing may be folded meanwhile. `tree` is of texts that were proven at its start.

    Raises Refused (`snapshot_under_way`) where somebody else is at it, Broken where the texts are not the head's.
    """
    if not await snapshot.lock(connection):
        raise errors.Refused("snapshot_under_way", "Another process is taking a snapshot of this log.")
    head = replica.head
    assert head is not None, "an opened replica has caught up"
    grown = tree.copy()
    await witness.grown(connection, grown, head.position)
    witness.require_same_tree(grown, head)
    return await snapshot.take(connection, replica.keys, replica.directory, head, grown, release)


def environment(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment in which a command finds what these settings say, whatever they were read from."""
    kept = {name: value for name, value in environ.items() if name.removesuffix("_FILE") not in READERS}
    told = {
        "DATABASE_URL": settings.database_url,
        "MUNIMENT_SCHEMA": settings.schema,
        "MUNIMENT_DATA_DIR": str(settings.data_dir),
        "MUNIMENT_KEY": ",".join(key.hex() for key in settings.keys) or None,
    }
    return {**kept, **{name: value for name, value in told.items() if value is not None}}


class Snapshots:
    """Has a child take one when the newest lies `every` records, or a tenth of the log, behind. Never two at once."""

    def __init__(
        self,
        replica: Replica,
        every: int,
        connected: Callable[[], Awaitable[Connection]],
        environment: Mapping[str, str],
    ) -> None:
        self._replica = replica
        self._every = every
        self._connected = connected
        self._environment = environment
        self._newest = 0
        self._task: asyncio.Task[None] | None = None
        self._child: asyncio.subprocess.Process | None = None

    def start(self, newest: int) -> None:
        """Begin in the background; `newest` is the position of the snapshot that this replica started from, or 0."""
        self._newest = newest
        if self._every:
            self._task = asyncio.create_task(self._run(), name="muniment snapshots")

    @property
    def child(self) -> int | None:
        """The process that takes a snapshot at the moment, by its id."""
        return self._child.pid if self._child is not None else None

    async def stop(self) -> None:
        """End the child, if there is one, and look no more."""
        if self._task is not None:
            await connect.end(self._task)
        await self._end_child()

    async def _run(self) -> None:
        wait = RETRY_SECONDS
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._replica.stopped or not self._behind():
                continue
            try:
                failed = "" if not await self._due() else await self._took()
            except Exception as failure:  # noqa: BLE001  # whatever it is, a service goes on without a snapshot
                lost = connect.lost(failure) or isinstance(failure, errors.Unavailable)
                failed = "" if lost else f"{type(failure).__name__}: {failure}"
                await asyncio.sleep(LOOK_SECONDS)
            if failed:
                level = _log.warning if wait == RETRY_SECONDS else _log.debug
                level("no snapshot was taken", said=failed, again_in_seconds=wait)
                await asyncio.sleep(wait)
                wait = min(2 * wait, RETRY_SECONDS_MAX)
            elif not self._behind():
                wait = RETRY_SECONDS

    async def _due(self) -> bool:
        """Whether no replica has taken one meanwhile."""
        connection = await self._connected()
        try:
            head = self._replica.head
            assert head is not None, "a following replica has caught up"
            header = (await snapshot.choose(connection, self._replica.keys, head)).header
        finally:
            await connect.close(connection)
        if header is not None:
            self._newest = max(self._newest, header.position)
        return self._behind()

    def _behind(self) -> bool:
        """Whether it is time for one: on a long log it takes long, and so is taken after a tenth more of it."""
        position = self._replica.position
        return position - self._newest >= max(self._every, position // _SHARE)

    async def _took(self) -> str:
        """Have a child take one. Returns what it said where it failed, and nothing where it did not."""
        position = self._replica.position
        self._child = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-P", "-m", "service.cli", "snapshot", "--background"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=dict(self._environment),
            start_new_session=True,  # Ctrl-C is for the service, which ends it
        )
        try:
            _, said = await self._child.communicate()
            code = self._child.returncode
        finally:
            await self._end_child()
        if code == _BUSY:
            await asyncio.sleep(LOOK_SECONDS)
            return ""
        if code:
            lines = said.decode(errors="replace").strip().splitlines()
            return lines[-1] if lines else f"It ended with {code}."
        self._newest = max(self._newest, position)
        _log.info("snapshot taken", position=position)
        return ""

    async def _end_child(self) -> None:
        child, self._child = self._child, None
        if child is None or child.returncode is not None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_STOP_SECONDS_MAX):
                    await child.wait()
                return
