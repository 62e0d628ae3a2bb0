"""From a body's bytes to a JSON value: strictly, and without holding up whoever else waits for the event loop.

A member that stands twice in an object is refused, since readers differ in which of the two counts (RFC 7493), and so
are a NUL and a lone surrogate, which nothing downstream could keep. One way is quick and proves that it missed nothing;
whatever it cannot prove goes the careful way, which says what is wrong and where.
"""

import asyncio
import json
from collections import Counter
from typing import Any, Final, NoReturn

import msgspec

from service import errors
from service.http import breathing, twice
from service.vocabulary import NAME_LENGTH_MAX

DEPTH_MAX: Final = 100
UNCLEAR: Final = msgspec.UNSET
"""What the quick way says of a text that it cannot answer for."""
SWIFT_BYTES_MAX: Final = 262_144
"""Up to here the quick way is over in less than `breathing.HELD_SECONDS_MAX`, and so needs no thread."""
STRETCH_BYTES_MAX: Final = 4 * 1024 * 1024
"""Up to here each step of the quick way holds others up for some ten milliseconds; what is longer is cut in pieces."""
_PIECE: Final = 1_000
"""Items of a long list that are decoded at one stretch."""
_MEMBERS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ITEMS: Final = msgspec.json.Decoder(list[msgspec.Raw])
_UNREADABLE: Final = (msgspec.MsgspecError, UnicodeError, RecursionError, OverflowError)


async def document(octets: bytes) -> object:
    """The JSON value in a body. Raises Invalid as `decoded` does."""
    if len(octets) <= SWIFT_BYTES_MAX and (found := swiftly(octets)) is not UNCLEAR:
        return found
    return await breathing.beside(len(octets), lambda: decoded(octets))


async def with_long_list(octets: bytes, name: str) -> object:
    """As `document`, for an object whose member of this name may be a list of many thousands: others get their turns.

    The thread that `document` uses for what is long would not help here: decoding quickly holds everybody up.
    """
    if len(octets) <= SWIFT_BYTES_MAX or b"\\u" in octets:
        return await document(octets)
    try:
        found = await (_in_steps(octets) if len(octets) <= STRETCH_BYTES_MAX else _in_pieces(octets, name))
    except _UNREADABLE:
        found = UNCLEAR
    return await breathing.beside(len(octets), lambda: decoded(octets)) if found is UNCLEAR else found


async def _in_steps(octets: bytes) -> object:
    """`swiftly`, with a breath between its steps. Raises what msgspec raises."""
    await asyncio.sleep(0)
    found = msgspec.json.decode(octets)
    await asyncio.sleep(0)
    written = msgspec.json.encode(found)
    await asyncio.sleep(0)
    return found if written == msgspec.json.format(octets, indent=-1) else UNCLEAR


async def _in_pieces(octets: bytes, name: str) -> object:
    """Each piece is proved as `swiftly` proves the whole. Raises what msgspec raises."""
    compact = msgspec.json.format(octets, indent=-1)
    await asyncio.sleep(0)
    members = _MEMBERS.decode(compact)
    if msgspec.json.encode(members) != compact or name not in members:
        return UNCLEAR
    await asyncio.sleep(0)
    raws = _ITEMS.decode(members.pop(name))
    items: list[object] = []
    for start in range(0, len(raws), _PIECE):
        await asyncio.sleep(0)
        piece = swiftly(b"[" + b",".join(raws[start : start + _PIECE]) + b"]")
        if not isinstance(piece, list):
            return UNCLEAR
        items += piece
    others = swiftly(msgspec.json.encode(members))
    return {**others, name: items} if isinstance(others, dict) else UNCLEAR


def swiftly(octets: bytes) -> Any:
    """The JSON value, or UNCLEAR where the text is none or might not be one that `decoded` takes.

    What was decoded is written again. If that is the text to the letter, apart from spaces, then no member was lost on
    the way, as one that stands twice is; and no text can hold a NUL or a lone surrogate but by `\\u`.
    """
    if b"\\u" in octets:
        return UNCLEAR
    try:
        found = msgspec.json.decode(octets)
        return found if msgspec.json.encode(found) == msgspec.json.format(octets, indent=-1) else UNCLEAR
    except _UNREADABLE:
        return UNCLEAR


def decoded(octets: bytes) -> object:
    """The JSON value in a body, or Invalid: with a place where there is one, with a pointer to a character refused."""
    try:
        found: object = _DECODER.decode(octets.decode())
    except UnicodeDecodeError as failure:
        raise errors.Invalid(f"The body is not UTF-8 (byte {failure.start}).") from failure
    except json.JSONDecodeError as failure:
        place = f"line {failure.lineno}, column {failure.colno}"
        raise errors.Invalid(f"The body is not JSON: {failure.msg} ({place}).") from failure
    except twice.Twice as failure:
        said = f"The body holds an object in which {failure.name[:NAME_LENGTH_MAX]!r} stands twice."
        raise errors.Invalid(said, twice.place(octets.decode())) from failure
    except RecursionError as failure:
        raise errors.Invalid("The body is nested too deeply.") from failure
    except ValueError as failure:  # a number of thousands of digits
        raise errors.Invalid("The body holds a number that is out of bounds.") from failure
    # A NUL or a lone surrogate can only come from an escape: raw ones were no JSON or no UTF-8 above.
    if b"\\u" in octets:
        _require_clean(found, "", 0)
    return found


def is_text(text: str) -> bool:
    """Whether it holds characters only: a lone surrogate is none, but stands for a byte that could not be read."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _require_clean(value: object, pointer: str, depth: int) -> None:
    """Raise Invalid for a NUL or a lone surrogate in any string, a key included, and for absurd nesting."""
    if depth > DEPTH_MAX:
        raise errors.Invalid(f"The body is nested more than {DEPTH_MAX} deep.", pointer[:200])
    match value:
        case str():
            _require_clean_text(value, pointer)
        case dict():
            for key, member in value.items():
                _require_clean_text(key, pointer)
                place = key.replace("~", "~0").replace("/", "~1")
                _require_clean(member, f"{pointer}/{place}", depth + 1)
        case list():
            for index, member in enumerate(value):
                _require_clean(member, f"{pointer}/{index}", depth + 1)
        case _:
            pass  # a number, true, false or null


def _require_clean_text(text: str, pointer: str) -> None:
    if not text.isascii() and not is_text(text):
        raise errors.Invalid("This text holds a lone surrogate, which is no character.", pointer)
    if "\0" in text:
        raise errors.Invalid("This text holds a NUL character (U+0000).", pointer)


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object's members; Twice for one that is there twice."""
    members = dict(pairs)
    if len(members) < len(pairs):
        raise twice.Twice(Counter(name for name, _ in pairs).most_common(1)[0][0])
    return members


def _no_number(literal: str) -> NoReturn:
    raise errors.Invalid(f"The body holds {literal}, which is not JSON.")


_DECODER: Final = json.JSONDecoder(parse_constant=_no_number, object_pairs_hook=_members)
"""Made once: `json.loads` with options makes one a call."""
