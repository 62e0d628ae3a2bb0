"""Every figure is taken at a tiny scale: what is counted is there, and both sides give the same answers.

How fast anything is, is never asserted; `scripts/bench` measures that on a machine that does nothing else.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from tests import postgres
from tests.bench import __main__ as bench
from tests.bench import authzen, deciding, ground, over_http, page
from tests.bench.ground import ROOT, Ground
from tests.bench.measure import ratio

SCALE = 0.002


@pytest.fixture
def small() -> Iterator[Ground]:
    """A ground of its own on the session's kind of server."""
    with ground.opened(SCALE, rounds=2) as opened:
        yield opened


@pytest.mark.parametrize("name", [name for name in bench.FIGURES if name not in ("http", "authzen")])
@pytest.mark.slow
async def test_a_figure_is_taken(name: str, small: Ground) -> None:
    """The figure's own checks hold: the log holds what was acknowledged, worlds are whole, both sides agree."""
    found = await bench.FIGURES[name](small)
    assert found
    assert all(value > 0 for figure in found for value in figure.rounds)


@pytest.mark.skipif(
    shutil.which("wrk") is None, reason="wrk is not installed here; scripts/bench asks for it"
)
@pytest.mark.slow
async def test_the_figure_over_http_is_taken(small: Ground) -> None:
    """Every answer to wrk was 201, and the applications are in the log."""
    found = await over_http.figures(small)
    assert all(value > 0 for figure in found for value in figure.rounds)


@pytest.mark.skipif(
    shutil.which("wrk") is None, reason="wrk is not installed here; scripts/bench asks for it"
)
@pytest.mark.slow
async def test_the_figures_of_decisions_over_http_are_taken(small: Ground) -> None:
    """Every answer to wrk was a success, batches agree with single questions, and a search finds everybody."""
    found = await authzen.figures(small)
    assert all(value > 0 for figure in found for value in figure.rounds)


def test_the_loop_and_the_evaluator_agree_on_every_question() -> None:
    """The hand-written loop does honest work: it gives the evaluator's verdict, with both verdicts among them."""
    sides = deciding.Sides(
        {"users": 60, "teams": 6, "applications": 30, "changes": 600, "questions": 3_000, "rounds": 1}
    )
    yes = sides.require_agreement()
    assert 0 < yes < 3_000


def test_a_ratio_is_taken_round_by_round() -> None:
    """A machine that slows down between two rounds slows both sides of each."""
    figure = ratio("half", [100.0, 10.0, 50.0], [50.0, 5.0, 10.0], "/s", at_least=0.5)
    assert (0.5, 0.5, 0.2) == figure.rounds
    assert 0.5 == figure.median
    assert figure.met
    assert False is ratio("half", [100.0], [51.0], "ms", at_most=0.5).met


def test_a_note_stands_on_the_page_only_while_its_figure_falls_short() -> None:
    """What is said about a shortfall does not outlive it."""
    for name, taken in page.kept().items():
        short = any(figure.met is False for figure in taken.figures)
        note = page.NOTES / f"{name}.md"
        if note.exists():
            assert short == (note.read_text("utf-8").strip() in page.rendered({name: taken}))


def test_the_page_is_what_the_kept_figures_yield() -> None:
    """Nobody edits the page by hand: it is written from the kept figures and the notes."""
    assert page.rendered(page.kept()) == page.PAGE.read_text("utf-8")


def test_a_figure_of_less_than_full_size_is_never_kept() -> None:
    """--write refuses a scale, so the page never shows a small world's figure for a large one's."""
    refused = CliRunner().invoke(bench.main, ["stalls", "--scale", "0.01", "--write"])
    assert 2 == refused.exit_code


@pytest.mark.slow
def test_the_script_prints_a_table_and_leaves_no_database_behind(postgres_server: postgres.Server) -> None:
    """Progress goes to stderr and the table to stdout, with its targets and verdicts."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.bench", "decisions", "--scale", "0.002", "--rounds", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    assert re.match(r"figure +target +measured +spread +verdict", ran.stdout)
    assert "≥ 0.4×" in ran.stdout
    assert "Taking decisions" in ran.stderr


def test_every_figure_has_a_title() -> None:
    """No figure is missing from the page."""
    assert list(bench.FIGURES) == list(page.TITLES)
