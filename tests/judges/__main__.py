"""Judges: programs that are not ours use a live service, and what they say and what the record holds must agree.

    scripts/judges [JUDGE …]

Each judge has a service of its own and the company of seed 002 on it. One line a proof. A judge whose client cannot be
had here is skipped, which is said; with CI set that is a failure. Exit 0: every proof held; 1: one did not.
"""

import argparse
import asyncio
import os
import signal
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from typing import Final

from tests.judges import pact_python, proxied, ruby, rust, tools, verifier, webhooks
from tests.judges.proofs import Proofs
from tests.judges.tools import Absent, Tools

Judge = Callable[[Proofs, Tools], Awaitable[None]]
JUDGES: Final[dict[str, Judge]] = {
    one.NAME: one.judge for one in (ruby, rust, verifier, pact_python, webhooks)
} | {"nginx": proxied.nginx, "caddy": proxied.caddy}
"""Who judges."""


def main() -> int:
    """Let those judge who were asked for, or all, and say what came of it. The exit code."""
    parser = argparse.ArgumentParser(prog="scripts/judges", description=f"Judges: {', '.join(JUDGES)}.")
    parser.add_argument("judge", nargs="*", choices=[*JUDGES, []], metavar="JUDGE", help="without one, all")
    names = parser.parse_args().judge or list(JUDGES)
    try:
        return asyncio.run(_judged(names))
    except asyncio.CancelledError:
        return 128 + signal.SIGTERM


async def _judged(names: list[str]) -> int:
    """Fetch the clients and let each judge judge, all at once."""
    task = asyncio.current_task()
    assert task is not None, "this runs in one"
    # So that whatever was started is ended, too.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    began = time.monotonic()
    _tell("Looking for the clients, and fetching what is missing …")
    found = await tools.fetched()
    _tell(f"The clients are here after {time.monotonic() - began:.0f} s.")
    proofs = [Proofs(name, _tell) for name in names]
    await asyncio.gather(*(_heard(one, found) for one in proofs))
    lines, code = verdict(proofs, must_all=bool(os.environ.get("CI")))
    for line in lines:
        _tell(line)
    _tell(f"That took {time.monotonic() - began:.0f} s.")
    return code


def verdict(proofs: list[Proofs], *, must_all: bool) -> tuple[list[str], int]:
    """What is told at the end, and the exit code. With `must_all` a judge that was skipped is a failure."""
    held, broken = sum(len(one.held) for one in proofs), sum(len(one.broken) for one in proofs)
    lines = [f"SKIPPED {one.judge}: {one.skipped}." for one in proofs if one.skipped]
    failed = bool(broken) or (must_all and bool(lines))
    if lines and must_all:
        lines.append("With CI set nothing may be skipped.")
    return [*lines, f"{held} proofs held, {broken} were broken."], int(failed)


async def _heard(proofs: Proofs, found: Tools) -> None:
    try:
        await JUDGES[proofs.judge](proofs, found)
    except Absent as why:
        proofs.skipped = str(why)
    except Exception:  # noqa: BLE001  # the other judges go on
        proofs.broke("it came to its end", traceback.format_exc())


def _tell(sentence: str) -> None:
    print(sentence, flush=True)


if __name__ == "__main__":
    sys.exit(main())
