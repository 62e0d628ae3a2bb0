"""One fact over time: ascending positions, immutable values. Now is merely the last of them."""

from bisect import bisect_right
from typing import Generic, TypeVar

T = TypeVar("T")


class Timeline(Generic[T]):
    """Every value that one fact ever had, each with the position that made it; None while there is none.

    A question about the past costs one bisection more than a question about now, and runs through the same code.
    """

    __slots__ = ("positions", "values")

    def __init__(self) -> None:
        self.positions: list[int] = []
        self.values: list[T | None] = []

    def at(self, position: int) -> T | None:
        """The value that held right after `position`, or None."""
        positions = self.positions
        if not positions or position < positions[0]:
            return None
        if positions[-1] <= position:
            return self.values[-1]
        return self.values[bisect_right(positions, position) - 1]

    def last_at(self, position: int) -> T | None:
        """The last value there was up to `position`, even if it had ended by then; None before the first."""
        for index in range(bisect_right(self.positions, position) - 1, -1, -1):
            if (value := self.values[index]) is not None:
                return value
        return None

    def since(self, position: int) -> int:
        """The position that made the value which held right after `position`; 0 if there was none."""
        index = bisect_right(self.positions, position)
        return self.positions[index - 1] if index else 0

    def put(self, position: int, value: T | None) -> bool:
        """Let `value` hold from `position` on. True if that added a step, False if it replaced this position's."""
        if self.positions and self.positions[-1] == position:
            self.values[-1] = value
            return False
        self.positions.append(position)
        self.values.append(value)
        return True

    def undo(self) -> None:
        """Take back the last step."""
        self.positions.pop()
        self.values.pop()

    @property
    def last(self) -> T | None:
        """The newest value, committed or not: for folding only, never for an answer."""
        return self.values[-1] if self.values else None

    def ever(self, position: int) -> bool:
        """Whether the fact had come to exist by `position`, even if it has ended since."""
        return bool(self.positions) and self.positions[0] <= position
