"""How the figures are taken: raw and ours in turns within one run, the median of the rounds, and their spread."""

import statistics
import sys
import time
from collections.abc import Awaitable, Callable

import msgspec

Timed = Callable[[], Awaitable[float]]
"""One turn: runs for a while and says what it measured, a rate or a duration."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table: `rounds` holds each round's value, in `unit`; × is a ratio of ours to the raw thing.

    `raw` and `ours` are what stood on either side, for a reader who wants to know the scale. Without a target
    the line stands there for comparison.
    """

    what: str
    rounds: tuple[float, ...]
    raw: str
    ours: str
    unit: str = "×"
    at_least: float | None = None
    at_most: float | None = None

    @property
    def median(self) -> float:
        """The figure."""
        return statistics.median(self.rounds)

    @property
    def met(self) -> bool | None:
        """Whether the median meets the target; None without one."""
        if self.at_least is not None:
            return self.median >= self.at_least
        return self.median <= self.at_most if self.at_most is not None else None


async def in_turns(rounds: int, *sides: Timed, turns: int = 1) -> list[tuple[float, ...]]:
    """One row a round, with what each side measured in its turns, on average; the first side is the raw thing.

    Many short turns of a round stand closer together than one long one, where the machine has other work too.
    """
    rows = []
    for _ in range(rounds):
        taken = [[await side() for side in sides] for _ in range(turns)]
        rows.append(tuple(statistics.mean(values) for values in zip(*taken, strict=True)))
    return rows


def ratio(
    what: str,
    raw: "list[float]",
    ours: "list[float]",
    unit: str,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Figure:
    """The figure of two sides measured in turns: each round's own ratio, so that what slows both cancels out."""
    return Figure(
        what=what,
        rounds=tuple(mine / theirs for theirs, mine in zip(raw, ours, strict=True)),
        raw=f"{spelt(statistics.median(raw))} {unit}",
        ours=f"{spelt(statistics.median(ours))} {unit}",
        at_least=at_least,
        at_most=at_most,
    )


def spelt(value: float) -> str:
    """A number with as many digits as mean something here."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def tell(sentence: str) -> None:
    """Progress, for whoever waits."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')}  {sentence}\n")
    sys.stderr.flush()
