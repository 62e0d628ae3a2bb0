"""`muniment checkpoint`: the newest signed head of the log, to be kept where the database's owner cannot reach it."""

import click

from service.cli import options, output


@click.command()
@click.option(
    "--verifier",
    is_flag=True,
    help="Print the verifier keys that check it, the newest last, in its place.",
)
@options.as_json
def checkpoint(verifier: bool, as_json: bool) -> None:
    """Print the newest signed checkpoint (a C2SP signed note), or the key with which anybody can verify it.

    Kept elsewhere, it proves later that nothing before it was changed: muniment checkpoint > monday.note, and then
    muniment verify --checkpoint monday.note
    """
    note, keys = options.run(_newest())
    if as_json:
        output.json({"checkpoint": note, "verifier": keys[0], "verifiers": keys})
    else:
        click.echo("\n".join(keys) if verifier else note, nl=verifier)


async def _newest() -> tuple[str, list[str]]:
    """The note and the verifiers of the keys that sign: the first one, and behind it the newest that was added."""
    from service import errors
    from service.cli import opening, rotation
    from service.events.account import LogOpened
    from service.log import checkpoint as notes
    from service.log import reader, recorded

    async with opening.record("checkpoint") as record:
        first = await reader.entry_at(record.connection, 1)
        note = await notes.latest(record.connection)
        later = [one.verifier for _, one in await rotation.added(record.connection)]
    opened = recorded.decode(first.entry).data if first else None
    if not isinstance(opened, LogOpened):
        raise errors.Refused("not_open", "This log is empty: no account was opened yet.")
    if note is None:
        raise errors.NotFound(
            "No checkpoint was signed yet. A service signs one within a second of a record."
        )
    notes.verify(note, opened.verifier)
    return note, [opened.verifier, *later[-1:]]
