"""Who was ever there: for each key its members, of the large side of a relation, in the order in which they came."""

from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
M = TypeVar("M", bound=str)


class Index(dict[K, M | dict[M, None]], Generic[K, M]):
    """A candidate's own timeline says whether it counts at a position; here nobody leaves but by an undo.

    Most keys only ever have one member, which then stands there itself: a dict for each would weigh more than all else.
    """

    __slots__ = ()

    def of(self, key: K) -> tuple[M, ...]:
        """Everybody who was ever there, copied at one stroke, because others may write meanwhile."""
        found = self.get(key)
        if found is None:
            return ()
        return tuple(found) if isinstance(found, dict) else (found,)

    def count(self, key: K) -> int:
        """How many were ever there."""
        found = self.get(key)
        return len(found) if isinstance(found, dict) else int(found is not None)

    def add(self, key: K, member: M) -> bool:
        """Take the member in. False if it was there already."""
        found = self.get(key)
        if found is None:
            self[key] = member
        elif isinstance(found, dict):
            members = len(found)
            found[member] = None
            return len(found) > members
        elif found == member:
            return False
        else:
            self[key] = {found: None, member: None}
        return True

    def take_back(self, key: K, member: M) -> None:
        """Undo the last `add`, exactly: what one member is left of stands there itself again."""
        found = self[key]
        if not isinstance(found, dict):
            del self[key]
            return
        del found[member]
        if len(found) == 1:
            self[key] = next(iter(found))

    def forget(self, member: M) -> None:
        """Drop the member everywhere. It looks at every key."""
        for key in [key for key in self if member in self.of(key)]:
            self.take_back(key, member)
