"""The list of rules holds: every rule names tests that exist and cite its section, and every such test is named."""

import ast
import re
from functools import cache
from pathlib import Path

import msgspec
import pytest

from service.catalogue.loader import shipped

ROOT = Path(__file__).parents[2]
LIST = ROOT / "tests/rules/RULES.txt"
SECTIONS = (
    "1.1",
    "1.2",
    "1.3",
    "2",
    "3.1",
    "3.2",
    "3.3",
    "3.4",
    "3.5",
    "3.6",
    "3.7",
    "3.8",
    "3.9",
    "3.10",
    "3.11",
    "3.12",
    "3.13",
    "4.6",
)
SEEDS = ("000", "001", "002", "003", "004")


class Rule(msgspec.Struct, frozen=True):
    """One rule of the list: `id` is its section (or `seed 000`) and a number, `tests` are `file::test[parameter]`."""

    id: str
    words: str
    tests: tuple[str, ...]

    @property
    def section(self) -> str:
        return self.id.rpartition("-")[0]


@cache
def rules() -> tuple[Rule, ...]:
    """The list: a rule's line begins with its id, the lines of its tests are indented; `#` begins a remark."""
    found: list[Rule] = []
    for line in LIST.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith(" "):
            last = found.pop()
            found.append(msgspec.structs.replace(last, tests=(*last.tests, line.strip())))
        else:
            number, _, words = line.partition("  ")
            found.append(Rule(number, words, ()))
    return tuple(found)


@cache
def docstrings(file: str) -> dict[str, str]:
    """The docstring of every test in a file, by `test_name` or `TestClass::test_name`."""
    path = ROOT / file
    if not path.is_file():
        return {}
    found: dict[str, str] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        inner = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        for one in inner:
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name.startswith("test_"):
                found[prefix + one.name] = ast.get_docstring(one) or ""
    return found


def cites(docstring: str, section: str) -> bool:
    """Whether a docstring cites the section, or the seed: `section 3.8`, `sections 3.1 and 3.12`, `seed 003`."""
    word, number = ("seeds?", section[5:]) if section.startswith("seed ") else ("sections?", section)
    listed = r"(?:[\d.]+(?:, rows? [\d, and]+)?(?:, | and |; ))*"
    return (
        re.search(rf"\b{word} {listed}{re.escape(number)}(?![\d]|\.\d)", docstring, re.IGNORECASE) is not None
    )


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.id.replace(" ", "_"))
def test_a_rule_is_proven_by_tests_that_cite_it(rule: Rule) -> None:
    """A rule without a test is a wish; a test that does not cite its rule is not found by who reads the rule."""
    assert rule.words.endswith(".")
    assert rule.tests
    for test in rule.tests:
        file, _, name = test.partition("::")
        known = docstrings(file)
        name = name.partition("[")[0]
        assert name in known, test
        assert cites(known[name], rule.section), f"{test} does not cite {rule.section}"


def test_every_section_and_seed_has_its_rules_in_order() -> None:
    """No section is left out, no number is given twice and none is missing."""
    numbers: dict[str, list[int]] = {}
    for rule in rules():
        numbers.setdefault(rule.section, []).append(int(rule.id.rpartition("-")[2]))
    assert [*SECTIONS, *(f"seed {seed}" for seed in SEEDS)] == list(numbers)
    assert {section: list(range(1, len(found) + 1)) for section, found in numbers.items()} == numbers


def test_every_scope_has_its_rule() -> None:
    """Section 1.1 lists the catalogue's forty scopes, each in a rule that begins with it."""
    documented = [
        one.scope
        for one in shipped().permissions
        if not one.scope.startswith(("audit:", "access:", "resource:"))
    ]
    listed = [rule.words.partition(": ")[0] for rule in rules() if rule.section == "1.1"]
    assert documented == listed[: len(documented)]


def test_every_test_of_a_rule_is_on_the_list() -> None:
    """What stands in tests/rules proves a rule, and the list says which."""
    named = {test.partition("[")[0] for rule in rules() for test in rule.tests}
    there = {
        f"tests/rules/{file.name}::{name}"
        for file in sorted((ROOT / "tests/rules").glob("test_*.py"))
        for name in docstrings(f"tests/rules/{file.name}")
    }
    assert set() == there - named


def test_a_citation_is_found_where_it_is_one() -> None:
    """`3.1` is not cited by `3.12` nor by a number alone."""
    assert cites("Nobody (section 3.1).", "3.1")
    assert cites("Nobody (sections 3.1 and 3.12).", "3.12")
    assert cites("Seeds 001 and 004: so it is.", "seed 004")
    assert cites("Section 1.1, rows 33 and 37: so it is.", "1.1")
    assert not cites("Nobody (section 3.12).", "3.1")
    assert not cites("Release 3.1.", "3.1")
    assert not cites("Section 3.2.", "2")
