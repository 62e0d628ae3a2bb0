"""Conditional requests (RFC 9110, section 13): which answer, or which version of a noun, a client has seen."""

import re
from collections.abc import Iterator
from typing import Final

from aiohttp import web

from service import errors
from service.http.edge import Call
from service.orders import Condition

_TAG: Final = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\U0010ffff]*")')
_OURS: Final = re.compile(r'"([1-9][0-9]{0,17})(?:-[0-9a-f]*)?"')
_BETWEEN: Final = re.compile(r"[ \t]*(?:,[ \t]*)+|[ \t]*$")


def of(call: Call, version_of: tuple[str, str] | None) -> Condition | None:
    """The condition under which a change is wanted. `version_of` is the (noun, id) that has the ETag, if any has.

    A weak tag, and one that this service never gave, matches nothing: the comparison is strong. Raises Invalid for
    what is no list of tags, for a list where nothing has an ETag, and for If-None-Match, which is for reading.
    """
    headers = call.request.headers
    if "If-None-Match" in headers:
        raise errors.Invalid("It is for reading; a change takes If-Match.", "If-None-Match")
    if "If-Match" not in headers:
        return None
    given = ",".join(headers.getall("If-Match")).strip()
    if given == "*":
        return None  # whatever is there; where nothing is, the order is not found
    tags = list(_tags(given, "If-Match"))
    if version_of is None:
        raise errors.Invalid("This request changes no single thing that has an ETag.", "If-Match")
    versions = [int(found[1]) for weak, tag in tags if not weak and (found := _OURS.fullmatch(tag))]
    return Condition(noun=version_of[0], thing=version_of[1], versions=tuple(versions))


def seen(request: web.Request, tag: str) -> bool:
    """Whether If-None-Match names the answer to a read, compared weakly. What is no list of tags names none."""
    given = ",".join(request.headers.getall("If-None-Match", ())).strip()
    if given == "*":
        return True
    try:
        return bool(given) and any(one == tag for _, one in _tags(given, "If-None-Match"))
    except errors.Invalid:
        return False


def _tags(given: str, header: str) -> Iterator[tuple[bool, str]]:
    """Each tag of a list with its quotes, and whether it is weak. Raises Invalid."""
    place = len(given) - len(given.lstrip(", \t"))  # a list may have empty parts (RFC 9110, section 5.6.1)
    if place == len(given):
        raise errors.Invalid("It must be a list of ETags, or *.", header)
    while place < len(given):
        found = _TAG.match(given, place)
        end = found and _BETWEEN.match(given, found.end())
        if not found or not end:
            raise errors.Invalid("It must be a list of ETags, or *.", header)
        yield found[1] is not None, found[2]
        place = end.end()
