"""`muniment verify`, `rebuild` and `restored`: commands about the record as a whole."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli import options, output
from service.cli.main import ALLOWED, BROKEN

if TYPE_CHECKING:  # imported where the record is read, so that help stays fast
    from service.log.verify import Report


@click.command()
@options.as_json
def verify(as_json: bool) -> int:
    """Prove every record against its leaf, tile, checkpoint and copies. Exit 0: it is what it was; 6: it is not.

    Names the first position of every kind of disagreement. Works beside a running service.
    """
    report = options.run(_verify())
    if as_json:
        output.json({"sound": not report.findings, **_members(report)})
    else:
        for finding in report.findings:
            click.echo(f"{finding.what} at position {finding.position}: {output.plain(finding.sentence)}")
        counted = f"{report.positions} records and {report.checkpoints} signed checkpoints"
        verdict = f"{len(report.findings)} disagreements" if report.findings else "all agree"
        output.words(f"Verified {counted}: {verdict}. Root {report.root or 'unknown'}.")
    return BROKEN if report.findings else ALLOWED


async def _verify() -> "Report":
    from service.cli import opening
    from service.log import verify as proof

    async with opening.record("verify") as record:
        with output.progress("Verifying") as tell:
            return await proof.verify(record.connection, record.keys, tell)


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
    """Fill the search tables anew from the log; with --check, prove that replaying the log gives what is served.

    The state that is served lives in memory and is replayed at every start, so only the search tables are ever rebuilt.
    """
    if check:
        from service.cli import recheck

        return recheck.report(*options.run(recheck.check(token_file)), as_json)
    position = options.run(_rebuild())
    if as_json:
        output.json({"position": position})
    else:
        output.words(f"The trail was rebuilt up to position {position}.")
    return ALLOWED


async def _rebuild() -> int:
    from projections import trail
    from service.cli import opening

    async with opening.record("rebuild") as record:
        with output.waiting("Rebuilding the trail"):
            return await trail.rebuild(record.connection)


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask first.")
@options.explained
@options.as_json
def restored(yes: bool, reason: str, ticket: str, as_json: bool) -> None:
    """Say that the database was restored from a copy, and accept what was lost since. Starts a new epoch.

    Until this is said, a service that saw more than the database holds refuses to serve. It is recorded, with the
    positions that were lost.
    """
    if not yes:
        click.confirm(
            "Accept this database as the log from now on? What others saw of it and it lacks is lost.",
            abort=True,
            err=True,
        )
    position = options.run(_restored(reason, ticket))
    if as_json:
        output.json({"position": position})
    else:
        output.words(f"A new epoch began at position {position}. Restart every service on this log.")


async def _restored(reason: str, ticket: str) -> int:
    from service import app as application
    from service.cli import opening

    async with opening.opened(forked=True) as app:
        return (await application.restored(app, opening.console(), *opening.checked(reason, ticket))).position


def _members(struct: object) -> dict[str, object]:
    import msgspec

    return msgspec.structs.asdict(struct)  # type: ignore[arg-type]  # every caller hands a struct
