"""One number for everything a directory knows, so that two foldings of the same log can be compared.

Every timeline and every index counts, with all its positions, and so does their order, since lists answer in it. A
table that is added to the directory later is digested without being named here; one of an unknown shape is a TypeError.
"""

import hashlib
from array import array
from collections.abc import Iterator

import msgspec

from projections.directory import Directory
from projections.timeline import Timeline
from service.catalogue.compiled import Compiled

_JOURNAL = "_journal"  # how to go back from a state is no part of the state
_encoder = msgspec.json.Encoder()


def digest(directory: Directory) -> str:
    """64 hexadecimal digits over the whole directory at its head, where no batch may be under way."""
    whole = hashlib.sha256()
    for part, hashed in parts(directory).items():
        whole.update(f"{part} {hashed}\n".encode())
    return whole.hexdigest()


def parts(directory: Directory) -> dict[str, str]:
    """A digest for each table and index by its name (`roles`, `members`, …), so that a difference has a place."""
    return {part: _part(state) for part, state in sorted(vars(directory).items()) if part != _JOURNAL}


def differing(left: Directory, right: Directory) -> tuple[str, ...]:
    """The names of the parts in which two directories disagree; none when they are the same state."""
    ours, theirs = parts(left), parts(right)
    return tuple(part for part in sorted({*ours, *theirs}) if ours.get(part) != theirs.get(part))


def _part(state: object) -> str:
    hashed = hashlib.sha256()
    for line in _lines(state):
        # The length first, so that no two different states can be written as the same bytes.
        hashed.update(len(line).to_bytes(8, "big"))
        hashed.update(line)
    return hashed.hexdigest()


def _lines(state: object) -> Iterator[bytes]:
    match state:
        case dict():
            for key, entry in state.items():
                yield _encoder.encode(key)
                yield from _lines(entry)
            yield b"end"
        case Timeline():
            yield _encoder.encode(state.positions)
            for value in state.values:
                yield _encoder.encode(value.catalogue if isinstance(value, Compiled) else value)
        case array():
            yield _encoder.encode(state.tolist())
        case None | int() | str() | msgspec.Struct():
            yield _encoder.encode(state)
        case _:
            raise TypeError(f"nobody said how to digest a {type(state).__name__}")
