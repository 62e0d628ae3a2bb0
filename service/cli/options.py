"""What several commands share: their options, the settings from the environment, and one event loop."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import click

from service.cli import output

if TYPE_CHECKING:  # reading the settings costs more than printing a command's help
    from service.settings import Loaded

_Command = TypeVar("_Command", bound=Callable[..., Any])
_T = TypeVar("_T")

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
as_of = click.option(
    "--as-of",
    metavar="MOMENT",
    help="As it was: a position of the log, an RFC 3339 time, or an event's id. Names resolve as of then.",
)


def several(*decorators: Callable[[Any], Any]) -> Callable[[_Command], _Command]:
    """Decorators that several commands have in common, in the order in which the help lists them."""

    def decorate(command: _Command) -> _Command:
        for one in reversed(decorators):
            command = one(command)
        return command

    return decorate


explained = several(
    click.option("--reason", default="", metavar="TEXT", help="Why, for the record."),
    click.option("--ticket", default="", metavar="ID", help="The ticket it belongs to, for the record."),
)
"""The options of every command that writes."""


def settings() -> "Loaded":
    """The settings of this process' environment. Raises Invalid with the variable's name in its sentence."""
    from service import settings as reading

    return reading.from_environment(os.environ)


def warn(loaded: "Loaded") -> None:
    """Print the doubts about the settings on stderr."""
    for warning in loaded.warnings:
        output.words(f"Warning: {warning}")


def run(work: Coroutine[Any, Any, _T]) -> _T:
    """Run it to its end. SIGTERM ends it as Ctrl-C does, so that Postgres is let go of either way."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise click.Abort from None
    finally:
        signal.signal(signal.SIGTERM, before)
