"""`muniment snapshot`: keep the folded log at its head, so that the next start need not fold it all again."""

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli import options, output

if TYPE_CHECKING:  # imported where the record is read, so that help stays fast
    from projections.snapshot import Header

_NICENESS = 10


@click.command()
@click.option("--background", is_flag=True, hidden=True, help="Let everybody else go first.")
@options.as_json
def snapshot(background: bool, as_json: bool) -> None:
    """Take a snapshot, from which the next start goes on. A running service has one taken by itself now and then.

    It holds every version of everything, sealed as the log is, and is believed under this key, by this release and for
    this log alone. The newest two are kept. Refused (exit 4) while another is being taken.
    """
    if background:
        _make_way()
    header = options.run(_snapshot())
    if as_json:
        output.json({"position": header.position, "bytes": header.bytes, "digest": header.digest})
    else:
        output.words(f"Took a snapshot at position {header.position} ({header.bytes / 1e6:.1f} MB unpacked).")


async def _snapshot() -> "Header":
    from service import snapshots
    from service.cli import opening

    async with opening.opened() as app:
        connection = await app.connected("snapshot")
        try:
            with output.waiting("Taking a snapshot"):
                return await snapshots.taken(connection, app.replica, app.upkeep.proven, app.release)
        finally:
            await connection.close()


def _make_way() -> None:
    """Run behind the service, and be the one that goes where memory runs out."""
    os.nice(_NICENESS)
    with contextlib.suppress(OSError):  # there is no such file but on Linux
        Path("/proc/self/oom_score_adj").write_text("1000")
