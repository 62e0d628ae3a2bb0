"""A fault of an own catalogue, and what the checks of its parts share. Pure."""

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from service import errors
from service.catalogue.own import Condition, OwnAction, OwnCatalogue, ThingType
from service.vocabulary import line, name, paragraph

CALLED_LENGTH_MAX: Final = 100


class Fault(NamedTuple):
    """Something that a catalogue must not hold: a sentence, and the JSON pointer to it."""

    sentence: str
    pointer: str


def twice(names: Iterable[str], what: str, pointer: str, field: str = "") -> Iterator[Fault]:
    """Each name that stood before; its place is `pointer`, its index and `field`."""
    seen: set[str] = set()
    for index, one in enumerate(names):
        if one in seen:
            yield Fault(f"The {what} {one[:130]!r} stands here twice.", f"{pointer}/{index}{field}")
        seen.add(one)


def texts(one: OwnCatalogue | ThingType | OwnAction | Condition, pointer: str) -> Iterator[Fault]:
    """What is wrong with its label, group and description, of those that it has."""
    yield from text(functools.partial(described, one, pointer))


def text(check: Callable[[], object]) -> Iterator[Fault]:
    """What a check of one text raises, as a fault."""
    try:
        check()
    except errors.Invalid as failure:
        yield Fault(failure.sentence, failure.pointer)


def described(one: OwnCatalogue | ThingType | OwnAction | Condition, pointer: str) -> dict[str, str]:
    """The texts that a person reads, trimmed. Raises Invalid."""
    found = {"description": paragraph(one.description, f"{pointer}/description", "description")}
    for field in ("label", "group"):
        if hasattr(one, field):
            found[field] = line(getattr(one, field), f"{pointer}/{field}", field, 255)
    return found


def exactly(word: str, pointer: str) -> None:
    """A word that requests say: nothing is trimmed off what programs compare. Raises Invalid."""
    if name(word, pointer, "word", CALLED_LENGTH_MAX) != word:
        raise errors.Invalid("A word has no spaces around it and is in Unicode's form NFC.", pointer)


def grammar(what: str, given: str) -> str:
    """Why this is no name of a catalogue or a condition."""
    return f"{given[:64]!r} is no name of a {what}: a small letter, then small letters, digits, - and _, 64 at most."


def type_grammar(given: str) -> str:
    """Why this is no name of a type."""
    return f"{given[:64]!r} is no name of a type: a letter, then letters, digits, -, _ and dots, 64 at most."


def action_grammar(given: str) -> str:
    """Why this is no name of an action."""
    return f"{given[:130]!r} is no action: write resource:action in small letters, as in todo:update."
