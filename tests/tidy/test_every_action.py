"""Adding an action is finished when nothing here names it: events, commands, folds, sentences and their tests."""

import ast
import re
import types
import typing
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from projections.directory import Directory
from projections.people import People
from projections.view import View
from service.catalogue.model import Catalogue
from service.commands import Command, decide
from service.commands.touches import touched
from service.log import recorded, seal
from service.queries.changes import changes
from service.queries.names import Names
from service.queries.sentences import sentence
from service.vocabulary import Sealed
from tests.given import Account
from tests.golden import samples

ROOT = Path(__file__).parents[2]
KINDS = samples.kinds()
COMMANDS = {one.__name__: one for one in typing.get_args(Command)}
NOUNS = sorted({one.__module__.rpartition(".")[2] for one in COMMANDS.values()})

DICTS_ALLOWED = {
    "AttemptDenied.arguments": "read by people as it stands; written in the order in which the command names them",
    "TrailRead.filters": "as above, in the order of the query",
    "Catalogue.aliases": "the catalogue's own order, which is part of its content",
    "Catalogue.flags": "as above",
    "Catalogue.profiles": "as above",
    "Catalogue.misspelt": "as above",
    "Catalogue.retired": "as above",
}
"""Fields that may hold a dict. The stored text is what counts and is never encoded again."""


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_kind_is_folded_touched_and_told(kind: str) -> None:
    """Every record can be folded, says what it touches, and can be told to a person and to a program."""
    record = recorded.decode(samples.golden()[kind])
    directory = Directory()
    account = Account()
    for earlier in account.log[:2]:  # the opening and its catalogue, without which nothing means anything
        directory.apply(earlier)
    directory.apply(msgspec.structs.replace(record, position=3))
    people = People(lambda _: None)
    view = View(directory, people, directory.position, record.recorded_at)
    assert isinstance(touched(record.data, view), tuple)
    names = Names(directory, people, directory.position)
    told = sentence(record, names)
    assert told.endswith(".")
    assert "\n" not in told
    assert isinstance(changes(record, names), tuple)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_kind_is_a_chosen_string(kind: str) -> None:
    """Kinds are words, `noun.happened`; a class may move or be renamed without anybody noticing in the record."""
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", kind)
    assert KINDS[kind].__struct_config__.tag_field == "kind"  # type: ignore[attr-defined]  # every event is a struct
    assert KINDS[kind].__struct_config__.frozen  # type: ignore[attr-defined]  # as above


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_an_event_can_be_written_in_one_way_only(kind: str) -> None:
    """No float, no set, and no dict but those listed: two releases encode the same fact to the same bytes."""
    bad = [
        place
        for place, annotation in _annotations(KINDS[kind])
        if annotation in (float, object, typing.Any)
        or typing.get_origin(annotation) in (set, frozenset, list)
        or (typing.get_origin(annotation) is dict and place not in DICTS_ALLOWED)
    ]
    assert [] == bad


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_persons_text_is_sealed_at_the_top(kind: str) -> None:
    """A seal inside a collection would have no field name to be bound to; `sealed_fields` refuses it."""
    fields = seal.sealed_fields(KINDS[kind])
    sealed = {
        place.partition(".")[2] for place, annotation in _annotations(KINDS[kind]) if annotation is Sealed
    }
    assert set(fields) == sealed


def test_the_lists_of_exceptions_only_shrink() -> None:
    """An exception that nothing needs any more is taken off its list."""
    places = {place for event in KINDS.values() for place, _ in _annotations(event)}
    assert set(DICTS_ALLOWED) <= places | {f"Catalogue.{field}" for field in Catalogue.__struct_fields__}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_says_what_it_needs_and_what_it_is_about(name: str) -> None:
    """Every order has a word of its own, needs, arguments, and a decide function named like it."""
    command = COMMANDS[name]
    word = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    assert word == command.word
    assert callable(command.needs)
    assert callable(command.arguments)
    module = getattr(decide, command.__module__.rpartition(".")[2])
    assert callable(getattr(module, word))
    assert command.__doc__
    assert f"{command.__module__.rpartition('.')[2]}.{name}()" in Path(decide.__file__).read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_is_tested_where_its_noun_is(name: str) -> None:
    """The tests of a noun's commands stand in the file of that noun, and each command is named there."""
    noun = COMMANDS[name].__module__.rpartition(".")[2]
    assert re.search(rf"\b{name}\b", (ROOT / f"tests/commands/test_{noun}.py").read_text(encoding="utf-8"))


def test_every_noun_with_tests_has_commands() -> None:
    """A test file whose noun is gone goes too."""
    tested = {file.stem.removeprefix("test_") for file in (ROOT / "tests/commands").glob("test_*.py")}
    assert tested == set(NOUNS)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_kind_is_made_by_some_decision(kind: str) -> None:
    """A kind that no command decides would be a fact that cannot happen."""
    made = _named_in(ROOT / "service/commands") | _named_in(ROOT / "service/drafting.py")
    assert KINDS[kind].__name__ in made


def _annotations(struct: typing.Any, seen: frozenset[object] = frozenset()) -> Iterator[tuple[str, object]]:
    """(Struct.field, annotation) of a struct and of every struct in it, each part of a compound on its own."""
    for field, annotation in typing.get_type_hints(struct).items():
        if field not in struct.__struct_fields__:
            continue
        for part in _parts(annotation):
            yield f"{struct.__name__}.{field}", part
            if isinstance(part, type) and issubclass(part, msgspec.Struct) and part not in seen | {Sealed}:
                yield from _annotations(part, seen | {part})


def _parts(annotation: object) -> Iterator[object]:
    origin = typing.get_origin(annotation)
    if origin is None:
        yield annotation
        return
    if origin not in (typing.Union, types.UnionType):
        yield annotation
    for inner in typing.get_args(annotation):
        if inner is not Ellipsis:
            yield from _parts(inner)


def _named_in(place: Path) -> set[str]:
    files = [place] if place.is_file() else sorted(place.glob("*.py"))
    found: set[str] = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                found.add(
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                )
    return found
