"""How several things are put into one sentence for people."""

from collections.abc import Iterable

from service.events.applications import Change

_LISTED_MAX = 5


def listed(names: Iterable[str]) -> str:
    """`a, b and c`; of many the first few, and how many more there are."""
    words = list(names)
    if len(words) > _LISTED_MAX:
        words = [*words[:_LISTED_MAX], f"{len(words) - _LISTED_MAX} more"]
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1] if words else "")))


def plural(noun: str, names: Iterable[str]) -> str:
    """The noun, as it is said of one or of several."""
    return noun if len(list(names)) == 1 else f"{noun}s"


def counted(count: int, noun: str) -> str:
    """`1 permission`, `2 permissions`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def change(one: Change) -> str:
    """`the name from Foo to Bar`."""
    words = one.field.replace("_", " ")
    return f"the {words} from {one.before or 'nothing'} to {one.after or 'nothing'}"
