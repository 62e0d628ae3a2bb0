"""Files that are replaced whole and are durable afterwards: a crash leaves the old one or the new one."""

import os
import tempfile
from pathlib import Path


def replace(path: Path, octets: bytes) -> None:
    """Put a file of mode 0600 in the place of whatever is there. Raises OSError where that cannot be done.

    Two who replace it at once never write into one file: they may share a process, or its number in two containers.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, beside = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".new", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(octets)
            file.flush()
            os.fsync(file.fileno())
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make a renaming in the directory durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
