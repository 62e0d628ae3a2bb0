"""What the data directory keeps beside an embedded server: the key, the first token, what was seen of the log.

What a first start makes are files of mode 0600, durable before anything depends on them.
"""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from service import errors
from service.fresh import Fresh
from service.log import durable, reader
from service.log.connect import Connection
from service.log.keys import Keys
from service.settings import Settings

KEY_FILE = "key"
TOKEN_FILE = "admin-token"  # noqa: S105  # a file's name, not a token
_OTHER_KEY = "This log was opened under another key; set MUNIMENT_KEY to the one that opened it."


async def keys(
    settings: Settings,
    connected: Callable[[str], Awaitable[Connection]],
    notices: list[str],
    drawn: Callable[[], bytes] | None,
) -> Keys:
    """The keys, once they were compared with those that the log was opened under. Raises Broken for other ones.

    `drawn` draws a master key where none is yet; with None none is made. The log is looked at before, so that nothing
    is left in the data directory for a foreign one.
    """
    connection = await connected("start")
    try:
        check = (await reader.head(connection)).key_check
    finally:
        await connection.close()
    here = bool(settings.keys) or (settings.data_dir / KEY_FILE).exists()
    if not here and drawn is not None and check:
        raise errors.Broken(_OTHER_KEY)
    derived = Keys.derived(_made(settings, notices, drawn)) if drawn and not here else own_keys(settings)
    if check not in (b"", derived.key_check):
        raise errors.Broken(_OTHER_KEY)
    return derived


def own_keys(settings: Settings) -> Keys:
    """MUNIMENT_KEY's keys, or those of the data directory's file. Raises Refused (`no_key`) where there is neither."""
    if settings.keys:
        return Keys.derived(*settings.keys)
    path = settings.data_dir / KEY_FILE
    try:
        first, *later = (bytes.fromhex(line) for line in path.read_text().split())
        return Keys.derived(first, *later)
    except FileNotFoundError:
        raise errors.Refused(
            "no_key", f"MUNIMENT_KEY is not set and {path} does not exist: nothing sealed could be opened."
        ) from None
    except ValueError as failure:
        raise errors.Broken(f"The key in {path} cannot be read: {failure}.") from failure


def add_key(settings: Settings, key: bytes) -> Path:
    """Put a later key behind those of the data directory's file, which is replaced whole. Returns where that is."""
    path = settings.data_dir / KEY_FILE
    durable.replace(path, path.read_bytes().rstrip() + f"\n{key.hex()}\n".encode())
    return path


def _made(settings: Settings, notices: list[str], drawn: Callable[[], bytes]) -> bytes:
    key = drawn()
    path = settings.data_dir / KEY_FILE
    _write_secret(path, key.hex())
    notices.append(
        f"Made a key in {path}. Whoever has it can open what is sealed; without it nobody can: back it up."
    )
    return key


def first_token(settings: Settings, fresh: Fresh, notices: list[str]) -> str:
    """MUNIMENT_ADMIN_TOKEN, or one in a file that only this user reads, written before it is recorded."""
    if settings.admin_token is not None:
        return settings.admin_token
    path = settings.data_dir / TOKEN_FILE
    if not path.exists():
        _write_secret(path, fresh.token().value.text())
    notices.append(f"The first Administrator's token is in {path} (mode 0600).")
    return path.read_text().strip()


def seen_file(settings: Settings) -> Path:
    """Where this machine keeps what it last saw of the log."""
    return settings.data_dir / f"seen-{settings.schema}.json"


def forgotten_file(settings: Settings) -> Path:
    """Where this machine keeps whose keys were destroyed."""
    return settings.data_dir / f"forgotten-{settings.schema}.json"


def _write_secret(path: Path, text: str) -> None:
    """A file of mode 0600, durable before anything depends on it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
