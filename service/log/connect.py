"""Connections to Postgres: set up for one purpose, and told apart from the lost ones.

The schema is chosen once, on the session, so that no SQL names it. A pooler that hands out another session
between two statements would lose the search path, the listening and the advisory lock: it is refused in words.
"""

import asyncio
import socket
from collections.abc import Mapping
from typing import Any, TypeAlias

import asyncpg

from service import errors

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
"""What `connect` returns: asyncpg's class is generic for the type checker only."""
Target: TypeAlias = str | Mapping[str, Any]
"""A DSN, or the keyword arguments of asyncpg.connect."""

IDLE_IN_TRANSACTION_MS_MAX = 5_000
"""How long a frozen replica may hold the head (purpose `append`); other purposes may be slower."""

CLOSE_SECONDS_MAX = 1.0
"""How long a farewell may take, also of a connection that was being opened when it was no longer wanted."""

OPEN_SECONDS_MAX = 10.0
"""How long Postgres may take to let somebody in; a network that swallows everything never says that it does."""

_CANCEL_AGAIN_SECONDS = 1.0

_APPEND = "append"
_POOLED = (
    "Between Muniment and Postgres stands a pooler in transaction mode (PgBouncer, `pool_mode = transaction`), which"
    " changes the session between statements. Connect to Postgres itself, or set `pool_mode = session`."
)


async def connect(target: Target, schema: str, purpose: str) -> Connection:
    """A connection whose search path is the schema and whose application_name is `muniment/<purpose>`.

    The purpose `append` bounds how long an open transaction may idle, since it holds the head; it has no
    client-side timeout on statements, because a cancelled commit may still be in the log. Raises Unavailable
    when Postgres is away or refuses, Invalid for a pooler in transaction mode.
    """
    settings = {
        "application_name": f"muniment/{purpose}",
        "search_path": search_path(schema),
        "synchronous_commit": "on",
        "timezone": "UTC",
        "tcp_keepalives_idle": "30",
        "tcp_keepalives_interval": "10",
        "tcp_keepalives_count": "3",
    }
    if purpose == _APPEND:
        settings["idle_in_transaction_session_timeout"] = str(IDLE_IN_TRANSACTION_MS_MAX)
        # A bound that the role may have would cancel a commit that waits for its standby.
        settings["statement_timeout"] = "0"
        # An append is the same plan whatever its arguments: planned once, and never worth compiling.
        settings["plan_cache_mode"] = "force_generic_plan"
        settings["jit"] = "off"
    try:
        async with asyncio.timeout(OPEN_SECONDS_MAX):
            return await _ready(target, schema, settings)
    except TimeoutError as failure:
        raise errors.Unavailable(f"Postgres did not answer within {OPEN_SECONDS_MAX:.0f} s.") from failure


async def _ready(target: Target, schema: str, settings: dict[str, str]) -> Connection:
    connection = await _open(target, settings)
    try:
        _keep_alive(connection)
        if await connection.fetchval("select pg_backend_pid()") != connection.get_server_pid():
            await _through_pooler(connection, target, settings)
        await require_session(connection, schema)
    except BaseException:
        await close(connection)
        raise
    return connection


async def close(connection: Connection) -> None:
    """Close a connection, whatever it is doing and whatever became of it. Takes a second at most, and raises nothing.

    A statement that was cancelled is first cancelled in Postgres too; `terminate` alone would abandon that midway,
    and asyncio would report its failure as one that nobody looked at.
    """
    try:
        async with asyncio.timeout(CLOSE_SECONDS_MAX):  # its own bound leaves the wait for a cancellation out
            await connection.close()
    except Exception:  # noqa: BLE001  # it may be dead already; nothing depends on its farewell
        connection.terminate()


