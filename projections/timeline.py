"""One fact over time: ascending positions, immutable values. Now is merely the last of them."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")
NEVER = 1 << 62
"""Beyond every position: a timeline without a step was made then."""
_undone = [0]
"""How many steps were ever taken back: a reader who finds that it moved while it searched searches again."""


class Timeline(msgspec.Struct, Generic[T], eq=False, gc=False):
    """Every value that one fact ever had, each with the position that made it; None while there is none.

    Most facts never change, so the newest step stands in the timeline itself, and what was before it in two lists that
    exist from the second step on. A question about the past costs a bisection more than one about now.

    One thread may put and undo steps above the committed head while others read at or below it. They need no lock:
    every change is ordered so that a reader who takes `value` first and compares `made` afterwards sees what it would
    have seen without it. No collector needs to visit a timeline: values are immutable and refer to no timeline.
    """

    made: int = NEVER
    """The position that made `value`."""
    value: T | None = None
    """The newest value, committed or not: a reader compares `made` with its own position."""
    earlier_positions: "array[int] | None" = None
    earlier_values: list[T | None] | None = None

    def at(self, position: int) -> T | None:
        """The value that held right after `position`, or None."""
        value = self.value
        if self.made <= position:
            return value
        return self.before(position)

    def before(self, position: int) -> T | None:
        """`at` for a position below `made`: the value among the earlier ones, or None."""
        while True:
            undone = _undone[0]
            value = self.value
            if self.made <= position:
                return value  # the step above was taken back meanwhile
            positions, values = self.earlier_positions, self.earlier_values
            if positions is None or values is None:
                return None
            index = bisect_right(positions, position)
            try:
                value = values[index - 1] if index else None
            except IndexError:
                continue
            if undone == _undone[0]:
                return value

    def last_at(self, position: int) -> T | None:
        """The last value there was up to `position`, even if it had ended by then; None before the first."""
        while (value := self.at(position)) is None and (made := self.since(position)):
            position = made - 1
        return value

    def since(self, position: int) -> int:
        """The position that made the value which held right after `position`; 0 if there was none."""
        while True:
            undone, made = _undone[0], self.made
            if made <= position:
                return made
            positions = self.earlier_positions
            if positions is None:
                return 0
            index = bisect_right(positions, position)
            try:
                made = positions[index - 1] if index else 0
            except IndexError:
                continue
            if undone == _undone[0]:
                return made

    def until(self, position: int) -> Iterator[T]:
        """Every value that ever held up to `position`, the newest first."""
        while made := self.since(position):
            if (value := self.at(position)) is not None:
                yield value
            position = made - 1

    def made_between(self, after: int, until: int) -> list[int]:
        """The positions beyond `after`, up to the committed `until`, that changed the fact."""
        while True:
            undone, made = _undone[0], self.made
            positions = self.earlier_positions
            earlier = () if positions is None else positions[bisect_right(positions, after) :]
            if undone == _undone[0]:
                return sorted({one for one in (*earlier, made) if after < one <= until})

    def put(self, position: int, value: T | None) -> bool:
        """Let `value` hold from `position` on. True if that added a step, False if it replaced this position's."""
        made = self.made
        if made == position:
            self.value = value
            return False
        if made != NEVER:
            positions, values = self.earlier_positions, self.earlier_values
            if positions is None or values is None:
                self.earlier_values, self.earlier_positions = [self.value], array("q", (made,))
            else:
                values.append(self.value)
                positions.append(made)
        self.made = position
        self.value = value
        return True

    def undo(self) -> None:
        """Take back the last step."""
        positions, values = self.earlier_positions, self.earlier_values
        if positions and values:
            self.value = values[-1]
            self.made = positions[-1]
            _undone[0] += (
                1  # only now may the step leave the lists: whoever looks for it there will look again
            )
            positions.pop()
            values.pop()
        else:
            self.made = NEVER
            self.value = None

    def ever(self, position: int) -> bool:
        """Whether the fact had come to exist by `position`, even if it has ended since."""
        return (self.earlier_positions[0] if self.earlier_positions else self.made) <= position

    def steps(self) -> Iterator[tuple[int, T | None]]:
        """Every position that changed the fact, with the value from there on. Nothing may be put meanwhile."""
        yield from zip(self.earlier_positions or (), self.earlier_values or (), strict=True)
        if self.made != NEVER:
            yield self.made, self.value
