"""How often somebody may be told no: a bucket for each token and for each address, which only refusals empty.

A principal whose bucket is empty may still read and ask; its changes are answered 429 before anything is decided or
recorded, so that a bot that is denied a thousand times a second costs neither records nor the writer's time. An
address whose bucket is empty is refused what it cannot prove without a look at the database; tokens that work pass.
"""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from service import errors

KEYS_MAX: Final = 10_000
"""Buckets kept at most, of each kind. The one that was emptied longest ago gives way."""
_DENIED: Final = (
    "Too many of this token's changes were denied. It may still read; to change things, try after a pause."
)
_UNKNOWN: Final = "Too many tokens or codes from this address did not work. Try again after a pause."


class Buckets:
    """For each key as many refusals as there are in a minute, refilled one by one as time passes; 0: no limit.

    Who goes on knocking at an empty bucket keeps it empty: it fills only for who pauses as long as Retry-After says.
    """

    def __init__(self, per_minute: int, sentence: str, now: Callable[[], float] = time.monotonic) -> None:
        self._size = float(per_minute)
        self._seconds_each = 60.0 / per_minute if per_minute else 0.0
        self._sentence = sentence
        self._now = now
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()  # key: (level, as of when)

    def __len__(self) -> int:
        return len(self._levels)

    def require(self, key: str) -> None:
        """Raise Throttled while the bucket is empty."""
        if key not in self._levels:
            return
        level = self._level(key)
        if level >= 1.0:
            return
        self._put(key, math.floor(level))
        raise errors.Throttled(self._sentence, math.ceil(self._seconds_each))

    def spend(self, key: str) -> None:
        """Note one refusal."""
        if self._size:
            self._put(key, max(0.0, self._level(key) - 1.0))

    def _level(self, key: str) -> float:
        level, since = self._levels.get(key, (self._size, 0.0))
        return min(self._size, level + (self._now() - since) / self._seconds_each)

    def _put(self, key: str, level: float) -> None:
        self._levels[key] = (level, self._now())
        self._levels.move_to_end(key)
        if len(self._levels) > KEYS_MAX:
            self._levels.popitem(last=False)


def denials(per_minute: int) -> Buckets:
    """The buckets of tokens. A principal's read-only token, should somebody steal it, stops only itself."""
    return Buckets(per_minute, _DENIED)


def strangers(per_minute: int) -> Buckets:
    """The buckets of addresses, by `network`."""
    return Buckets(per_minute, _UNKNOWN)


def network(address: str) -> str:
    """What stands for whoever has the address: of IPv6 its /64, since each subscriber has one of those."""
    if ":" not in address:
        return address
    try:
        whole = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if whole.ipv4_mapped is not None:
        return str(whole.ipv4_mapped)
    return str(ipaddress.IPv6Address(int(whole) >> 64 << 64))
