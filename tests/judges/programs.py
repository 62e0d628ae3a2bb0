"""Running a program that is not ours: bounded in time, nothing of it left behind, and what it said in plain text."""

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

SECONDS_MAX: Final = 60.0
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a program came to: its exit code, and what it printed on both channels, without colours."""

    code: int
    text: str


async def run(
    *words: str, environ: Mapping[str, str], directory: Path, seconds_max: float = SECONDS_MAX
) -> Said:
    """Run it to its end. One that takes longer is killed, with everything that it started: code -9."""
    process = await asyncio.create_subprocess_exec(
        *words,
        env=dict(environ),
        cwd=directory,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(seconds_max):
            octets, _ = await process.communicate()
    except TimeoutError:
        return Said(code=-signal.SIGKILL, text=f"It did not end within {seconds_max:.0f} s.")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    assert process.returncode is not None, "it was waited for"
    return Said(code=process.returncode, text=_COLOUR.sub("", octets.decode(errors="replace")))
