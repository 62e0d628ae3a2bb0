"""Reading JSON: the quick way takes nothing that the careful one refuses, and reads what it takes alike."""

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from service import errors
from service.http import decoding

_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
_NAMES = st.sampled_from(["a", "b", "é", "", "a b", "\\", '"'])


def _written(value: Any) -> st.SearchStrategy[str]:
    """A value as text, with spaces, escapes and members that stand twice, as other programs may write it."""
    return st.sampled_from([json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1)])


def _objects(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.lists(st.tuples(_NAMES.map(json.dumps), inside), max_size=4)
    return pairs.map(lambda found: "{" + ", ".join(f"{name}:{value}" for name, value in found) + "}")


_TEXTS = st.recursive(
    _SCALARS.flatmap(_written),
    lambda inside: _objects(inside) | st.lists(inside, max_size=4).map(lambda found: f"[{','.join(found)} ]"),
    max_leaves=12,
)


def careful(octets: bytes) -> object:
    """What the careful way makes of it."""
    try:
        return decoding.decoded(octets)
    except errors.Invalid:
        return decoding.UNCLEAR


@given(_TEXTS.map(str.encode) | st.binary(max_size=20))
@example(b'{"a":1,"a":1}')
@example(b'{"a":[{"b":1,"b":2}]}')
@example(b'"\\u0000"')
@example(b'"a\x00b"')
@example(b'"\xed\xa0\x80"')
@example(b'"\\\\u0000"')
@example(b'{"\\n":1,"\\n":2}')
@example(b'{"\\/":1,"/":2}')
@example(b"-0")
@example(b"1e2")
@example(b"1E400")
@example(b"NaN")
@example(b"[" * 5_000 + b"]" * 5_000)
@example(b"9" * 5_000)
@example(b"123456789012345678901234567890")
@example(b"")
def test_the_quick_way_agrees_with_the_careful_one(octets: bytes) -> None:
    """Whatever the quick way answers for is what the careful one says; all else it leaves to that (RFC 7493)."""
    quick = decoding.swiftly(octets)
    if quick is not decoding.UNCLEAR:
        assert repr(careful(octets)) == repr(quick)


@settings(max_examples=20, deadline=None)
@given(st.lists(_TEXTS, max_size=3), _objects(_TEXTS))
async def test_a_long_list_is_read_in_pieces_as_it_would_be_at_one_stretch(
    few: list[str], others: str
) -> None:
    """A body of many items is the same document, and refused in the same words, as if it had been read whole."""
    some = ", ".join([*few, *('{"a": [1, "é"], "b": {}}' for _ in range(2_500))])
    outside = f"{others[:-1]}{', ' if len(others) > 2 else ''}"
    octets = f'{outside}"long": [{some}] }}'.encode()
    for spaces in (decoding.SWIFT_BYTES_MAX, decoding.STRETCH_BYTES_MAX):
        longer = octets + b" " * spaces
        try:
            expected: object = decoding.decoded(longer)
        except errors.Invalid as failure:
            expected = failure.sentence, failure.pointer
        try:
            found: object = await decoding.with_long_list(longer, "long")
        except errors.Invalid as failure:
            found = failure.sentence, failure.pointer
        assert repr(expected) == repr(found)
