"""Many rows as records that each hold as many as fit, and many things in an order that repeats exactly."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

_STRETCH = 1_024
"""Things that are sorted at a stroke, or about so many."""
T = TypeVar("T")


def packed(rows: Iterable[T], bytes_of: Callable[[T], int], bytes_max: int) -> Iterator[tuple[T, ...]]:
    """The rows in their order, as many together as these bytes hold, but one at least."""
    piece: list[T] = []
    size = 0
    for row in rows:
        cost = bytes_of(row)
        if piece and size + cost > bytes_max:
            yield tuple(piece)
            piece, size = [], 0
        piece.append(row)
        size += cost
    if piece:
        yield tuple(piece)


def in_order(things: Iterable[T], key: Callable[[T], Any]) -> Iterator[T]:
    """The things by a key that no two of them share.

    Sorted stretch by stretch: nobody else has a turn while the interpreter sorts, and a hundred thousand at a stroke
    would take tens of milliseconds.
    """
    found = list(things)
    bounds = sorted(key(one) for one in found[_STRETCH::_STRETCH])
    stretches: list[list[T]] = [[] for _ in range(len(bounds) + 1)]
    for one in found:
        stretches[bisect_right(bounds, key(one))].append(one)
    for stretch in stretches:
        stretch.sort(key=key)
        yield from stretch
