"""A request's path as the one list of segments that everybody reads it as, or a refusal.

A proxy, this service and the program behind both must understand a path alike, or somebody asks for one thing and gets
another. So what two of them could read differently is refused and never guessed at: see `segments`. Pure.
"""

import re
import unicodedata
from typing import Final
from urllib.parse import unquote_to_bytes

from service import errors, vocabulary

PATH_LENGTH_MAX: Final = 4_096
SEGMENT_LENGTH_MAX: Final = vocabulary.NAME_LENGTH_MAX
_VISIBLE: Final = re.compile(r"[\x21-\x7e]+").fullmatch
_ESCAPE: Final = re.compile(r"%(..)?", re.DOTALL)
_HEXADECIMAL: Final = re.compile(r"[0-9A-Fa-f]{2}").fullmatch
_NEEDLESS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._")
"""What no encoder escapes (RFC 3986, section 2.3). Written `%6c`, one reader finds the letter and another one does not.

The tilde is not among them: older encoders escape it."""
_TWICE: Final = re.compile(r"%25[0-9A-Fa-f]{2}").search


class Unreadable(errors.Invalid):
    """A path that two readers could understand differently."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, "path")


def segments(raw: str, *, encoded_slashes: bool = False, suffixes: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The decoded segments of a request's target, as it stood in the request line; its query is cut off.

    `/` alone has none, and a slash at the end leaves an empty last one. `encoded_slashes`: %2F is a character of its
    segment. One of the `suffixes` is taken off the end, once.

    Raises Unreadable for an absolute form or a fragment, `//`, `.` and `..`, backslashes, matrix parameters, control
    characters, escapes of nothing, of bytes that are not UTF-8 (overlong ones among them), of letters, digits, `-`, `.`
    and `_`, and of escapes, for text that is not NFC, and for what is longer than anything has here.
    """
    path = raw.partition("?")[0]
    if len(path) > PATH_LENGTH_MAX:
        raise Unreadable(f"The path is longer than {PATH_LENGTH_MAX} characters.")
    if not path.startswith("/"):
        raise Unreadable("The path does not begin with a slash.")
    if not _VISIBLE(path):
        raise Unreadable("The path holds something that is no visible ASCII character.")
    for sign, what in (("\\", "a backslash"), ("#", "a fragment"), (";", "a matrix parameter")):
        if sign in path:
            raise Unreadable(f"The path holds {what}.")
    if path == "/":
        return ()
    found = [_decoded(one, encoded_slashes) for one in path[1:].split("/")]
    if "" in found[:-1]:
        raise Unreadable("The path holds two slashes in a row.")
    found[-1] = _without_suffix(found[-1], suffixes)
    return tuple(found)


def _decoded(segment: str, encoded_slashes: bool) -> str:
    if segment in (".", ".."):
        raise Unreadable("The path holds a segment of dots.")
    if "%" in segment:
        segment = _unescaped(segment, encoded_slashes)
    if len(segment) > SEGMENT_LENGTH_MAX:
        raise Unreadable(f"A segment of the path is longer than {SEGMENT_LENGTH_MAX} characters.")
    return segment


def _unescaped(segment: str, encoded_slashes: bool) -> str:
    if _TWICE(segment):
        raise Unreadable("The path holds an escaped escape.")
    for escape in _ESCAPE.finditer(segment):
        digits = escape[1]
        if digits is None or not _HEXADECIMAL(digits):
            raise Unreadable("The path holds a % that escapes nothing.")
        if int(digits, 16) in _NEEDLESS:
            raise Unreadable("The path escapes a character that needs no escape.")
    try:
        text = unquote_to_bytes(segment).decode()
    except UnicodeDecodeError as failure:
        raise Unreadable("The path escapes bytes that are not UTF-8.") from failure
    if "\\" in text:
        raise Unreadable("The path escapes a backslash.")
    if "/" in text:
        if not encoded_slashes:
            raise Unreadable("The path escapes a slash.")
        if {"", ".", ".."} & set(text.split("/")):
            raise Unreadable("The path escapes slashes around nothing, or around dots.")
    try:
        cleaned = vocabulary.line(text, "path", "path")
    except errors.Invalid as failure:
        raise Unreadable("The path escapes a character that cannot be seen, or too many of any.") from failure
    if cleaned != text or unicodedata.normalize("NFC", text) != text:
        raise Unreadable("The path holds spaces at an end of a segment, or text that is not NFC.")
    return text


def _without_suffix(last: str, suffixes: tuple[str, ...]) -> str:
    for suffix in suffixes:
        if last.endswith(suffix):
            kept = last.removesuffix(suffix)
            if not kept or kept in (".", ".."):
                raise Unreadable(f"The path has nothing before its {suffix}.")
            return kept
    return last
