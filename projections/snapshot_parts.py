"""A snapshot's sections in parts of a few megabytes, packed one by one, each known by the digest of its stored octets.

A part is unpacked only if it is the one that was named. Pure.
"""

import hashlib
import zlib
from collections.abc import Iterable, Iterator

PART_BYTES = 4 * 1024 * 1024
"""Before packing: small enough that reading, unpacking and decoding go side by side."""
_LENGTH_BYTES = 8
_LEVEL = 1
"""Packing harder takes twice the time and spares a tenth."""


class Unusable(Exception):
    """A snapshot cannot be used; the message says why."""


def cut(whole: Iterable[bytes]) -> Iterator[bytes]:
    """The sections, each behind its length, in pieces of PART_BYTES; the last is shorter."""
    held = bytearray()
    for section in whole:
        held += len(section).to_bytes(_LENGTH_BYTES, "big")
        held += section
        while len(held) >= PART_BYTES:
            yield bytes(held[:PART_BYTES])
            del held[:PART_BYTES]
    yield bytes(held)


def sections(parts: Iterator[bytes]) -> Iterator[bytes]:
    """The sections that `cut` cut."""
    held, start = b"", 0

    def taken(length: int) -> bytes:
        nonlocal held, start
        if len(held) - start < length:
            pieces, short = [held[start:]], length - len(held) + start
            while short > 0:
                pieces.append(next(parts))
                short -= len(pieces[-1])
            held, start = b"".join(pieces), 0
        start += length
        return held[start - length : start]

    while True:
        yield taken(int.from_bytes(taken(_LENGTH_BYTES), "big"))


def unpacked(octets: bytes | None, expected: str) -> bytes:
    """A part that is the one that the header names. Unpacking and hashing let other threads go on meanwhile."""
    if octets is None:
        raise Unusable("a part of it is missing")
    if digest(octets) != expected:
        raise Unusable("a part of it was changed")
    return zlib.decompress(octets)


def packed(part: bytes) -> bytes:
    """A part as it is stored."""
    return zlib.compress(part, _LEVEL)


def digest(stored: bytes) -> str:
    """64 hexadecimal digits by which a stored part is known."""
    return hashlib.sha256(stored).hexdigest()
