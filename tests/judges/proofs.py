"""What was proved and what was not: one line a proof, as soon as it is known."""

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

HELD: Final = "held"
BROKEN: Final = "BROKEN"


class Wrong(Exception):
    """Something is not as the proof says; the sentence tells what was there in its place."""


class Proofs:
    """The proofs of one judge. A proof that fails is told with what was found, and the next one is tried."""

    def __init__(self, judge: str, tell: Callable[[str], None]) -> None:
        self.judge = judge
        self.held: list[str] = []
        self.broken: list[str] = []
        self.skipped = ""
        """Why it did not judge at all; empty where it did."""
        self._tell = tell

    @contextmanager
    def of(self, claim: str) -> Iterator[None]:
        """Proves the claim by whatever is done within: an exception breaks it."""
        try:
            yield
        except Wrong as found:
            self.broke(claim, str(found))
        except Exception:  # noqa: BLE001  # a judge that stumbles has not proved its claim, and the next may say more
            self.broke(claim, traceback.format_exc())
        else:
            self.held.append(claim)
            self._tell(f"{HELD:6}  {self.judge:11}  {claim}")

    def broke(self, claim: str, found: str) -> None:
        """Note that the claim is not proved, and what was found in its place."""
        self.broken.append(claim)
        self._tell(f"{BROKEN:6}  {self.judge:11}  {claim}")
        for line in found.rstrip().splitlines():
            self._tell(f"        {line}")


def require(truth: bool, sentence: str) -> None:
    """Raise Wrong unless it is true."""
    if not truth:
        raise Wrong(sentence)
