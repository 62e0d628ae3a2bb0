"""`muniment verify`, `rebuild` and `restored`: commands about the record as a whole."""

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from service.cli import options, output
from service.cli.main import ALLOWED, BROKEN

if TYPE_CHECKING:  # imported where the record is read, so that help stays fast
    from service.log.verify import Kept, Report


@click.command()
@click.option(
    "--checkpoint",
    "checkpoints",
    type=click.File("rb"),
    multiple=True,
    metavar="FILE",
    help="A checkpoint that was kept elsewhere (a signed note; - reads stdin). May be repeated.",
)
@options.as_json
def verify(checkpoints: tuple[BinaryIO, ...], as_json: bool) -> int:
    """Prove every record against its leaf, tile, checkpoint and copies. Exit 0: it is what it was; 6: it is not.

    The log is also held against what this machine saw of it, and against each --checkpoint. Names the first position
    of every kind of disagreement. Works beside a running service.
    """
    report = options.run(_verify(tuple((file.name, file.read()) for file in checkpoints)))
    if as_json:
        output.json({"sound": not report.findings, **_members(report)})
    else:
        for finding in report.findings:
            where = f" at position {finding.position}" if finding.position else ""
            click.echo(f"{finding.what}{where}: {output.plain(finding.sentence)}")
        verified = (
            f"{_counted(report.records, 'record')} and {_counted(report.checkpoints, 'signed checkpoint')}"
        )
        verdict = _counted(len(report.findings), "disagreement") if report.findings else "all agree"
        output.words(f"Verified {verified}: {verdict}. Root {report.root or 'unknown'}.")
    return BROKEN if report.findings else ALLOWED


async def _verify(checkpoints: tuple[tuple[str, bytes], ...]) -> "Report":
    import msgspec

    from service import data_directory, errors
    from service.cli import opening
    from service.log import verify as proof
    from service.log import witness

    kept = [_kept(name, octets) for name, octets in checkpoints]
    async with opening.record("verify") as record:
        unreadable: tuple[proof.Finding, ...] = ()
        seen = None
        try:
            # Before the log is looked at, so that what a service sees meanwhile is not missed in it.
            seen = witness.recall(data_directory.seen_file(record.settings), record.keys)
        except errors.Broken as failure:
            unreadable = (proof.Finding(0, "seen", failure.sentence),)
        with output.progress("Verifying") as tell:
            report = await proof.verify(record.connection, record.keys, tell, seen, kept)
    return msgspec.structs.replace(report, findings=(*unreadable, *report.findings))


def _kept(name: str, octets: bytes) -> "Kept":
    """A note from a file. Raises Invalid, naming the file, for what is none."""
    from service import errors
    from service.log import checkpoint
    from service.log.verify import Kept

    try:
        # A shell or an editor may have added empty lines, which are no part of a note.
        note = octets.decode().replace("\r\n", "\n").strip("\n") + "\n"
        checkpoint.parse(note)
    except (UnicodeDecodeError, errors.Invalid) as failure:
        raise errors.Invalid(
            f"{name} is not a checkpoint (C2SP tlog-checkpoint).", "--checkpoint"
        ) from failure
    return Kept(source=name, note=note)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


@click.command()
@click.option(
    "--check",
    is_flag=True,
    help="Change nothing: replay twice, and compare with what is served. Exit 1: a difference was found.",
)
@click.option(
    "--token-file",
    type=click.Path(path_type=Path),
    envvar="MUNIMENT_TOKEN_FILE",
    help="With --check: a token with audit:read for the service at BASE_URL, in place of MUNIMENT_TOKEN or the first"
    " Administrator's.",
)
@options.as_json
def rebuild(check: bool, token_file: Path | None, as_json: bool) -> int:
    """Fill search tables and spans anew from the log; with --check, prove that replaying the log gives what is served.

    The rest of the state that is served lives in memory and is replayed at every start.
    """
    if check:
        from service.cli import recheck

        return recheck.report(*options.run(recheck.check(token_file)), as_json)
    position = options.run(_rebuild())
    if as_json:
        output.json({"position": position})
    else:
        output.words(f"The trail and the spans were rebuilt up to position {position}.")
    return ALLOWED


async def _rebuild() -> int:
    from projections import span_rows, trail
    from service.cli import opening

    async with opening.record("rebuild") as record:
        with output.waiting("Rebuilding the trail"):
            reached = await trail.rebuild(record.connection)
        with output.waiting("Rebuilding the spans"):
            return min(reached, await span_rows.rebuild(record.connection))


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask first.")
@click.option("--force", is_flag=True, help="Begin a new epoch also where nothing is missing.")
@options.explained
@options.as_json
def restored(yes: bool, force: bool, reason: str, ticket: str, as_json: bool) -> None:
    """Say that the database was restored from a copy, and accept what was lost since. Starts a new epoch.

    Until this is said, a service that saw more than the database holds refuses to serve. It is recorded, with the
    positions that were lost. Refused (exit 4) where nothing is missing, because every service stops at a new epoch.
    """
    if not yes:
        click.confirm(
            "Accept this database as the log from now on? What others saw of it and it lacks is lost.",
            abort=True,
            err=True,
        )
    position = options.run(_restored(reason, ticket, force=force))
    if as_json:
        output.json({"position": position})
    else:
        output.words(f"A new epoch began at position {position}. Restart every service on this log.")


async def _restored(reason: str, ticket: str, *, force: bool) -> int:
    from service import app as application
    from service.cli import opening

    async with opening.opened(forked=True) as app:
        why, under = opening.checked(reason, ticket)
        outcome = await application.restored(app, opening.console(), why, under, force=force)
        return outcome.position


def _members(struct: object) -> dict[str, object]:
    import msgspec

    return msgspec.structs.asdict(struct)  # type: ignore[arg-type]  # every caller hands a struct
