"""How the command line speaks: data to stdout, words to stderr; tables for people, JSON for programs.

Colour and frames only on a terminal, and no colour where NO_COLOR is set (rich minds it).
"""

import contextlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import click

_SHORT_COLUMNS_MAX: Final = 27
"""A cell up to an instant's length is not folded."""
_QUIET_SECONDS: Final = 1.0
"""What takes no longer than this shows no progress bar."""


def json(document: object) -> None:
    """One JSON document on stdout, indented, keys as given."""
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())


def words(sentence: str) -> None:
    """A sentence for a person, on stderr."""
    click.echo(sentence, err=True)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table on stdout: on a terminal folded to its width, piped one line a row, however long."""
    cells = [[plain(cell).replace("\n", " ") for cell in row] for row in rows]
    if sys.stdout.isatty():
        _framed(columns, cells)
        return
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    for row in (columns, *cells):
        click.echo("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def facts(pairs: Iterable[tuple[str, str]]) -> None:
    """Names and values on stdout, one a line, the values in one column; an empty value is left out."""
    shown = [(name, plain(value)) for name, value in pairs if value]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        click.echo(f"{name:<{width}}  {value}")


def instant(at: datetime) -> str:
    """RFC 3339 to the microsecond, as `--as-of` takes it: shortened, it would name the moment before."""
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def plain(text: str) -> str:
    """The text without control characters: what somebody else named a thing must not steer this terminal."""
    return "".join(one if one.isprintable() or one == "\n" else "\N{REPLACEMENT CHARACTER}" for one in text)


@contextlib.contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr for work that takes longer than a second. Yields what is to be told (done, in all)."""
    bar: Any = None
    task: Any = None
    began = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal bar, task
        if bar is None:
            if time.monotonic() - began < _QUIET_SECONDS or not sys.stderr.isatty():
                return
            bar, task = _bar(what, total)
        bar.update(task, completed=done, total=total)

    try:
        yield tell
    finally:
        if bar is not None:
            bar.stop()


@contextlib.contextmanager
def waiting(what: str) -> Iterator[None]:
    """A sign on stderr, on a terminal only, that work of unknown length goes on."""
    from rich.console import Console

    if not sys.stderr.isatty():
        yield
        return
    with Console(stderr=True).status(what):
        yield


def _bar(what: str, total: int) -> tuple[Any, Any]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    made = Progress(*columns, console=Console(stderr=True), transient=True)
    made.start()
    return made, made.add_task(what, total=total)


def _framed(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Text is printed as it is: a name may hold what would be markup elsewhere.

    A column without anything in it is left out, and only long texts are folded, so that a narrow terminal shows most.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    kept = [place for place in range(len(columns)) if not rows or any(row[place] for row in rows)]
    for place in kept:
        longest = max((len(row[place]) for row in rows), default=0)
        made.add_column(columns[place], overflow="fold", no_wrap=longest <= _SHORT_COLUMNS_MAX)
    for row in rows:
        made.add_row(*(Text(row[place]) for place in kept))
    Console(highlight=False).print(made)
