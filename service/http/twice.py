"""Where in a JSON text an object holds a member twice: readers differ in which of the two counts (RFC 7493)."""

import json
from typing import Final

POINTER_LENGTH_MAX: Final = 500


class Twice(ValueError):
    """An object holds the member `name` twice."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class _Pairs(list[tuple[str, object]]):
    """An object's members as they stand, each one."""


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_Pairs)


def place(text: str) -> str:
    """The pointer to the first member that stands there twice; empty where it cannot be told or is too long.

    The text was found to hold one before, so it is read a second time only for who sends such a thing.
    """
    try:
        waiting: list[tuple[str, object]] = [("", _DECODER.decode(text))]
    except (ValueError, RecursionError):
        return ""
    while waiting:
        pointer, value = waiting.pop()
        if len(pointer) > POINTER_LENGTH_MAX:
            return ""
        if isinstance(value, _Pairs):
            inside: list[tuple[str, object]] = []
            seen = set[str]()
            for name, member in value:
                below = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
                if name in seen:
                    return below
                seen.add(name)
                inside.append((below, member))
            waiting += reversed(inside)
        elif isinstance(value, list):
            waiting += [(f"{pointer}/{index}", member) for index, member in reversed(list(enumerate(value)))]
    return ""
