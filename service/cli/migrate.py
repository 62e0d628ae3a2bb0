"""`muniment migrate`: make or update the tables, as the role that owns them."""

from typing import TYPE_CHECKING

import click

from service.cli import options, output
from service.cli.main import ALLOWED, DENIED

if TYPE_CHECKING:  # imported where a database is looked at, so that help stays fast
    from service.log.migrate import Status


@click.command()
@click.option(
    "--check", is_flag=True, help="Change nothing: exit 0 if the tables are this release's, 1 if not."
)
@options.as_json
def migrate(check: bool, as_json: bool) -> int:
    """Bring the tables up to this release and grant the serving role what it needs. Safe to repeat.

    Uses MUNIMENT_MIGRATE_URL, the owner's address, or DATABASE_URL where the serving role owns the tables itself.
    """
    if check:
        return _report(options.run(_status()), as_json)
    schema, applied = options.run(_migrate())
    if as_json:
        output.json({"schema": schema, "applied": applied})
    else:
        output.words(f"Schema {schema}: " + (f"applied {', '.join(applied)}." if applied else "up to date."))
    return ALLOWED


async def _migrate() -> tuple[str, list[str]]:
    from contextlib import AsyncExitStack

    from service import database
    from service.cli import logs

    loaded = options.settings()
    logs.quiet(loaded.settings)
    options.warn(loaded)
    async with AsyncExitStack() as stack:
        return await database.migrated(loaded.settings, stack)


async def _status() -> "Status":
    from contextlib import AsyncExitStack

    from service import database
    from service.cli import logs

    loaded = options.settings()
    logs.quiet(loaded.settings)
    options.warn(loaded)
    async with AsyncExitStack() as stack:
        return await database.migration_status(loaded.settings, stack)


def _report(status: "Status", as_json: bool) -> int:
    parts = {
        "applied": list(status.applied),
        "missing": list(status.missing),
        "changed": list(status.changed),
        "unknown": list(status.unknown),
    }
    if as_json:
        output.json({"current": status.current, **parts})
    else:
        output.facts((name, ", ".join(found)) for name, found in parts.items())
        if not status.current:
            output.words("The tables are not this release's. `muniment migrate` brings them up to it.")
    return ALLOWED if status.current else DENIED
