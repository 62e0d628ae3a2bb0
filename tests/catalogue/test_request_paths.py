"""Paths that everybody reads alike, and the refusal of all others: section 5 of the wire facts."""

import posixpath
import re
from urllib.parse import quote, unquote, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.catalogue.request_paths import Unreadable, segments

PIECES = (
    *(
        "/",
        "//",
        ".",
        "..",
        "%2e",
        "%2E%2e",
        "%2F",
        "%2f",
        "%252F",
        "%5C",
        "\\",
        ";v=1",
        "%3B",
        "?",
        "#",
        "+",
    ),
    *(
        "a",
        "B",
        "%61",
        "%C3%A9",
        "%C0%AF",
        "%e2%80%8b",
        "e%CC%81",
        "%00",
        "%0a",
        "%20",
        " ",
        "%",
        "%zz",
        "%25",
    ),
    *(
        "~",
        "%7E",
        "-",
        "_",
        "%2D",
        ".json",
        "%2Ejson",
        "é",
        "\u0131",
        "x" * 300,
        "%25252e",
        "%c0%ae",
        "@",
        "%40",
    ),
)
SPELLINGS = st.lists(st.sampled_from(PIECES), max_size=8).map(lambda found: "/" + "".join(found))
NAMES = st.text(min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("/", ()),
        ("/?a=/../b", ()),
        ("/a/b?c/d", ("a", "b")),
        ("/a/", ("a", "")),
        ("/A%20b/%C3%A9/%40@/%7E~/a+b", ("A b", "é", "@@", "~~", "a+b")),
        ("/100%25/a:b,c=d", ("100%", "a:b,c=d")),
        ("/%3Fa%23", ("?a#",)),
    ],
)
def test_a_plain_path_is_taken_apart_and_decoded_once(raw: str, read: tuple[str, ...]) -> None:
    """The query is cut off; every other character of a segment is what its escape says."""
    assert read == segments(raw)


@pytest.mark.parametrize(
    "raw",
    [
        *("", "a", "http://x/a", "*", "//a", "/a//b", "/a//", "/./a", "/a/.", "/../a", "/a/.."),
        *("/%2e/a", "/%2E%2E/a", "/a%2Fb", "/a%2fb", "/a%5Cb", "/a\\b", "/a;b=c/d", "/a#b", "/a b", "/é"),
        *("/%61", "/%41bc", "/a%2Dc", "/%30", "/a%2Ejson", "/%", "/%4", "/%zz", "/a%", "/%00", "/a%0Ab"),
        *("/%252F", "/%252e%252e", "/%25%32%46", "/%C0%AF", "/%C0%AE", "/%E0%80%AF", "/%ED%A0%80", "/%FF"),
        *("/e%CC%81", "/%20a", "/a%20", "/%E2%80%8Ba", "/%E2%80%AEa", "/" + "a" * 256, "/a" * 3_000),
    ],
)
def test_what_could_be_read_otherwise_is_refused(raw: str) -> None:
    """No proxy, program or normaliser may find another path in it than this service does."""
    with pytest.raises(Unreadable):
        segments(raw)


def test_an_escaped_slash_is_a_character_only_where_the_program_takes_it_for_one() -> None:
    """Branches are called feat/x; whoever takes a path apart before decoding it keeps the slash in its segment."""
    assert ("branches", "feat/x") == segments("/branches/feat%2Fx", encoded_slashes=True)
    for raw in ("/a%2F..%2Fb", "/a%2F%2Fb", "/a%2F", "/%2Fa", "/%2F", "/a%2F.", "/..%2Fa"):
        with pytest.raises(Unreadable):
            segments(raw, encoded_slashes=True)


def test_what_a_program_takes_off_the_end_is_taken_off() -> None:
    """Foo.json is Foo to it, so a right to something called Foo.json must not be one to Foo; once, and never all."""
    suffixes = (".json", ".csv")
    assert ("a", "Foo") == segments("/a/Foo.json", suffixes=suffixes)
    assert ("a", "Foo.json") == segments("/a/Foo.json.csv", suffixes=suffixes)
    assert ("a.json", "Foo.xml") == segments("/a.json/Foo.xml", suffixes=suffixes)
    for raw in ("/a/.json", "/.csv", "/a/..json", "/a/Foo%2Ejson"):
        with pytest.raises(Unreadable):
            segments(raw, suffixes=suffixes)


@given(SPELLINGS, st.booleans())
def test_no_spelling_is_read_as_what_its_canonical_spelling_is_not(raw: str, slashes: bool) -> None:
    """What a spelling is read as has one canonical spelling, which is read as just that: rights follow the reading."""
    try:
        read = segments(raw, encoded_slashes=slashes)
    except Unreadable:
        return
    assert read == segments(canonical(read), encoded_slashes=slashes)
    assert read == tuple(map(unquote, canonical(read)[1:].split("/"))) or read == ()


@given(SPELLINGS)
def test_everybody_else_reads_what_is_accepted_alike(raw: str) -> None:
    """Whoever decodes first, resolves dots, merges slashes, decodes twice or drops parameters finds the same path."""
    try:
        read = segments(raw)
    except Unreadable:
        return
    path = raw.partition("?")[0]
    decoded = unquote_to_bytes(path).decode()
    # Decoding first, then taking apart, dots resolved and slashes merged: nginx' own reading of a location.
    normal = posixpath.normpath(decoded) + ("/" if path.endswith("/") and path != "/" else "")
    assert "/" + "/".join(read) == normal
    # A normaliser that resolves dots before decoding, and one that drops matrix parameters.
    assert posixpath.normpath(path).rstrip("/") == path.rstrip("/")
    assert path == re.sub(r";[^/]*", "", path)


@given(SPELLINGS)
def test_who_takes_apart_before_decoding_reads_the_same(raw: str) -> None:
    """The Pact Broker's way: segments first, each decoded on its own, literals compared as they were sent."""
    try:
        read = segments(raw, encoded_slashes=True)
    except Unreadable:
        return
    sent = raw.partition("?")[0][1:].split("/")
    assert read == tuple(map(unquote, sent)) or (read, sent) == ((), [""])
    plain = re.compile(r"[A-Za-z0-9._-]+").fullmatch
    assert [one for one in read if plain(one)] == [one for one in sent if plain(one)]


@given(st.lists(NAMES, min_size=1, max_size=4))
def test_what_can_be_named_can_be_asked_for(names: list[str]) -> None:
    """The canonical spelling of any names is read as these names, unless one of them is none that anything has here."""
    spelt = canonical(tuple(names))
    try:
        assert tuple(names) == segments(spelt, encoded_slashes=True)
    except Unreadable:
        return


def canonical(read: tuple[str, ...]) -> str:
    """The one spelling that RFC 3986 leaves: escaped is what must be, in capitals."""
    return "/" + "/".join(quote(one, safe="") for one in read)
