"""Finding the account's Postgres: the one that DATABASE_URL names, or the embedded one, its tables this release's."""

import asyncio
from contextlib import AsyncExitStack

from service import embedded, errors
from service.log import connect, migrate
from service.log.connect import Connection
from service.settings import Settings

SERVING_ROLE = embedded.SERVICE


async def serving(settings: Settings, stack: AsyncExitStack, notices: list[str], *, make: bool) -> str:
    """The serving role's DSN of a database whose tables are this release's.

    With `make` the embedded server is made where there is none; without it that is Refused (`not_open`).
    """
    if settings.database_url is None:
        server = await embedded_server(settings, stack, make=make)
        if server.account:
            notices.append(
                f"Embedded Postgres runs as the account {server.account}, since root may not run it."
            )
        connection = await plain(server.owner_dsn)
        try:
            await migrate.migrate(connection, settings.schema, SERVING_ROLE)
        finally:
            await connection.close()
        return server.service_dsn
    connection = await connect.connect(settings.database_url, settings.schema, "start")
    try:
        if not (await migrate.status(connection, settings.schema)).current:
            await _migrate_where_owned(settings, connection, notices)
        await migrate.require_current(connection, settings.schema)
    finally:
        await connection.close()
    return settings.database_url


async def found(settings: Settings, stack: AsyncExitStack) -> str:
    """The serving role's DSN of what is there already, whatever its tables. Makes nothing, migrates nothing."""
    return settings.database_url or (await embedded_server(settings, stack, make=False)).service_dsn


async def owner(settings: Settings, stack: AsyncExitStack) -> tuple[str, str | None]:
    """The DSN of the tables' owner, and the role to which it gives the serving grants; None: it serves itself."""
    if settings.database_url is None:
        server = await embedded_server(settings, stack, make=True)
        return server.owner_dsn, SERVING_ROLE
    if settings.migrate_url is None:
        return settings.database_url, None
    connection = await plain(settings.database_url)
    try:
        return settings.migrate_url, str(await connection.fetchval("select current_user"))
    finally:
        await connection.close()


async def plain(dsn: str) -> Connection:
    """A connection before there is a schema to search."""
    return await connect.connect(dsn, "public", "migrate")


async def embedded_server(settings: Settings, stack: AsyncExitStack, *, make: bool) -> embedded.Embedded:
    """The embedded server, started or joined, for as long as the stack lasts. Refused (`not_open`) if not made yet."""
    if not make and not (settings.data_dir / "postgres").is_dir():
        raise errors.Refused(
            "not_open",
            f"There is no account in {settings.data_dir}. `muniment serve` opens one; MUNIMENT_DATA_DIR or DATABASE_URL"
            " name another.",
        )
    server = await embedded.attach(settings.data_dir)
    stack.push_async_callback(server.release)
    watching = asyncio.create_task(server.watch(), name="muniment postgres watch")
    stack.callback(watching.cancel)
    return server


async def migrated(settings: Settings, stack: AsyncExitStack) -> tuple[str, list[str]]:
    """Bring the tables up to this release as their owner. Returns the schema's name and what was applied."""
    dsn, role = await owner(settings, stack)
    connection = await plain(dsn)
    try:
        return settings.schema, await migrate.migrate(connection, settings.schema, role)
    finally:
        await connection.close()


async def migration_status(settings: Settings, stack: AsyncExitStack) -> migrate.Status:
    """What of the migrations is there, without touching anything."""
    connection = await connect.connect(await found(settings, stack), settings.schema, "doctor")
    try:
        return await migrate.status(connection, settings.schema)
    finally:
        await connection.close()


async def _migrate_where_owned(settings: Settings, serving: Connection, notices: list[str]) -> None:
    role = str(await serving.fetchval("select current_user"))
    if settings.migrate_url is not None:
        owner = await plain(settings.migrate_url)
    elif await migrate.owns(serving, settings.schema):
        owner, role = await plain(settings.database_url or ""), ""
    else:
        return
    try:
        applied = await migrate.migrate(owner, settings.schema, role or None)
    finally:
        await owner.close()
    if applied:
        notices.append(f"Applied to the schema {settings.schema}: {', '.join(applied)}.")
