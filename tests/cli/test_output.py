"""How the command line speaks to a terminal and to a pipe."""

import os
import pty
import subprocess
import sys

import pytest

from service.cli import output


def test_piped_each_row_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """However long a cell is, and whatever lines it holds, programs that read lines see one a row."""
    output.table(("a", "b"), [("x" * 500, "one\ntwo"), ("y", "")])
    lines = capsys.readouterr().out.splitlines()
    assert ["a" + " " * 501 + "b", "x" * 500 + "  one two", "y"] == lines


def test_an_empty_table_is_its_heading(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing found is no error."""
    output.table(("a", "b"), [])
    assert "a  b\n" == capsys.readouterr().out


@pytest.mark.parametrize("text", ["\x1b[31mred", "\x07", "\u202egnp.exe", "\x9b31m"])
def test_control_characters_never_reach_the_terminal(text: str) -> None:
    """What somebody named a thing cannot colour, ring or turn around what we print."""
    assert output.plain(text).startswith("\N{REPLACEMENT CHARACTER}")


def test_markup_is_text() -> None:
    """On a terminal a name in brackets is printed with its brackets."""
    shown = _on_a_terminal("output.table(('name',), [('[red]Nora[/red]',)])")
    assert "[red]Nora[/red]" in shown


def test_a_terminal_gets_a_progress_bar_for_what_is_slow() -> None:
    """After a second a bar appears on stderr; what is faster shows none, and a pipe never does."""
    slow = (
        "output._QUIET_SECONDS = 0\nwith output.progress('Folding') as tell:\n    tell(1, 2)\n    tell(2, 2)"
    )
    assert "Folding" in _on_a_terminal(slow)
    assert "" == _on_a_terminal(slow.replace("output._QUIET_SECONDS = 0\n", ""))
    piped = subprocess.run(
        [sys.executable, "-c", f"from service.cli import output\n{slow}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ("", "") == (piped.stdout, piped.stderr)


def _on_a_terminal(program: str) -> str:
    """What a program shows on a terminal of its own."""
    ours, theirs = pty.openpty()
    started = subprocess.Popen(
        [sys.executable, "-c", f"from service.cli import output\n{program}"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={"PATH": os.environ["PATH"], "TERM": "xterm", "NO_COLOR": "1", "COLUMNS": "80"},
    )
    os.close(theirs)
    shown = b""
    try:
        while read := os.read(ours, 65_536):
            shown += read
    except OSError:  # how Linux says that nobody has the other end any more
        pass
    finally:
        os.close(ours)
    assert 0 == started.wait(), shown
    return shown.decode()
