"""What the file postmaster.pid says of a server, and whether it is still true.

Its lines, by PostgreSQL's miscadmin.h: process id, data directory, start time, port, socket directory, first listening
address, shared memory, and a status word.
"""

import contextlib
import re
import subprocess
from pathlib import Path


def lives(directory: Path) -> bool:
    """Whether the server's first process lives; it may still be recovering. No file, or a false one, is no server."""
    number = claimed(directory)
    return number is not None and state(number, directory) == "server"


def is_ready(directory: Path) -> bool:
    """Whether the server lives and accepts connections."""
    lines = _lines(directory)
    return len(lines) > 7 and lines[7].strip() == "ready" and lives(directory)


def socket_dir(directory: Path) -> Path:
    """Where the living server listens, which may have been started with another temporary directory than ours."""
    return Path(_lines(directory)[4])


def claimed(directory: Path) -> int | None:
    """The process id in the file, whoever that is by now."""
    first = _lines(directory)[:1]
    return int(first[0]) if first and re.fullmatch(r"[0-9]{1,9}", first[0]) else None


def state(number: int, directory: Path) -> str:
    """What has this number: `dead`, `zombie`, `server`, or `another` process, certainly no server of the cluster."""
    if not Path("/proc/self/stat").exists():
        return _state_by_ps(number)
    try:
        # The name stands in parentheses and may hold anything; the state is the letter after the last of them.
        name, after = Path(f"/proc/{number}/stat").read_text(errors="replace").split("(", 1)[1].rsplit(")", 1)
    except (FileNotFoundError, ProcessLookupError):
        return "dead"
    if after.split()[0] in "ZX":
        return "zombie"
    try:
        # A server's working directory is its cluster.
        return (
            "server" if name == "postgres" and Path(f"/proc/{number}/cwd").samefile(directory) else "another"
        )
    except PermissionError:
        # Another user's, then, or an unprivileged account's without our being root: Postgres decides by its own rules.
        return "server" if name == "postgres" else "another"
    except (FileNotFoundError, ProcessLookupError):
        return "dead"


def _state_by_ps(number: int) -> str:
    shown = subprocess.run(
        ["/bin/ps", "-o", "stat=,comm=", "-p", str(number)], capture_output=True, text=True, check=False
    ).stdout.split()
    if not shown:
        return "dead"
    if shown[0].startswith("Z"):
        return "zombie"
    return "server" if len(shown) > 1 and shown[1].rpartition("/")[2] == "postgres" else "another"


def _lines(directory: Path) -> list[str]:
    with contextlib.suppress(FileNotFoundError):
        return (directory / "postmaster.pid").read_text(errors="replace").splitlines()
    return []
