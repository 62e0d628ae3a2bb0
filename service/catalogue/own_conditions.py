"""Whether the conditions of an own catalogue can mean anything: each fault with a sentence and its place. Pure."""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from service import errors
from service.catalogue import conditions
from service.catalogue.own import Condition, Predicate, Reference
from service.catalogue.own_faults import Fault
from service.vocabulary import verbatim

PREDICATES_MAX: Final = 20
"""Of one condition."""
AMONG_MAX: Final = 100
"""Values that one predicate lists."""
VALUE_LENGTH_MAX: Final = 250
INTEGER_MAX: Final = 2**53 - 1
"""Beyond it JSON's readers disagree (RFC 7493, section 2.2)."""
DEPTH_MAX: Final = 8
"""Parts of a path."""
MEMBER_LENGTH_MAX: Final = 100
_ORDERING: Final = frozenset({"less_than", "at_most", "greater_than", "at_least"})
_MEMBER: Final = re.compile(r"[^.\s\x00-\x1f\x7f]+")
_EXACT: Final = frozenset({"subject.type", "subject.id", "resource.type", "resource.id", "action.name"})


def faults(condition: Condition, pointer: str) -> Iterator[Fault]:
    """What is wrong with the predicates of one condition, which stands at this place."""
    if not condition.all:
        yield Fault(
            f"The condition {condition.name!r} has no predicate: it would always hold.", f"{pointer}/all"
        )
    if len(condition.all) > PREDICATES_MAX:
        yield Fault(f"A condition has at most {PREDICATES_MAX} predicates.", f"{pointer}/all")
    for index, predicate in enumerate(condition.all):
        yield from _of_predicate(predicate, f"{pointer}/all/{index}")


def _of_predicate(predicate: Predicate, pointer: str) -> Iterator[Fault]:
    if why := _no_path(predicate.property):
        yield Fault(why, f"{pointer}/property")
    given = [name for name in conditions.OPERATORS if getattr(predicate, name) is not msgspec.UNSET]
    if not given:
        yield Fault(f"A predicate needs one of {', '.join(conditions.OPERATORS)}.", pointer)
    elif len(given) > 1:
        said = f"A predicate has one operator, not {' and '.join(given)}: write one predicate for each."
        yield Fault(said, pointer)
    for name in given:
        yield from _of_wanted(predicate.property, name, getattr(predicate, name), f"{pointer}/{name}")


def _of_wanted(
    property_: str, operator: str, wanted: bool | int | str | tuple[int | str, ...] | Reference, pointer: str
) -> Iterator[Fault]:
    if isinstance(wanted, Reference):
        if why := _no_path(wanted.property):
            yield Fault(why, f"{pointer}/property")
        elif wanted.property == property_:
            yield Fault("This compares a property with itself.", f"{pointer}/property")
    elif isinstance(wanted, tuple):
        yield from _of_list(wanted, pointer)
    else:
        if why := _no_value(wanted):
            yield Fault(why, pointer)
        if operator in _ORDERING and isinstance(wanted, str) and conditions.instant_of(wanted) is None:
            said = "Only numbers and times are compared: write a whole number or a time such as 2026-01-31T12:00:00Z."
            yield Fault(said, pointer)


def _of_list(wanted: tuple[int | str, ...], pointer: str) -> Iterator[Fault]:
    if not wanted:
        yield Fault("A list of values holds at least one.", pointer)
    if len(wanted) > AMONG_MAX:
        yield Fault(f"A predicate lists at most {AMONG_MAX} values.", pointer)
    if len({type(one) for one in wanted}) > 1:
        yield Fault("A list holds numbers or texts, not both: one property is never both.", pointer)
    if len(set(wanted)) < len(wanted):
        yield Fault("A value stands here twice.", pointer)
    for index, one in enumerate(wanted):
        if why := _no_value(one):
            yield Fault(why, f"{pointer}/{index}")


def _no_value(value: bool | int | str) -> str:
    """Why the value cannot be compared with, or the empty text."""
    if isinstance(value, str):
        try:
            verbatim(value, "", "value", VALUE_LENGTH_MAX)
        except errors.Invalid as failure:
            return failure.sentence
    elif abs(value) > INTEGER_MAX:
        return (
            f"A number lies between -{INTEGER_MAX} and {INTEGER_MAX}: beyond, programs read it differently."
        )
    return ""


def _no_path(path: str) -> str:
    """Why nothing of a request could ever stand at the path, or the empty text."""
    parts = path.split(".")
    if len(parts) > DEPTH_MAX or any(len(part) > MEMBER_LENGTH_MAX for part in parts):
        return f"A property's path has at most {DEPTH_MAX} parts, each of at most {MEMBER_LENGTH_MAX} characters."
    if not all(_MEMBER.fullmatch(part) for part in parts):
        return f"{path!r} is no property: names divided by single dots, without spaces."
    deeper = len(parts) > 2 and parts[0] in ("subject", "action", "resource") and parts[1] == "properties"
    if path in _EXACT or deeper or (parts[0] == "context" and len(parts) > 1):
        return ""
    return (
        f"A request has no {path!r}. There are subject.id, subject.type, resource.id, resource.type, action.name,"
        " and whatever stands below subject.properties, resource.properties, action.properties and context."
    )
