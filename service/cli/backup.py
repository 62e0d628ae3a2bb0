"""`muniment backup` and `restore`: a copy of the account that leaves the house, and the way back."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli import options, output

if TYPE_CHECKING:  # imported where a copy is made, so that help stays fast
    from service.cli.copying import Copied
    from service.cli.restoration import Restored
    from service.log.backup_check import Checked

_file = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
_keys_file = click.option(
    "--keys",
    "keys_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file of the people's keys, FILE.keys if it is not named.",
)


@click.command()
@_file
@_keys_file
@click.option(
    "--check", is_flag=True, help="Make nothing: read FILE and say whether it is what it should be."
)
@click.option(
    "--without-state",
    is_flag=True,
    help="Leave out the digest of the state, which takes a replay and a service's memory.",
)
@options.as_json
def backup(file: Path, keys_file: Path | None, check: bool, without_state: bool, as_json: bool) -> None:
    """Copy the account into FILE, and the people's keys into another file, beside a running service or without one.

    Keep the two apart, and MUNIMENT_KEY apart from both. --check needs no database; with MUNIMENT_KEY it also says
    whether FILE is one that this account made.
    """
    beside = keys_file or file.with_name(f"{file.name}.keys")
    if check:
        found, apart = options.run(_check(file, beside))
        _show_checked(file, found, apart, as_json)
        return
    copied = options.run(_backup(file, beside, with_state=not without_state))
    if as_json:
        output.json({**_members(copied), "file": str(file), "keys": str(beside)})
    else:
        output.words(
            f"Copied {copied.position} records into {file} and {copied.people} people's keys into {beside}, and read"
            f" both back. Root {copied.root}."
        )
        output.words("Keep the two files apart, and the key (MUNIMENT_KEY) apart from both.")


@click.command()
@_file
@_keys_file
@click.option(
    "--forgotten",
    "lists",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Another machine's list of forgotten people (forgotten-….json in its data directory). May be repeated.",
)
@options.explained
@options.as_json
def restore(
    file: Path, keys_file: Path | None, lists: tuple[Path, ...], reason: str, ticket: str, as_json: bool
) -> None:
    """Copy FILE into an empty place, and begin a new epoch that says what was lost since.

    The place is what the settings name: DATABASE_URL with MUNIMENT_MIGRATE_URL, or the embedded server. MUNIMENT_KEY is
    the account's own. Whoever was forgotten after the copy was made is forgotten again before anything is served.
    """
    beside = keys_file or file.with_name(f"{file.name}.keys")
    done = options.run(_restore(file, beside, lists, reason, ticket))
    if as_json:
        output.json(_members(done))
        return
    for warning in done.warnings:
        output.words(f"Warning: {warning}")
    lost = (
        f"positions {done.lost_from} to {done.lost_to} are lost"
        if done.lost_from
        else "no loss is known here"
    )
    output.words(
        f"Restored the account {done.account} up to position {done.copied}; {lost}. A new epoch began at position"
        f" {done.epoch_began}. The state {'is the same as' if done.same_state else 'was not compared with'} the copied"
        f" one; {_counted(done.forgotten, 'person')} forgotten since."
    )


def _counted(number: int, what: str) -> str:
    return f"{number} {what} was" if number == 1 else f"{number} people were"


def _show_checked(file: Path, found: "Checked", apart: "Checked | None", as_json: bool) -> None:
    manifest = found.manifest
    if as_json:
        output.json(
            {
                "sound": True,
                "account": manifest.account,
                "epoch": manifest.epoch,
                "position": manifest.position,
                "root": manifest.root,
                "madeAt": manifest.made_at,
                "release": manifest.release,
                "rows": manifest.rows,
                "state": manifest.state,
                "signed": found.signed,
                "keys": None if apart is None else apart.manifest.rows,
            }
        )
        return
    output.facts(
        (
            ("account", manifest.account),
            ("position", str(manifest.position)),
            ("made at", output.instant(manifest.made_at)),
            ("by release", manifest.release),
            ("root", manifest.root),
            ("signed up to", str(found.signed)),
            ("state", manifest.state),
            ("rows", ", ".join(f"{table} {count}" for table, count in manifest.rows.items())),
            ("keys", "not here" if apart is None else str(apart.manifest.rows.get("person_key", 0))),
        )
    )
    output.words(f"{file} is what its manifest says.")


async def _check(file: Path, keys_file: Path) -> "tuple[Checked, Checked | None]":
    from service.cli import copying

    return await copying.checked(file, keys_file)


async def _backup(file: Path, keys_file: Path, *, with_state: bool) -> "Copied":
    from service.cli import copying

    return await copying.copied(file, keys_file, with_state=with_state)


async def _restore(
    file: Path, keys_file: Path, lists: tuple[Path, ...], reason: str, ticket: str
) -> "Restored":
    from service.cli import restoration

    return await restoration.restored(file, keys_file, lists, reason, ticket)


def _members(struct: object) -> dict[str, object]:
    import msgspec

    return msgspec.structs.asdict(struct)  # type: ignore[arg-type]  # every caller hands a struct
