"""What the documentation names exists: commands, scripts, tests, settings, pages, and forms of the naming grammar."""

import re
from pathlib import Path

import pytest

from service.cli.main import COMMANDS
from service.http import index, routes
from service.queries import trail
from service.settings import READERS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]


def _text(page: Path) -> str:
    return page.read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    """A reader who types what a page says is never told «no such command»."""
    named = set(re.findall(r"(?:^|[`$ ])muniment ([a-z][a-z-]+)", _text(page), re.MULTILINE))
    assert set() == named - set(COMMANDS)


def test_every_command_has_its_place_on_the_page_of_commands() -> None:
    """No command is undocumented."""
    page = _text(ROOT / "docs" / "cli.md")
    assert [] == [name for name in COMMANDS if f"muniment {name}" not in page]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_script_and_test_that_a_page_names_exists(page: Path) -> None:
    """A promise names the command that checks it; that command has something to run."""
    named = set(
        re.findall(
            r"\b((?:scripts|tests|docs|service|projections)/[A-Za-z0-9_./-]*[A-Za-z0-9_])", _text(page)
        )
    )
    assert set() == {path for path in named if not (ROOT / path).exists()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    """A relative link resolves from the page that it stands on."""
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", _text(page))
    assert [] == [link for link in links if not (page.parent / link).exists()]


def test_the_readme_names_every_setting_and_no_other() -> None:
    """The table of settings is the list of settings."""
    rows = re.findall(r"^\| (`[A-Z_`, ]+`) \|", _text(ROOT / "README.md"), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"[A-Z_]{4,}", row)}
    assert set(READERS) == named


def test_the_page_of_the_surface_names_only_paths_that_are_served() -> None:
    """What Muniment adds over HTTP is in the route table, under the method that the page says."""
    served = {(route.method, route.path) for route in routes.ROUTES}
    named = set(re.findall(r"`(GET|POST|PUT|DELETE) (/[^`?{ ]*)[`?]", _text(ROOT / "docs" / "http.md")))
    assert set() == named - served


def test_the_table_of_what_works_unchanged_names_only_paths_that_are_served() -> None:
    """Whoever comes from PactFlow finds each path of the table here; one that begins with `…` goes on from another."""
    served = {index.shape(route.path) for route in routes.ROUTES}
    table = _text(ROOT / "docs" / "pactflow.md").partition("| nouns | paths |")[2].partition("\n\n")[0]
    named = [index.shape(path) for path in re.findall(r"`((?:/|…/)[^`]+)`", table)]
    assert named
    assert [] == [
        path
        for path in named
        if not any(re.fullmatch(re.escape(path).replace("…", ".*"), one) for one in served)
    ]


def test_every_kind_of_record_that_a_page_names_exists() -> None:
    """A kind is a chosen string that never changes; the pages spell it as the record does."""
    named = {
        kind
        for page in PAGES
        for kind in re.findall(r"`([a-z_]+\.[a-z_]+)`", _text(page))
        if kind.partition(".")[0] in {one.partition(".")[0] for one in trail.KINDS}
    }
    assert set() == named - set(trail.KINDS)
