"""Denied attempts between batches: the first is recorded at once, repeats are counted, and a flood is joined. Pure.

Whoever tries the same again within a minute leaves one more record, which says how often. Whoever tries ever other
things leaves a few records of their own a minute and then one for all the rest. So what a principal can make the log
grow by is bounded, and so is what is remembered of it.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from service.commands.account import ReadTrail
from service.events.attempts import VARIOUS, AttemptDenied
from service.orders import Order
from service.vocabulary import EventId

JOINED_FOR = timedelta(seconds=60)
DISTINCT_MAX = 20
"""Different denials of one principal that are recorded one by one within a minute."""
REMEMBERED_MAX = 10_000
"""Denials remembered at once; beyond it nobody has more than one, for everything they try."""

_NO_COMMAND = ReadTrail(filters={}, until=0)

DenialKey = tuple[str, str, str]
"""(principal, permission, thing): what makes one denial the repeat of another."""


class Denial(msgspec.Struct, frozen=True):
    """A denial that was recorded, and how often it was repeated since."""

    first: EventId
    at: datetime
    order: Order
    event: AttemptDenied
    repeats: int = 0


class Denials:
    """What is remembered, oldest first. `taken_in` a batch's changes once it is committed."""

    def __init__(self) -> None:
        self._known: dict[DenialKey, Denial] = {}
        self._distinct: dict[str, int] = {}
        self.coalesced = 0
        """Attempts that were counted as repeats of a recorded one, since the start."""

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: DenialKey) -> Denial | None:
        return self._known.get(key)

    def distinct(self, principal: str) -> int:
        """How many different denials of the principal are remembered."""
        return self._distinct.get(principal, 0)

    def values(self) -> Iterator[Denial]:
        return iter(self._known.values())

    def due(self, now: datetime, *, closing: bool) -> list[tuple[DenialKey, Denial]]:
        """Those whose minute is over; when the service is closing, also those whose repeats are uncounted."""
        found = []
        for key, denial in self._known.items():
            if is_due(denial, now, closing=closing):
                found.append((key, denial))
            elif not closing:
                break  # they stand in the order of their times
        return found

    def any_due(self, now: datetime, *, closing: bool) -> bool:
        """Whether there are such."""
        if closing:
            return any(is_due(denial, now, closing=True) for denial in self._known.values())
        oldest = next(iter(self._known.values()), None)
        return oldest is not None and is_due(oldest, now, closing=False)

    def taken_in(self, changes: "Changes") -> None:
        """The changes of a batch that is committed."""
        for key, denial in changes.changed.items():
            before = self._known.get(key)
            # One that began anew moves to the end, where its time belongs; one that was repeated keeps its place.
            if before is not None and (denial is None or denial.first != before.first):
                del self._known[key]
            if denial is not None:
                same = before is not None and before.first == denial.first
                self.coalesced += denial.repeats - (before.repeats if before is not None and same else 0)
                self._known[key] = denial
            change = (denial is not None) - (before is not None)
            if change:
                count = self._distinct.get(key[0], 0) + change
                if count:
                    self._distinct[key[0]] = count
                else:
                    del self._distinct[key[0]]


class Changes:
    """What one batch changes of it: seen by the batch alone until it is committed."""

    def __init__(self, below: Denials) -> None:
        self._below = below
        self.changed: dict[DenialKey, Denial | None] = {}
        self._more: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._below) + sum(self._more.values())

    def get(self, key: DenialKey) -> Denial | None:
        return self.changed[key] if key in self.changed else self._below.get(key)

    def distinct(self, principal: str) -> int:
        return self._below.distinct(principal) + self._more.get(principal, 0)

    def put(self, key: DenialKey, denial: Denial | None) -> None:
        """Remember it from here on; None forgets it."""
        self._counted(key[0], (denial is not None) - (self.get(key) is not None))
        if denial is not None and key in self.changed:
            del self.changed[key]  # so that the changes, too, stand in the order of their times
        self.changed[key] = denial

    def key_of(self, principal: str, missing: str, thing: str) -> DenialKey:
        """The key of an attempt: its own, or beyond so many different ones that of everything else they try."""
        key = (principal, missing, thing)
        distinct = self.distinct(principal)
        if distinct < DISTINCT_MAX and (not distinct or len(self) < REMEMBERED_MAX):
            return key
        return key if self.get(key) is not None else (principal, VARIOUS, "")

    def _counted(self, principal: str, change: int) -> None:
        if change:
            self._more[principal] = self._more.get(principal, 0) + change


def is_due(denial: Denial, now: datetime, *, closing: bool = False) -> bool:
    """Whether this denial is to be counted, or forgotten, now."""
    return now - denial.at >= JOINED_FOR or (closing and denial.repeats > 0)


def repeats_of(key: DenialKey, denial: Denial) -> AttemptDenied:
    """The fact that a denial was repeated; of joined ones only how many they were."""
    if key[1] == VARIOUS:
        return AttemptDenied(
            command=VARIOUS, arguments={}, missing=VARIOUS, count=denial.repeats, first=denial.first
        )
    return msgspec.structs.replace(denial.event, count=denial.repeats, first=denial.first)


def without_command(order: Order) -> Order:
    """The order without what it asked for, which may be large or secret: it is only remembered to count its repeats."""
    return msgspec.structs.replace(order, command=_NO_COMMAND, idempotency_key="", condition=None)
