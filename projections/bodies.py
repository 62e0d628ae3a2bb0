"""Which bodies in the vault no contract holds any longer, and since when. Pure; in steps, since it looks at all."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from projections.contracts import Contract
from projections.timeline import Timeline
from projections.view import View
from service.vocabulary import VaultRef

STEP_CONTRACTS = 200


class Unheld(msgspec.Struct, frozen=True, kw_only=True):
    """A body that no contract holds, and the position that ended the last contract which did."""

    digest: str
    body: VaultRef
    since: int


class Search:
    """Looks through every contract that a view ever knew. Take all of its `steps`, then read `found`."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._held: set[str] = set()
        self._ended: dict[str, int] = {}
        self.found: list[Unheld] = []
        """The longest unheld first."""

    def steps(self) -> Iterator[None]:
        """One yield every few hundred contracts, where others may have their turn."""
        directory = self._view.directory
        for number, timeline in enumerate(list(directory.contracts.values()), 1):
            self._look(timeline)
            if number % STEP_CONTRACTS == 0:
                yield
        for number, (digest, ended) in enumerate(self._ended.items(), 1):
            body = None if digest in self._held else self._view.body_ref(digest)
            if body is not None:
                self.found.append(Unheld(digest=digest, body=body, since=ended))
            if number % STEP_CONTRACTS == 0:
                yield
        self.found.sort(key=lambda one: one.since)

    def _look(self, timeline: Timeline[Contract]) -> None:
        position, until = self._view.position, 0
        while made := timeline.since(position):
            contract = timeline.at(position)
            if contract is not None and not until:
                self._held.add(contract.digest)
            elif contract is not None:
                self._ended[contract.digest] = max(self._ended.get(contract.digest, 0), until)
            position, until = made - 1, made


def instant_of(view: View, unheld: Unheld) -> datetime:
    """When the last contract that held the body came to its end."""
    return view.directory.instant(unheld.since)
