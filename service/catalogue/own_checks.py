"""Whether an organisation's own catalogue can be in force beside the built-in one and others of its own. Pure.

Every fault has a sentence and its place, so that whoever writes a catalogue sees all of them at once.
"""

import functools
import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from service import errors
from service.catalogue import own_conditions, own_faults
from service.catalogue.model import Catalogue
from service.catalogue.own import OwnAction, OwnCatalogue
from service.catalogue.own_conditions import MEMBER_LENGTH_MAX
from service.catalogue.own_faults import Fault

CATALOGUES_MAX: Final = 20
"""Own catalogues in force at a time."""
NUMBER_MAX: Final = 2**31 - 1
TYPES_MAX: Final = 50
ACTIONS_MAX: Final = 200
CONDITIONS_MAX: Final = 50
SUBJECT_TYPES_MAX: Final = 20
CALLED_MAX: Final = 20
"""Further words for one action."""
CONTENT_BYTES_MAX: Final = 48 * 1024
"""As the record writes it: an entry of the log is smaller than 64 KiB."""
BUILT_IN: Final = "pactflow"
"""The name under which the built-in catalogue is read."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_TYPE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_ACTION: Final = re.compile(r"[a-z][a-z0-9_-]{0,63}:[a-z][a-z0-9_-]{0,63}")
_PROPERTY: Final = re.compile(r"[^.\s\x00-\x1f\x7f]+")
_RESERVED: Final = frozenset(
    {
        *("user", "system_account", "role", "team", "application", "integration", "contract", "environment"),
        *(
            "token",
            "secret",
            "webhook",
            "resource",
            "catalogue",
            "own_catalogue",
            "log",
            "api_access",
            "route_table",
        ),
    }
)
"""Words that the service itself speaks, whether or not an action of its catalogue has them."""


def checked(catalogue: OwnCatalogue, built_in: Catalogue, others: Sequence[OwnCatalogue]) -> OwnCatalogue:
    """The catalogue with its texts trimmed, fit to be adopted. Raises Invalid with the first fault and its place."""
    for fault in faults(catalogue, built_in, others):
        raise errors.Invalid(fault.sentence, fault.pointer)
    return _trimmed(catalogue)


def faults(catalogue: OwnCatalogue, built_in: Catalogue, others: Sequence[OwnCatalogue]) -> Iterator[Fault]:
    """Everything that is wrong with it. `others` are the own catalogues in force under other names."""
    taken = Taken(built_in, others)
    yield from _frame(catalogue)
    yield from _types(catalogue, taken)
    yield from _actions(catalogue, taken)
    yield from _implied(catalogue)
    yield from _called(catalogue, taken)
    yield from _conditions(catalogue, taken)
    yield from _subject_types(catalogue, taken)


class Taken:
    """What the built-in catalogue and other own ones say already."""

    def __init__(self, built_in: Catalogue, others: Sequence[OwnCatalogue]) -> None:
        self.others = others
        self.built_in_types = types_of(built_in)
        self.actions = {action.name for action in built_in.actions}
        self.words: dict[str, str] = {}
        """Types and resources, each with whose it is."""
        self.conditions: dict[str, str] = {}
        self.called: dict[tuple[str, str], str] = {}
        self.subject_types: dict[str, str] = {}
        for other in others:
            whose = f"the catalogue {other.name!r}"
            self.words.update(dict.fromkeys(words_of(other), whose))
            self.conditions.update((condition.name, whose) for condition in other.conditions)
            self.subject_types.update(dict.fromkeys(other.subject_types, whose))
            for action in other.actions:
                self.actions.add(action.name)
                self.called.update(((type_, word), whose) for type_ in action.types for word in action.called)
        every = self.built_in_types | resources_of(built_in) | _RESERVED
        self.words.update(dict.fromkeys(every, "the built-in catalogue"))


def types_of(built_in: Catalogue) -> frozenset[str]:
    """The built-in types: those that some action applies to."""
    return frozenset(type_ for action in built_in.actions for type_ in action.types)


def resources_of(built_in: Catalogue) -> frozenset[str]:
    """What stands before the first colon of the built-in actions, and of other spellings of permissions."""
    spelt = (*(action.name for action in built_in.actions), *built_in.aliases)
    return frozenset(one.partition(":")[0] for one in spelt)


def words_of(catalogue: OwnCatalogue) -> set[str]:
    """The types of an own catalogue and what stands before the colon of its actions: no other may use these."""
    return {one.name for one in catalogue.types} | {one.name.partition(":")[0] for one in catalogue.actions}


# -- the parts, in the order of the file ---------------------------------------------------------------------


def _frame(catalogue: OwnCatalogue) -> Iterator[Fault]:
    if not _NAME.fullmatch(catalogue.name):
        yield Fault(own_faults.grammar("catalogue", catalogue.name), "/name")
    elif catalogue.name == BUILT_IN:
        yield Fault(f"{BUILT_IN!r} is the name of the built-in catalogue: choose another.", "/name")
    if not 1 <= catalogue.number <= NUMBER_MAX:
        yield Fault(f"The number of a catalogue is between 1 and {NUMBER_MAX}.", "/number")
    yield from own_faults.texts(catalogue, "")
    bounds = (
        ("types", len(catalogue.types), TYPES_MAX),
        ("actions", len(catalogue.actions), ACTIONS_MAX),
        ("conditions", len(catalogue.conditions), CONDITIONS_MAX),
        ("subject_types", len(catalogue.subject_types), SUBJECT_TYPES_MAX),
    )
    for field, number, most in bounds:
        if number > most:
            yield Fault(
                f"A catalogue has at most {most} {field.replace('_', ' ')}, not {number}.", f"/{field}"
            )
    if not catalogue.actions and not catalogue.conditions:
        yield Fault("A catalogue has at least one action or one condition.", "/actions")
    if (size := len(msgspec.json.encode(catalogue))) > CONTENT_BYTES_MAX:
        most = CONTENT_BYTES_MAX // 1024
        said = f"A catalogue has at most {most} KiB as JSON, and this one has {size:,} bytes: divide it into two."
        yield Fault(said, "")


def _types(catalogue: OwnCatalogue, taken: Taken) -> Iterator[Fault]:
    for index, one in enumerate(catalogue.types):
        pointer = f"/types/{index}"
        if not _TYPE.fullmatch(one.name):
            yield Fault(own_faults.type_grammar(one.name), f"{pointer}/name")
        elif one.name in taken.words:
            yield Fault(f"The type {one.name!r} is one of {taken.words[one.name]}.", f"{pointer}/name")
        elif one.name in taken.subject_types:
            whose = taken.subject_types[one.name]
            yield Fault(f"{one.name!r} is a word for users in {whose}.", f"{pointer}/name")
        yield from own_faults.texts(one, pointer)
        for field in ("owner", "teams"):
            named = getattr(one, field)
            if not _PROPERTY.fullmatch(named) or len(named) > MEMBER_LENGTH_MAX:
                said = f"{named[:MEMBER_LENGTH_MAX]!r} is no name of a property: without dots and spaces."
                yield Fault(said, f"{pointer}/{field}")
        if one.owner == one.teams:
            yield Fault("One property cannot name both the owner and the teams.", f"{pointer}/teams")
    yield from own_faults.twice([one.name for one in catalogue.types], "type", "/types", "/name")


def _actions(catalogue: OwnCatalogue, taken: Taken) -> Iterator[Fault]:
    known = {one.name for one in catalogue.types} | taken.built_in_types
    for index, one in enumerate(catalogue.actions):
        pointer = f"/actions/{index}"
        resource = one.name.partition(":")[0]
        if not _ACTION.fullmatch(one.name):
            yield Fault(own_faults.action_grammar(one.name), f"{pointer}/name")
        elif resource in taken.words:
            said = f"Actions on {resource!r} are of {taken.words[resource]}: use a word of your own before the colon."
            yield Fault(said, f"{pointer}/name")
        yield from own_faults.texts(one, pointer)
        if not one.types:
            yield Fault("An action applies to at least one type.", f"{pointer}/types")
        for place, type_ in enumerate(one.types):
            if type_ not in known:
                said = f"There is no type {type_[:64]!r}: declare it under types, or name a built-in one."
                yield Fault(said, f"{pointer}/types/{place}")
        yield from own_faults.twice(one.types, "type", f"{pointer}/types")
        if not one.extents:
            yield Fault('An action has at least one extent of "*", "team" and "own".', f"{pointer}/extents")
        yield from own_faults.twice(one.extents, "extent", f"{pointer}/extents")
    yield from own_faults.twice([one.name for one in catalogue.actions], "action", "/actions", "/name")


def _implied(catalogue: OwnCatalogue) -> Iterator[Fault]:
    by_name = {one.name: one for one in catalogue.actions}
    for index, one in enumerate(catalogue.actions):
        pointer = f"/actions/{index}/implies"
        for place, implied in enumerate(one.implies):
            other = by_name.get(implied)
            if other is None:
                said = f"This catalogue has no action {implied[:130]!r}: an action implies others of its own catalogue."
                yield Fault(said, f"{pointer}/{place}")
            elif beyond := [extent for extent in one.extents if extent not in other.extents]:
                said = f"{implied!r} would come with {one.name!r} at the extent {beyond[0]!r}, which it does not have."
                yield Fault(said, f"{pointer}/{place}")
        yield from own_faults.twice(one.implies, "action", pointer)
    if circle := _circle(by_name):
        index = [one.name for one in catalogue.actions].index(circle)
        yield Fault(f"{circle!r} implies itself in the end.", f"/actions/{index}/implies")


def _circle(by_name: dict[str, OwnAction]) -> str:
    """An action that implies itself, over however many others, or the empty text."""
    for one, action in by_name.items():
        seen: set[str] = set()
        waiting = list(action.implies)
        while waiting:
            implied = waiting.pop()
            if implied == one:
                return one
            if implied in by_name and implied not in seen:
                seen.add(implied)
                waiting += by_name[implied].implies
    return ""


def _called(catalogue: OwnCatalogue, taken: Taken) -> Iterator[Fault]:
    """What requests call an action: on every type that it applies to the word leads to this action alone."""
    actions = taken.actions | {one.name for one in catalogue.actions}
    of_type: dict[tuple[str, str], str] = {}
    for index, one in enumerate(catalogue.actions):
        pointer = f"/actions/{index}/called"
        if len(one.called) > CALLED_MAX:
            yield Fault(f"An action has at most {CALLED_MAX} further words.", pointer)
        yield from own_faults.twice(one.called, "word", pointer)
        for place, word in enumerate(one.called):
            here = f"{pointer}/{place}"
            yield from own_faults.text(functools.partial(own_faults.exactly, word, here))
            if word in actions and word != one.name:
                yield Fault(f"{word!r} is the full name of another action.", here)
            for type_ in one.types:
                other = of_type.setdefault((type_, word), one.name)
                if other != one.name:
                    yield Fault(f"On the type {type_!r} {word!r} is already {other!r}.", here)
                elif whose := taken.called.get((type_, word)):
                    yield Fault(f"On the type {type_!r} {word!r} is an action of {whose}.", here)


def _conditions(catalogue: OwnCatalogue, taken: Taken) -> Iterator[Fault]:
    for index, one in enumerate(catalogue.conditions):
        pointer = f"/conditions/{index}"
        if not _NAME.fullmatch(one.name):
            yield Fault(own_faults.grammar("condition", one.name), f"{pointer}/name")
        elif whose := taken.conditions.get(one.name):
            said = f"The condition {one.name!r} is one of {whose}: roles name conditions alone, so choose another name."
            yield Fault(said, f"{pointer}/name")
        yield from own_faults.texts(one, pointer)
        yield from own_conditions.faults(one, pointer)
    yield from own_faults.twice(
        [one.name for one in catalogue.conditions], "condition", "/conditions", "/name"
    )


def _subject_types(catalogue: OwnCatalogue, taken: Taken) -> Iterator[Fault]:
    mine = {one.name for one in catalogue.types}
    for index, word in enumerate(catalogue.subject_types):
        pointer = f"/subject_types/{index}"
        if not _TYPE.fullmatch(word):
            yield Fault(own_faults.type_grammar(word), pointer)
        elif word in mine or word in taken.words:
            whose = "this catalogue" if word in mine else taken.words[word]
            yield Fault(f"{word!r} is a type of {whose}, and no further word for a user.", pointer)
    yield from own_faults.twice(catalogue.subject_types, "word", "/subject_types")


def _trimmed(catalogue: OwnCatalogue) -> OwnCatalogue:
    replace = msgspec.structs.replace
    return replace(
        catalogue,
        **own_faults.described(catalogue, ""),
        types=tuple(replace(one, **own_faults.described(one, "")) for one in catalogue.types),
        actions=tuple(replace(one, **own_faults.described(one, "")) for one in catalogue.actions),
        conditions=tuple(replace(one, **own_faults.described(one, "")) for one in catalogue.conditions),
    )
