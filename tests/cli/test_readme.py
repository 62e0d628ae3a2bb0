"""What the README shows is what the program prints, on the story that the demo plays."""

import re
import shlex
from pathlib import Path

import pytest

from tests.cli.conftest import Terminal

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
_COMMAND = re.compile(r"^\$ scripts/muniment (.+)\n((?:(?!\$ |```).*\n)*)", re.MULTILINE)
SHOWN = _COMMAND.findall(README)


def _settled(text: str) -> list[str]:
    """The lines without what differs from run to run: times, hashes, counts of records, and columns' widths."""
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)
    text = re.sub(r"\b[0-9a-f]{64}\b", "ROOT", text)
    text = re.sub(r"Verified \d+ records and \d+ signed checkpoints?", "Verified N records", text)
    return [re.sub(r"\s+", " ", line).strip() for line in text.splitlines() if line.strip()]


def test_the_story_is_shown() -> None:
    """The README leads with a story in commands; without them the tests below would protect nothing."""
    assert {"why", "audit", "who", "verify"} <= {shlex.split(line)[0] for line, _ in SHOWN}


@pytest.mark.parametrize(("line", "shown"), SHOWN, ids=[line for line, _ in SHOWN])
def test_a_command_of_the_readme_prints_what_it_shows(writing: Terminal, line: str, shown: str) -> None:
    """A reader who plays the demo and types the line sees these lines."""
    printed = writing(*shlex.split(line))
    assert _settled(shown) == _settled(printed.out + printed.err)
