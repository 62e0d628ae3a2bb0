"""A change of a relation as facts: what was added and removed, in pieces that fit a record each."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from service import errors
from service.commands import packing

PIECE_BYTES_MAX = 24_576
"""Of ids and the names beside them; with the envelope a record stays well under its 65,535 bytes."""
LINKS_MAX = 200_000
"""Links that one order may make or cut. Drafting half as many takes some two seconds, and the append refuses a record
whose time is more than five behind: what a busier machine takes must still fit."""
_ID_BYTES = 120  # an id in the data and once more in `touches`, with its framing

K = TypeVar("K", bound=str)
E = TypeVar("E")


def pieces(
    added: Sequence[K],
    removed: Sequence[K],
    record: Callable[[tuple[K, ...], tuple[K, ...]], E],
    named: Callable[[K], str] = lambda _: "",
) -> Iterator[E]:
    """One fact, or as many as it takes, removals first. Nothing added or removed is no fact at all.

    Raises Refused for more than one order can do.
    """
    require_bearable(len(added) + len(removed))
    gone = list(_packed(removed, named))
    come = list(_packed(added, named))
    if len(gone) <= 1 and len(come) <= 1 and len(added) + len(removed) <= PIECE_BYTES_MAX // (2 * _ID_BYTES):
        if added or removed:
            yield record(tuple(added), tuple(removed))
        return
    for piece in gone:
        yield record((), piece)
    for piece in come:
        yield record(piece, ())


def require_bearable(links: int) -> None:
    """Raise Refused, before the work, for more links than one order can make or cut."""
    if links > LINKS_MAX:
        raise errors.Refused(
            "too_many_links",
            f"This would make or cut {links:,} links at once, and one order can {LINKS_MAX:,}. Let some of those who"
            " belong to the team leave it first; nothing was done.",
        )


def difference(held: Iterable[K], wanted: Iterable[K]) -> tuple[tuple[K, ...], tuple[K, ...]]:
    """(added, removed) that turn `held` into `wanted`; sorted, so that a decision repeats exactly."""
    before, after = set(held), set(wanted)
    return tuple(packing.in_order(after - before, str)), tuple(packing.in_order(before - after, str))


def _packed(ids: Sequence[K], named: Callable[[K], str]) -> Iterator[tuple[K, ...]]:
    return packing.packed(ids, lambda one: _ID_BYTES + 2 * len(named(one).encode()), PIECE_BYTES_MAX)
