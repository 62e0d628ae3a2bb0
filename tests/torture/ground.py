"""Where a fault is tried: its chance, its rounds, a directory for its evidence, and what it found."""

import random
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from tests import postgres


class Ground:
    """What one fault is handed. It draws every choice from `random`, so that its seed repeats them."""

    def __init__(self, fault: str, seed: int, rounds: int, tell: Callable[[str], None]) -> None:
        self.fault = fault
        self.rounds = rounds
        self.random = random.Random(f"{fault} {seed}")  # noqa: S311  # repeatable on purpose
        self.directory = postgres.open_directory()
        self.violations: list[str] = []
        self.counts: Counter[str] = Counter()
        self._tell = tell

    def tell(self, sentence: str) -> None:
        """Say how far it is."""
        self._tell(f"{self.fault}: {sentence}")

    def require(self, truth: bool, sentence: str) -> bool:
        """Note a violation unless it is true, and go on: the next one may say more."""
        if not truth:
            self.violated([sentence])
        return truth

    def violated(self, sentences: Iterable[str]) -> None:
        """Note these violations."""
        for sentence in sentences:
            self.violations.append(sentence)
            self.tell(f"VIOLATED: {sentence}")

    def close(self) -> None:
        """Remove the directory, unless it is evidence."""
        if not self.violations:
            shutil.rmtree(self.directory, ignore_errors=True)


def aloud(sentence: str) -> None:
    """On stderr, at once."""
    print(sentence, file=sys.stderr, flush=True)


@contextmanager
def short(fault: str, rounds: int, seed: int = 1) -> Iterator[Ground]:
    """The ground of a fault's short version in the tests. Evidence of a failure is kept, and named by the failure."""
    ground = Ground(fault, seed, rounds, aloud)
    try:
        yield ground
    except BaseException:
        ground.violated(["It ended by an exception."])
        raise
    finally:
        ground.close()
    assert [] == ground.violations, f"evidence is in {ground.directory}"
