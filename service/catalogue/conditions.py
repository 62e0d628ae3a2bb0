"""Whether a condition holds of a request: equality, membership, comparison, and nothing else. Pure.

Closed on every doubt: a property that is missing, or of another type than what it is compared with, meets no predicate,
`not_equals` and `none_of` included. Types are JSON's: true is no 1, and the text "1" is no number.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from service.catalogue.own import Condition, Predicate, Reference

Facts = Mapping[str, Mapping[str, Any]]
"""The four parts of a request, `subject`, `action`, `resource` and `context`, each as its JSON object."""
NO_FACTS: Final[Facts] = {}
"""What a question without a request behind it knows: no condition holds."""
OPERATORS: Final = (
    *("equals", "not_equals", "one_of", "none_of", "contains"),
    *("less_than", "at_most", "greater_than", "at_least"),
)
_MISSING: Final = object()
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
"""What Python reads as a time is more than this: weeks, and an offset of seconds."""
_ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "less_than": lambda mine, other: mine < other,
    "at_most": lambda mine, other: mine <= other,
    "greater_than": lambda mine, other: mine > other,
    "at_least": lambda mine, other: mine >= other,
}


def holds(condition: Condition, facts: Facts) -> bool:
    """Whether every predicate of the condition holds of the request."""
    return all(_met(predicate, facts) for predicate in condition.all)


def unmet(condition: Condition, facts: Facts) -> str:
    """Why the condition does not hold: the first predicate that is not met, without what the request said."""
    for predicate in condition.all:
        if not _met(predicate, facts):
            missing = _at(facts, predicate.property) is _MISSING
            said = "the request does not say it" if missing else "the request says otherwise"
            return (
                f"The condition {condition.name!r} needs {predicate.property} {_wanted(predicate)}; {said}."
            )
    return ""


def operator_of(predicate: Predicate) -> tuple[str, Any]:
    """The operator of a predicate, with what it compares with; the first of them where several are set."""
    for name in OPERATORS:
        if (wanted := getattr(predicate, name)) is not msgspec.UNSET:
            return name, wanted
    return "", None


def instant_of(text: str) -> datetime | None:
    """The time that a text is, as RFC 3339 writes it with its offset; None for any other text."""
    if _INSTANT.fullmatch(text) is None:
        return None
    try:
        found = datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _met(predicate: Predicate, facts: Facts) -> bool:
    mine = _at(facts, predicate.property)
    if mine is _MISSING:
        return False
    name, wanted = operator_of(predicate)
    if isinstance(wanted, Reference):
        wanted = _at(facts, wanted.property)
        if wanted is _MISSING:
            return False
    match name:
        case "equals":
            return _equal(mine, wanted)
        case "not_equals":
            return _comparable(mine, wanted) and not _equal(mine, wanted)
        case "one_of":
            return isinstance(wanted, list | tuple) and any(_equal(mine, one) for one in wanted)
        case "none_of":
            if not isinstance(wanted, list | tuple) or not _kind(mine):
                return False
            return all(_comparable(mine, one) and not _equal(mine, one) for one in wanted)
        case "contains":
            return isinstance(mine, list | tuple) and any(_equal(one, wanted) for one in mine)
        case _:
            return name in _ORDERS and _ordered(_ORDERS[name], mine, wanted)


def _at(facts: Facts, path: str) -> Any:
    found: Any = facts
    for part in path.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return _MISSING
        found = found[part]
    return _MISSING if found is None else found


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "text" if isinstance(value, str) else ""


def _comparable(mine: object, other: object) -> bool:
    return _kind(mine) == _kind(other) != ""


def _equal(mine: object, other: object) -> bool:
    return _comparable(mine, other) and mine == other


def _ordered(compare: Callable[[Any, Any], bool], mine: object, other: object) -> bool:
    if _kind(mine) == _kind(other) == "number":
        return compare(mine, other)
    if isinstance(mine, str) and isinstance(other, str):
        first, second = instant_of(mine), instant_of(other)
        return first is not None and second is not None and compare(first, second)
    return False


def _wanted(predicate: Predicate) -> str:
    name, wanted = operator_of(predicate)
    if isinstance(wanted, Reference):
        return f"{name} {wanted.property}"
    return f"{name} {msgspec.json.encode(wanted).decode()}"
