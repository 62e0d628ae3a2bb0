"""The page of figures: rendered from what was kept of each figure's last full run, and from the notes.

A note is kept by hand in notes/<figure>.md: it says why a figure falls short and what was tried. It stands on the
page only while that is so.
"""

from pathlib import Path

import msgspec

from tests.bench.ground import ROOT
from tests.bench.machine import Machine
from tests.bench.measure import Figure, spelt

PAGE = ROOT / "docs" / "benchmarks.md"
KEPT = Path(__file__).parent / "kept.json"
NOTES = Path(__file__).parent / "notes"
TITLES = {
    "appends": "Appends through the door",
    "http": "Applications created over HTTP",
    "authzen": "Decisions over HTTP",
    "publishing": "Publishing a contract, beside creating an application",
    "replay": "A million records folded anew",
    "start": "A start from a snapshot",
    "decisions": "Decisions in process",
    "memory": "Memory",
    "stalls": "A bulk deletion, and who waits",
    "lists": "Long lists over HTTP",
}
_BEFORE = """# Benchmarks

<!-- Written by `scripts/bench --write`; the notes are in tests/bench/notes. -->

Every figure is a ratio to the raw thing beside it, taken in turns in one run (raw, ours, raw, ours …): × is ours
divided by raw, round by round; the table shows the median round and the spread. Absolute numbers stand beside it
for the scale alone. `scripts/bench` takes them all anew, `scripts/bench decisions` one of them.
"""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """One run of one figure."""

    figures: list[Figure]
    seconds: int
    machine: Machine


def keep(name: str, taken: Taken) -> None:
    """Keep a run in place of the one before."""
    known = {**kept(), name: taken}
    KEPT.write_bytes(msgspec.json.format(msgspec.json.encode(known), indent=1) + b"\n")


def kept() -> dict[str, Taken]:
    """What was kept, by figure."""
    return msgspec.json.decode(KEPT.read_bytes(), type=dict[str, Taken]) if KEPT.exists() else {}


def write() -> None:
    """Write the page from what is kept."""
    PAGE.write_text(rendered(kept()), encoding="utf-8")


def rendered(known: dict[str, Taken]) -> str:
    """The page's text."""
    parts = [_BEFORE, _summary(known)]
    for name, title in TITLES.items():
        if name in known:
            parts.append(_section(name, title, known[name]))
    return "\n".join(parts)


def table(figures: list[Figure]) -> str:
    """The table for a terminal: the same columns, aligned."""
    rows = [("figure", "target", "measured", "spread", "verdict", "raw", "ours"), *map(_cells, figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _summary(known: dict[str, Taken]) -> str:
    judged = [figure for one in known.values() for figure in one.figures if figure.met is not None]
    met = sum(figure.met is True for figure in judged)
    return f"{met} of {len(judged)} targets are met.\n"


def _section(name: str, title: str, taken: Taken) -> str:
    here = taken.machine
    lines = [
        f"## {title}",
        "",
        "| | target | measured | spread | verdict | raw | ours |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += ["| " + " | ".join(_cells(figure)) + " |" for figure in taken.figures]
    note = NOTES / f"{name}.md"
    if note.exists() and any(figure.met is False for figure in taken.figures):
        lines += ["", note.read_text("utf-8").strip()]
    lines += [
        "",
        f"{here.at:%Y-%m-%d %H:%M} UTC, commit {here.commit}, in {taken.seconds} s: {here.cores} cores,"
        f" {here.memory_gb:g} GB, {here.kernel}, Python {here.python}, Postgres {here.postgres} ({here.where}), an"
        f" fsync takes {here.fsync_ms:g} ms, load average before {here.load:g}.",
        "",
    ]
    return "\n".join(lines)


def _cells(figure: Figure) -> tuple[str, ...]:
    unit = figure.unit if figure.unit == "×" else f" {figure.unit}"
    verdict = {True: "met", False: "**short**", None: ""}[figure.met]
    return (
        figure.what,
        _target(figure, unit),
        f"{spelt(figure.median)}{unit}",
        f"{spelt(min(figure.rounds))}–{spelt(max(figure.rounds))}" if len(figure.rounds) > 1 else "one run",
        verdict,
        figure.raw,
        figure.ours,
    )


def _target(figure: Figure, unit: str) -> str:
    if figure.at_least is not None:
        return f"≥ {figure.at_least:g}{unit}"
    return f"≤ {figure.at_most:g}{unit}" if figure.at_most is not None else ""
