"""One number for everything a directory knows, so that two foldings of the same log can be compared.

Every timeline and every index counts, with all its positions, and so does their order, since lists answer in it. A
table that is added to the directory later is digested without being named here; one of an unknown shape is a TypeError.
"""

import hashlib
from array import array
from collections.abc import Iterator, Mapping

import msgspec

from projections.directory import Directory
from projections.timeline import Timeline
from service.catalogue.compiled import Compiled

_JOURNAL = "_journal"  # how to go back from a state is no part of the state
_STEP_LINES = 1_000
_encoder = msgspec.json.Encoder()


def digest(directory: Directory) -> str:
    """64 hexadecimal digits over the whole directory at its head, where no batch may be under way."""
    return whole(parts(directory))


def whole(digests: Mapping[str, str]) -> str:
    """The one digest over those of all parts."""
    hashed = hashlib.sha256()
    for part, one in sorted(digests.items()):
        hashed.update(f"{part} {one}\n".encode())
    return hashed.hexdigest()


def parts(directory: Directory) -> dict[str, str]:
    """A digest for each table and index by its name (`roles`, `members`, …), so that a difference has a place."""
    return dict(part for part in steps(directory) if part is not None)


def steps(directory: Directory) -> Iterator[tuple[str, str] | None]:
    """`parts` one after the other, with a None every few milliseconds, where others may have their turn."""
    for part, state in sorted(vars(directory).items()):
        if part == _JOURNAL:
            continue
        hashed = hashlib.sha256()
        for number, line in enumerate(_lines(state), 1):
            # The length first, so that no two different states can be written as the same bytes.
            hashed.update(len(line).to_bytes(8, "big"))
            hashed.update(line)
            if number % _STEP_LINES == 0:
                yield None
        yield part, hashed.hexdigest()


def differing(left: Mapping[str, str], right: Mapping[str, str]) -> tuple[str, ...]:
    """The names of the parts in which two digested directories disagree; none when they are the same state."""
    return tuple(part for part in sorted({*left, *right}) if left.get(part) != right.get(part))


def _lines(state: object) -> Iterator[bytes]:
    match state:
        case dict():
            for key, entry in state.items():
                yield _encoder.encode(key)
                yield from _lines(entry)
            yield b"end"
        case Timeline():
            yield _encoder.encode([made for made, _ in state.steps()])
            for _, value in state.steps():
                yield _encoder.encode((value.catalogue, value.own) if isinstance(value, Compiled) else value)
        case list():
            for entry in state:
                yield from _lines(entry)
            yield b"end"
        case array():
            for start in range(0, len(state), _STEP_LINES):
                yield _encoder.encode(state[start : start + _STEP_LINES].tolist())
        case None | int() | str() | tuple() | msgspec.Struct():
            yield _encoder.encode(state)
        case _:
            raise TypeError(f"nobody said how to digest a {type(state).__name__}")
