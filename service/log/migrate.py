"""The tables of one account: forward-only numbered SQL in `migrations/`, applied by the tables' owner.

Each file runs in a transaction of its own together with its row in `migration`, so a crash leaves whole
files only, and running again continues. A file that was applied is never edited: its checksum tells.
"""

import hashlib
from importlib import resources

import asyncpg
import msgspec

from service import errors
from service.log import connect, sql
from service.log.connect import Connection

SERVER_VERSION_MIN = 150_000
_GRANTS = "grants.sql"


class Migration(msgspec.Struct, frozen=True):
    """One file of `migrations/`."""

    number: int
    name: str
    text: str

    @property
    def sha256(self) -> bytes:
        """What the applied file is recognised by."""
        return hashlib.sha256(self.text.encode()).digest()


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Names of the migrations that were applied, are missing, were edited since, or come from a later release."""

    applied: tuple[str, ...]
    missing: tuple[str, ...]
    changed: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def current(self) -> bool:
        """Whether the tables are exactly those that this release expects."""
        return not (self.missing or self.changed or self.unknown)


async def migrate(owner_connection: Connection, schema: str, service_role: str | None) -> list[str]:
    """Bring the schema's tables up to this release and grant the serving role what it needs. Returns what was applied.

    Safe to run by several at once and again and again. `service_role` is None where the owner itself serves.
    Raises Broken for an applied file that was edited or is from a later release, Invalid for a server or
    database that will not do. Broken also for a role that may not make or grant the tables.
    """
    await _require_server(owner_connection)
    await owner_connection.execute("select set_config('search_path', $1, false)", connect.search_path(schema))
    await connect.require_session(owner_connection, schema)
    await owner_connection.execute(sql.text("lock_migrations"), schema)
    try:
        applied = await _apply(owner_connection, schema)
        if service_role is not None:
            await _grant(owner_connection, service_role)
    except asyncpg.InsufficientPrivilegeError as failure:
        role = await owner_connection.fetchval("select current_user")
        raise errors.Broken(
            f"The role {role} may not make the tables in the schema {schema} ({failure}). Set MUNIMENT_MIGRATE_URL to"
            " the address of their owner, or of a role that may create the schema."
        ) from failure
    finally:
        if not owner_connection.is_closed():
            await owner_connection.execute(sql.text("unlock_migrations"), schema)
    return applied


async def status(connection: Connection, schema: str) -> Status:
    """What of the migrations is there. Every one is missing where the schema is or where it may not be read."""
    known = {migration.number: migration for migration in migrations()}
    rows = []
    if await connection.fetchval(sql.text("has_migrations"), schema):
        rows = await connection.fetch(sql.text("applied_migrations"))
    applied = {row["number"]: row for row in rows}
    return Status(
        applied=tuple(row["name"] for row in rows),
        missing=tuple(migration.name for number, migration in known.items() if number not in applied),
        changed=tuple(
            row["name"]
            for row in rows
            if row["number"] in known and row["sha256"] != known[row["number"]].sha256
        ),
        unknown=tuple(row["name"] for row in rows if row["number"] not in known),
    )


async def require_current(connection: Connection, schema: str) -> None:
    """Raise Broken, with the command that helps, unless the schema's tables are those of this release."""
    found = await status(connection, schema)
    if found.unknown or found.changed:
        raise errors.Broken(_refusal(found, schema))
    if found.missing:
        state = "behind this release" if found.applied else "missing"
        role = await connection.fetchval("select current_user")
        raise errors.Broken(
            f"The tables in the schema {schema} are {state}, and the role {role} was not asked to make them. Run"
            " `muniment migrate` with MUNIMENT_MIGRATE_URL set to their owner."
        )


async def owns(connection: Connection, schema: str) -> bool:
    """Whether this role may migrate: it owns the schema, or there is no such schema and it may create one."""
    may: bool = await connection.fetchval(sql.text("may_migrate"), schema)
    return may


def migrations() -> list[Migration]:
    """The files of this release, in their order."""
    folder = resources.files("service.log").joinpath("migrations")
    found = sorted(
        file.name for file in folder.iterdir() if file.name.endswith(".sql") and file.name != _GRANTS
    )
    return [
        Migration(int(name[:4]), name.removesuffix(".sql"), folder.joinpath(name).read_text(encoding="utf-8"))
        for name in found
    ]


async def _apply(connection: Connection, schema: str) -> list[str]:
    if not await connection.fetchval("select to_regnamespace(quote_ident($1)) is not null", schema):
        await connection.execute("create schema " + _quoted(schema))
    await connection.execute(sql.text("create_migration_table"))
    found = await status(connection, schema)
    if found.changed or found.unknown:
        raise errors.Broken(_refusal(found, schema))
    for migration in migrations():
        if migration.name in found.missing:
            async with connection.transaction():
                await connection.execute(migration.text)
                await connection.execute(
                    sql.text("record_migration"), migration.number, migration.name, migration.sha256
                )
    return list(found.missing)


async def _grant(connection: Connection, service_role: str) -> None:
    if await connection.fetchval("select current_user = $1", service_role):
        return
    if not await connection.fetchval("select exists (select from pg_roles where rolname = $1)", service_role):
        raise errors.Invalid(f"There is no role {service_role} to grant the tables to.", "DATABASE_URL")
    grants = resources.files("service.log").joinpath("migrations", _GRANTS).read_text(encoding="utf-8")
    async with connection.transaction():
        await connection.execute("select set_config('muniment.service_role', $1, true)", service_role)
        await connection.execute(grants)


async def _require_server(connection: Connection) -> None:
    row = await connection.fetchrow(sql.text("server"))
    assert row is not None, "this select always has a row"
    if row["version_number"] < SERVER_VERSION_MIN:
        raise errors.Invalid(
            f"Muniment needs PostgreSQL 15 or later; this is {row['version']}.", "DATABASE_URL"
        )
    if row["encoding"] != "UTF8":
        raise errors.Invalid(
            f"The database's encoding is {row['encoding']}; records are UTF-8. Create one with `encoding 'UTF8'`.",
            "DATABASE_URL",
        )


def _refusal(found: Status, schema: str) -> str:
    if found.unknown:
        later = ", ".join(found.unknown)
        return f"The tables in the schema {schema} were made by a later release ({later}). Run that one."
    return (
        f"The tables in the schema {schema} were made by other files than this release has"
        f" ({', '.join(found.changed)}): an applied migration was edited."
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
