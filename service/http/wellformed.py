"""What a request's head may hold: text, and nothing that means one thing here and another to whoever reads it next."""

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from aiohttp import web

from service import errors
from service.http import decoding

_PLAIN: Final = re.compile(r"[\x21-\x24\x26-\x7e]*").fullmatch
"""A path with its query that needs no second look: visible ASCII in which nothing is escaped."""


def require_clean(request: web.Request) -> None:
    """Raise Invalid for bytes in the path, the query or a header that are no text, or hold a NUL."""
    if not _PLAIN(request.raw_path):
        _require_clean_address(request)
    values = b"\n".join([value for _, value in request.raw_headers])
    if not values.isascii() or b"\0" in values:
        _require_clean_headers(request)


def _require_clean_address(request: web.Request) -> None:
    for part, place in ((request.rel_url.raw_path, "path"), (request.rel_url.raw_query_string, "query")):
        try:
            text = unquote_to_bytes(part).decode()
        except UnicodeError as failure:
            raise errors.Invalid("Its escaped bytes are not UTF-8.", place) from failure
        if "\0" in text:
            raise errors.Invalid("It holds a NUL character (U+0000).", place)
        if any(not _hexadecimal(escape[:2]) for escape in part.split("%")[1:]):
            raise errors.Invalid("It holds a % that escapes nothing.", place)


def _require_clean_headers(request: web.Request) -> None:
    for name, value in request.headers.items():
        if "\0" in value or not (value.isascii() or decoding.is_text(value)):
            raise errors.Invalid("It holds bytes that are not UTF-8, or a NUL.", name)


def _hexadecimal(pair: str) -> bool:
    return len(pair) == 2 and all(character in "0123456789abcdefABCDEF" for character in pair)
