"""Pages of a list: `page` and `size` from 1, or the older `pageNumber` and `pageSize`; without them everything."""

import re
from collections.abc import Sequence
from typing import Final, TypeVar
from urllib.parse import parse_qsl, urlencode

import msgspec

from service import errors
from service.http import responses
from service.http.edge import Call
from service.http.responses import Document

T = TypeVar("T")
SIZE_DEFAULT: Final = 100
SIZE_MAX: Final = 1_000
_NUMBER_MAX: Final = 1_000_000_000


class Page(msgspec.Struct, frozen=True):
    """What was asked for: the page's number from 1, and how many a page holds."""

    number: int
    size: int


def asked(call: Call) -> Page | None:
    """The page that the query names, or None for everything. Raises Invalid for a bad number."""
    number = _number(call, ("page", "pageNumber"), _NUMBER_MAX)
    size = _number(call, ("size", "pageSize"), SIZE_MAX)
    return None if number is None and size is None else Page(number or 1, size or SIZE_DEFAULT)


def cut(call: Call, rows: Sequence[T]) -> tuple[Sequence[T], Document, Document]:
    """The rows of the page asked for, the members it adds to the document, and its links (`self` included).

    The document adds `page: {number, size, totalElements, totalPages}`; the links `next` and `previous` exist
    where there is such a page. Raises Invalid.
    """
    page = asked(call)
    counted, links = around(call, page, len(rows))
    if page is None:
        return rows, counted, links
    first = (page.number - 1) * page.size
    return rows[first : first + page.size], counted, links


def around(call: Call, page: Page | None, total: int) -> tuple[Document, Document]:
    """What `cut` adds to the document, and its links, for a page that was cut elsewhere out of so many rows."""
    links: Document = {"self": responses.link(responses.here(call))}
    if page is None:
        return {}, links
    pages = -(-total // page.size)
    if page.number < pages:
        links["next"] = responses.link(_at(call, page, page.number + 1), "Next page")
    if 1 < page.number <= pages + 1:
        links["previous"] = responses.link(_at(call, page, page.number - 1), "Previous page")
    counted = {"number": page.number, "size": page.size, "totalElements": total, "totalPages": pages}
    return {"page": counted}, links


def _number(call: Call, names: tuple[str, ...], most: int) -> int | None:
    """The number under either of its names. Raises Invalid where one is no number, or they say two."""
    found: int | None = None
    for name in names:
        text = call.asked(name)
        if text is None:
            continue
        if not re.fullmatch(r"[0-9]{1,10}", text, re.ASCII) or not 1 <= int(text) <= most:
            raise errors.Invalid(f"It must be a whole number from 1 to {most}.", name)
        if found not in (None, int(text)):
            raise errors.Invalid(f"It says another number than `{names[0]}`.", name)
        found = int(text)
    return found


def _at(call: Call, page: Page, number: int) -> str:
    kept = [
        (name, value)
        for name, value in parse_qsl(call.request.rel_url.raw_query_string, keep_blank_values=True)
        if name not in ("page", "size", "pageNumber", "pageSize")
    ]
    query = urlencode([*kept, ("size", str(page.size)), ("page", str(number))])
    return f"{call.edge.settings.base_url}{call.request.rel_url.raw_path}?{query}"
