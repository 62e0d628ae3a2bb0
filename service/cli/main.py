"""The program `muniment`: which commands there are, and what becomes of an error.

What a command needs is imported when it runs, so that help costs no more than click itself.
"""

import contextlib
import importlib
import importlib.metadata
import os
import sys
from typing import Final

import click

from service import errors

COMMANDS: Final = {
    "serve": ("service.cli.serve:serve", "Serve the account over HTTP."),
    "can": ("service.cli.access:can", "May somebody do something to a thing? Exit 0: yes, 1: no."),
    "why": ("service.cli.access:why", "The same, with what gives the permission or what is missing."),
    "who": ("service.cli.who:who", "Everybody who may, or at an earlier moment could have."),
    "show": ("service.cli.show:show", "Show a role, team, user, application … as it is or was."),
    "effect": ("service.cli.effect:effect", "Who gained and who lost what by an order."),
    "catalogue": (
        "service.cli.catalogue:catalogue",
        "Check, adopt, show and withdraw permission catalogues of your own.",
    ),
    "audit": ("service.cli.audit:audit", "Read the audit trail."),
    "route-table": (
        "service.cli.route_tables:route_table",
        "What requests of programs behind a proxy need.",
    ),
    "invite": ("service.cli.people:invite", "Give a person an account and a one-time code."),
    "redeem": ("service.cli.people:redeem", "Turn a one-time code into tokens."),
    "break-glass": ("service.cli.people:break_glass", "Give somebody the way back in."),
    "org-admin": ("service.cli.org_admin:org_admin", "Give or take Organization Administrator."),
    "restore-deleted": (
        "service.cli.restore_deleted:restore_deleted",
        "Publish again what a deletion removed.",
    ),
    "forget": ("service.cli.forget:forget", "Destroy the key to a person's name and addresses."),
    "verify": ("service.cli.record:verify", "Prove that the record is what it was."),
    "checkpoint": (
        "service.cli.checkpoint:checkpoint",
        "Print the newest signed head, to be kept elsewhere.",
    ),
    "rebuild": (
        "service.cli.record:rebuild",
        "Build the search tables anew, or check that replay gives the same.",
    ),
    "snapshot": ("service.cli.snapshot:snapshot", "Keep the folded log, for the next start to go on from."),
    "backup": ("service.cli.backup:backup", "Copy the account into a file, or check one."),
    "restore": ("service.cli.backup:restore", "Copy a backup into an empty place, under a new epoch."),
    "keys": ("service.cli.keys:keys", "Draw a new key, change over to it, or show what stands under which."),
    "restored": ("service.cli.record:restored", "Say that the database was restored from a copy."),
    "doctor": ("service.cli.doctor:doctor", "Look for what is wrong with this installation."),
    "healthcheck": (
        "service.cli.healthcheck:healthcheck",
        "Ask the service on this machine whether it lives.",
    ),
    "config": ("service.cli.config:config", "Print the effective settings and where they come from."),
    "report-changes": (
        "service.cli.report_changes:report_changes",
        "Report what became of changes, from a proxy's access log.",
    ),
    "migrate": ("service.cli.migrate:migrate", "Make or update the tables, as their owner."),
}
"""Each command's name, where it is, and its line in the help."""

ALLOWED: Final = 0
DENIED: Final = 1
"""`can`: no. `rebuild --check`, `doctor` and `healthcheck`: a difference or a failure was found."""
USAGE: Final = 2
NOT_FOUND: Final = 3
REFUSED: Final = 4
UNREACHABLE: Final = 5
BROKEN: Final = 6


class _Lazy(click.Group):
    """A group that imports a command when it is called, and none of them for its help."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # as above
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # as above
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


def _version(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not context.resilient_parsing:
        click.echo(f"muniment {importlib.metadata.version('muniment')}")
        context.exit()


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_version,
    help="Print the version and exit.",
)
def program() -> None:
    """Record every administrative action, and answer who may do what, now and at any moment before.

    Settings come from the environment; `muniment config` prints them. The same commands work beside a running
    service and without one.
    """


def main() -> None:
    """Run the program with the process' arguments, and exit with the code that the outcome has."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; every known error is one sentence on stderr."""
    try:
        returned = program.main(args=arguments, prog_name="muniment", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as failure:
        failure.show()
        return failure.exit_code
    except click.Abort:
        click.echo("Aborted.", err=True)
        return 130
    except BrokenPipeError:
        return _reader_is_gone()
    except errors.MunimentError as failure:
        say(failure)
        return exit_code(failure)
    except OSError as failure:  # the network, or a file that this user may not touch
        return _out_of_reach(failure)
    except Exception as failure:  # a driver's errors have no common base; all but a lost database go on up
        if not _database_went(failure):
            raise
        return _out_of_reach(failure)
    return returned if isinstance(returned, int) else ALLOWED


def exit_code(failure: errors.MunimentError) -> int:
    """What a program is told about an error: the numbers are in docs/cli.md and never change."""
    match failure:
        case errors.Invalid() | errors.Ambiguous():
            return USAGE
        case errors.Refused(reason="not_open" | "no_key"):  # there is nothing here to ask
            return USAGE
        case errors.NotFound():
            return NOT_FOUND
        case errors.Unavailable():
            return UNREACHABLE
        case errors.Broken():
            return BROKEN
        case _:
            return REFUSED


def say(failure: errors.MunimentError) -> None:
    """Print an error for a person, with the candidates of an ambiguous name."""
    click.echo(f"muniment: {failure.sentence}", err=True)
    if isinstance(failure, errors.Ambiguous):
        for candidate in failure.candidates:
            click.echo(f"  {candidate}", err=True)


def _database_went(failure: Exception) -> bool:
    """Whether a connection broke in the middle of the work, as the module that knows the driver tells it."""
    connect = sys.modules.get("service.log.connect")
    return connect is not None and bool(connect.lost(failure))


def _out_of_reach(failure: Exception) -> int:
    named = isinstance(failure, OSError) and failure.filename is not None
    said = f"{failure.filename}: {failure.strerror}" if named else str(failure) or type(failure).__name__  # type: ignore[attr-defined]  # only an OSError is named
    click.echo(f"muniment: Something is out of reach: {said}.", err=True)
    return UNREACHABLE


def _reader_is_gone() -> int:
    """`muniment audit | head` is no error; what Python would say at its exit goes nowhere."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ALLOWED
