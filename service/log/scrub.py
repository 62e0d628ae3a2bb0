"""Hashing at leisure what a start from a snapshot did not hash: the texts below it.

The snapshot's tree was proven when it was taken. Whoever changed a text below it since, together with its leaf, is
found here within minutes, and by `muniment verify` at once.
"""

import asyncio

from service import errors
from service.log import witness
from service.log.connect import Connection
from service.log.merkle import Frontier

RECORDS = 1_000
"""Hashed in one turn: some ten milliseconds, so that two turns a second take a few hundredths of a core."""
_BREATH_RECORDS = 250


class Scrub:
    """How far the texts below a proven tree were hashed again. It begins anew with every start."""

    def __init__(self, proven: Frontier) -> None:
        self._proven = proven
        self._tree = Frontier()

    @property
    def left(self) -> int:
        """Records that are still to be hashed."""
        return self._proven.size - self._tree.size

    async def turn(self, connection: Connection) -> None:
        """Hash some more. Raises Broken where a text is missing, and at the end unless they make the proven root."""
        for _ in range(0, min(RECORDS, self.left), _BREATH_RECORDS):
            end = self._tree.size + min(_BREATH_RECORDS, self.left)
            await witness.grown(connection, self._tree, end)
            if self._tree.size < end:
                raise self._broken()
            await asyncio.sleep(0)
        if not self.left and self._tree.encode() != self._proven.encode():
            raise self._broken()

    def _broken(self) -> errors.Broken:
        return errors.Broken(
            f"The records up to position {self._proven.size} are not those of which the snapshot was taken that this"
            " replica started from: one was changed, or is missing. Run `muniment verify`."
        )
