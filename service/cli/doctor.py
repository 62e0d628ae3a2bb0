"""`muniment doctor`: what is wrong with this installation, one line a question, and what would help."""

from typing import TYPE_CHECKING, Final

import click

from service.cli import options, output
from service.cli.main import ALLOWED, DENIED

if TYPE_CHECKING:  # imported when somebody asks, so that help stays fast
    from service.cli.examination import Line

_MARKS: Final = {"ok": "ok  ", "warn": "WARN", "fail": "FAIL"}


@click.command()
@options.as_json
def doctor(as_json: bool) -> int:
    """Examine settings, Postgres, tables, grants, keys, clock, log and files. Changes nothing; exit 1 on a failure.

    Without an account it says what is missing; a service may be running meanwhile.
    """
    lines = options.run(_examine())
    failed = any(line.outcome == "fail" for line in lines)
    if as_json:
        output.json({"healthy": not failed, "lines": lines})
    else:
        width = max(len(line.what) for line in lines)
        for line in lines:
            click.echo(f"{_MARKS[line.outcome]}  {line.what:<{width}}  {output.plain(line.sentence)}")
    return DENIED if failed else ALLOWED


async def _examine() -> "list[Line]":
    from service.cli import examination

    return await examination.examined()
