"""What two contents of one contract have to do with each other: whether they say the same, and both in one. Pure.

A content is a pact: its interactions and messages are what a provider is verified against. Nothing else of it makes
it another one, and neither does their order.
"""

import difflib
import itertools
from typing import Any, Final

import msgspec

_LISTS: Final = ("interactions", "messages")
_REQUEST: Final = ("method", "path", "query", "body", "headers")
_STATES: Final = ("provider_state", "providerState", "providerStates")
_DIFFERENCE_LINES_MAX: Final = 200
_LINE_LENGTH_MAX: Final = 1_000
_CONTEXT_LINES: Final = 3
_COMPARED_LINES_MAX: Final = 500
"""Of each content, from where the two part: comparing takes longer than the square of it."""
Document = dict[str, Any]


def says_the_same(held: bytes, given: bytes) -> bool:
    """Whether both expect the same of the provider. Both are JSON objects."""
    return _meaning(held) == _meaning(given)


def merged(held: bytes, given: bytes) -> bytes | None:
    """The held content with what the given one has beyond it; None where the two contradict each other.

    An interaction is known by its description and provider states. One that is in both with the same request is taken
    from the given content, as a Pact Broker does; with another request it is a contradiction, as is a message that
    says something else. Where nothing is to be added the held bytes come back.
    """
    into, more = msgspec.json.decode(held), msgspec.json.decode(given)
    lists = [name for name in _LISTS if isinstance(more.get(name), list)]
    if not lists or not any(isinstance(into.get(name), list) for name in _LISTS):
        return None
    changed = False
    for name in lists:
        found = _joined(into.get(name, []), more[name])
        if found is None:
            return None
        if found != into.get(name):
            into[name], changed = found, True
    return msgspec.json.encode(into) if changed else held


def difference(held: bytes, given: bytes) -> str:
    """What of the one is not in the other, line by line, for people; cut where it is long.

    The work is bounded whatever the contents are: the lines around the first difference are compared, and the message
    says where others follow.
    """
    before, after = (_spelt_out(content).splitlines() for content in (held, given))
    alike = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False))
    start = max(sum(1 for _ in alike) - _CONTEXT_LINES, 0)
    window = slice(start, start + _COMPARED_LINES_MAX)
    compared = difflib.unified_diff(before[window], after[window], "published", "given", lineterm="")
    lines = [line if len(line) <= _LINE_LENGTH_MAX else f"{line[:_LINE_LENGTH_MAX]}…" for line in compared]
    left = max(len(lines) - _DIFFERENCE_LINES_MAX, 0)
    left += max(len(before), len(after)) - min(window.stop, max(len(before), len(after)))
    if left:
        lines[_DIFFERENCE_LINES_MAX:] = [f"… and {left} more lines"]
    return "\n".join(lines)


def _joined(held: object, given: list[Any]) -> list[Any] | None:
    """The one list with what the other has beyond it, in their orders; None for a contradiction."""
    if not isinstance(held, list) or not all(isinstance(one, dict) for one in (*held, *given)):
        return None
    places = {_known_by(one): place for place, one in enumerate(held)}
    found = list(held)
    for one in given:
        place = places.setdefault(_known_by(one), len(found))
        if place == len(found):
            found.append(one)
        elif _contradict(found[place], one):
            return None
        elif _bare(found[place]) != _bare(one):
            found[place] = one
    return found


def _known_by(interaction: Document) -> bytes:
    states = next((found for name in _STATES if (found := interaction.get(name)) is not None), None)
    return msgspec.json.encode([interaction.get("description"), states], order="deterministic")


def _contradict(held: Document, given: Document) -> bool:
    first, second = held.get("request"), given.get("request")
    if isinstance(first, dict) and isinstance(second, dict):
        return any(first.get(part) != second.get(part) for part in _REQUEST)
    return _bare(held) != _bare(given)


def _bare(interaction: Document) -> Document:
    """Without the id that a Pact Broker gives it."""
    return {name: value for name, value in interaction.items() if name != "_id"}


def _meaning(content: bytes) -> bytes:
    """What a provider is verified against, in one order; the whole of what is no pact."""
    return msgspec.json.encode(_verified(msgspec.json.decode(content)), order="deterministic")


def _verified(document: Document) -> Document:
    lists = [name for name in _LISTS if isinstance(document.get(name), list)]
    if not lists:
        return document
    found: Document = {name: _in_order(document[name]) for name in lists}
    if (version := _specification(document)) is not None:
        found["specification"] = version
    return found


def _in_order(listed: list[Any]) -> list[Any]:
    bare = [_bare(one) if isinstance(one, dict) else one for one in listed]
    return sorted(bare, key=lambda one: msgspec.json.encode(one, order="deterministic"))


def _specification(document: Document) -> object:
    """The version of the Pact Specification, wherever which client writes it."""
    metadata = document.get("metadata")
    if not isinstance(metadata, dict):
        return None
    for name in ("pactSpecification", "pact-specification"):
        if isinstance(inside := metadata.get(name), dict) and inside.get("version") is not None:
            return inside["version"]
    return metadata.get("pactSpecificationVersion")


def _spelt_out(content: bytes) -> str:
    return msgspec.json.format(_meaning(content), indent=2).decode()
