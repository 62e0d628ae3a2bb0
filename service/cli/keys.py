"""`muniment keys`: a new master key, the change over to it, and what stands under which."""

from typing import TYPE_CHECKING

import click

from service.cli import options, output

if TYPE_CHECKING:  # imported where keys are looked at, so that help stays fast
    from pathlib import Path

    from service.cli.rotation import Line, Rotated


@click.group()
def keys() -> None:
    """Draw a new master key, change over to it, and show what stands under which key."""


@keys.command()
def new() -> None:
    """Draw a later key, and put it into the data directory's key file or print it for MUNIMENT_KEY.

    It does nothing by itself: restart every service with it, then run `muniment keys rotate`.
    """
    where, key = options.run(_drawn())
    if where is not None:
        output.words(f"Put a later key into {where}, behind the others. Back it up, apart from the database.")
    else:
        click.echo(key)
        output.words(
            "Put it into MUNIMENT_KEY of every service, behind the others, separated by a comma; back it up."
        )
    output.words("Then restart every service on this log, and run `muniment keys rotate`.")


@keys.command()
@click.option("--yes", is_flag=True, help="Do not ask first.")
@options.explained
@options.as_json
def rotate(yes: bool, reason: str, ticket: str, as_json: bool) -> None:
    """Change over to the newest key: seal and sign under it from here on, and seal again what stands under others.

    Works beside running services. Interrupted, run it again: it goes on where it was.
    """
    if not yes:
        click.confirm(
            "Was every service on this log restarted with the newest key? One that lacks it stops.",
            abort=True,
            err=True,
        )
    done = options.run(_rotated(reason, ticket))
    if as_json:
        output.json(_members(done))
        return
    output.words(
        f"Sealing and signing by the key {done.fingerprint} since position {done.position}; {done.rows} rows were"
        " sealed again. The earlier keys stay in MUNIMENT_KEY: tokens are digested by the first, and older backups need"
        " them all."
    )
    click.echo(done.verifier)


@keys.command()
@options.as_json
def show(as_json: bool) -> None:
    """Show each key by its fingerprint: whether it is here, since when it is in force, and what stands under it."""
    lines = options.run(_shown())
    if as_json:
        output.json([_members(line) for line in lines])
        return
    output.table(
        ("key", "here", "in force since", "values", "people's keys", "verifier"),
        (
            (
                line.fingerprint,
                "yes" if line.here else "MISSING",
                f"position {line.since}" if line.since else "not yet",
                str(line.values),
                str(line.people),
                line.verifier,
            )
            for line in lines
        ),
    )


async def _drawn() -> "tuple[Path | None, str]":
    from service.cli import rotation

    return await rotation.drawn()


async def _rotated(reason: str, ticket: str) -> "Rotated":
    from service.cli import rotation

    return await rotation.rotated(reason, ticket)


async def _shown() -> "list[Line]":
    from service.cli import rotation

    return await rotation.shown()


def _members(struct: object) -> dict[str, object]:
    import msgspec

    return msgspec.structs.asdict(struct)  # type: ignore[arg-type]  # every caller hands a struct
