"""A naive evaluator of conditions, from their documentation: it shares nothing with the real one but the words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from service.catalogue.conditions import operator_of
from service.catalogue.own import Condition, Reference


def holds(condition: Condition, request: Mapping[str, Any]) -> bool:
    """Whether all of the condition's predicates are met."""
    return all(met(one.property, *operator_of(one), request) for one in condition.all)


def met(path: str, operator: str, wanted: Any, request: Any) -> bool:
    """The same in the words of the documentation, one case after the other."""

    def found(where: str) -> Any:
        here = request
        for part in where.split("."):
            here = here.get(part) if isinstance(here, dict) else None
        return here

    def typed(value: Any) -> tuple[str, Any]:
        if value is True or value is False:
            return "boolean", value
        if isinstance(value, int | float):
            return "number", value
        return ("text", value) if isinstance(value, str) else ("none of them", id(value))

    mine = found(path)
    other = found(wanted.property) if isinstance(wanted, Reference) else wanted
    if mine is None or other is None:
        return False
    kind = typed(mine)[0]
    if operator in {"one_of", "none_of"}:
        if not isinstance(other, list | tuple) or kind == "none of them":
            return False
        if operator == "one_of":
            return typed(mine) in [typed(one) for one in other]
        return {kind} >= {typed(one)[0] for one in other} and typed(mine) not in [typed(one) for one in other]
    if operator == "contains":
        return (
            isinstance(mine, list) and typed(other)[0] != "none of them" and typed(other) in map(typed, mine)
        )
    if kind == "none of them" or typed(other)[0] != kind:
        return False
    if operator in {"equals", "not_equals"}:
        return bool(mine == other) == (operator == "equals")
    if kind == "text":
        both = [datetime.fromisoformat(one) if one[4:5] == "-" else None for one in (mine, other)]
        if None in both:
            return False
        mine, other = both
    elif kind == "boolean":
        return False
    before, same = bool(mine < other), bool(mine == other)
    return {
        "less_than": before,
        "at_most": before or same,
        "greater_than": not before and not same,
        "at_least": not before,
    }[operator]