async def end(task: "asyncio.Task[None]") -> None:
    """Cancel a background task until it is over, whatever it comes to.

    Once is not enough for one that uses a connection: where that is lost at this moment, the driver's failure takes
    the place of the cancellation, and the task would take it for one more outage and go on for ever.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=_CANCEL_AGAIN_SECONDS)
    if not task.cancelled():
        task.exception()  # looked at, or asyncio would complain of it


def lost(failure: BaseException) -> bool:
    """Whether the failure means that the connection is gone or useless, so that the recovery is to connect again.

    asyncpg surfaces a dead connection also as InternalClientError, which is no PostgresError; and a primary
    that was demoted answers as a read-only one.
    """
    if isinstance(failure, (asyncpg.DataError, asyncpg.UnsupportedClientFeatureError)):
        return False
    return isinstance(
        failure,
        (
            OSError,  # TimeoutError included
            asyncpg.InternalClientError,
            asyncpg.InterfaceError,
            asyncpg.PostgresConnectionError,
            asyncpg.OperatorInterventionError,
            asyncpg.IdleInTransactionSessionTimeoutError,
            asyncpg.ReadOnlySQLTransactionError,
            asyncpg.TooManyConnectionsError,
        ),
    )


def search_path(schema: str) -> str:
    """The setting that makes unqualified names mean the schema's."""
    quoted = schema.replace('"', '""')
    return f'"{quoted}"'


async def require_session(connection: Connection, schema: str) -> None:
    """Raise Invalid unless what was set on the session is still there: the sign of a pooler in transaction mode."""
    if not await _is_session(connection, schema):
        raise errors.Invalid(_POOLED, "DATABASE_URL")


async def _open(target: Target, settings: dict[str, str]) -> Connection:
    keywords: dict[str, Any] = {"dsn": target} if isinstance(target, str) else dict(target)
    own: dict[str, str] = keywords.get("server_settings", {})
    try:
        try:
            return await _whole({**keywords, "server_settings": {**own, **settings}})
        except asyncpg.ProtocolViolationError as failure:
            if "unsupported startup parameter" not in str(failure):
                raise
            return await _whole(keywords)  # PgBouncer: what it serves is looked at once connected
    except asyncpg.PostgresError as failure:
        raise errors.OutOfReach(f"Postgres refuses the connection: {failure}.") from failure
    except (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError) as failure:
        raise errors.OutOfReach(
            f"Postgres cannot be reached: {str(failure) or type(failure).__name__}."
        ) from failure


async def _whole(keywords: dict[str, Any]) -> Connection:
    """Connect, and when cancelled still to the end: asyncpg leaves a future behind of which asyncio then complains."""
    connecting = asyncio.ensure_future(asyncpg.connect(**keywords))
    try:
        return await asyncio.shield(connecting)
    except asyncio.CancelledError:
        await asyncio.wait({connecting}, timeout=CLOSE_SECONDS_MAX)
        if not connecting.done():
            connecting.cancel()
            await asyncio.wait({connecting})
        if not connecting.cancelled() and connecting.exception() is None:
            await close(connecting.result())
        raise


async def _is_session(connection: Connection, schema: str) -> bool:
    wanted = search_path(schema)
    for _ in range(2):
        if await connection.fetchval("select current_setting('search_path')") != wanted:
            return False
    return True


async def _through_pooler(connection: Connection, target: Target, settings: dict[str, str]) -> None:
    """Set the session up behind a pooler in session mode, or raise Invalid behind one in transaction mode.

    Postgres tells each client its backend's process id when it connects, and a pooler invents one: so a pooler
    is known. If the backend of this idle connection also serves another one, it is not a session. Only then is
    anything set on it, because what is set on a shared backend would reach other clients.
    """
    backend = await connection.fetchval("select pg_backend_pid()")
    other = await _open(target, settings)
    try:
        if await other.fetchval("select pg_backend_pid()") == backend:
            raise errors.Invalid(_POOLED, "DATABASE_URL")
    finally:
        await other.close()
    for name, value in settings.items():
        await connection.execute("select set_config($1, $2, false)", name, value)


def _keep_alive(connection: Connection) -> None:
    """Let the kernel notice a peer that is gone, also while this side only waits. Unix sockets need none of it."""
    transport = connection._transport  # type: ignore[attr-defined]  # noqa: SLF001  # asyncpg has no public way to its socket
    raw = transport.get_extra_info("socket")
    if raw is None or raw.family not in (socket.AF_INET, socket.AF_INET6):
        return
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, seconds in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, option):  # macOS spells the first one differently
            raw.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), seconds)
