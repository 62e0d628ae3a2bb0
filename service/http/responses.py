"""Answers: HAL documents with absolute links, and the entity tags by which a client says what it has seen."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
from aiohttp import web

from service.http import preconditions, problems
from service.http.edge import Call, Edge

Document = dict[str, Any]
"""A JSON object about to be encoded. Its shape is the surface's own."""
HAL: Final = problems.HAL
JSON: Final = "application/json;charset=utf-8"
HTML: Final = "text/html;charset=utf-8"

_PLAIN: Final = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch
"""What a segment of a path may hold as it is (RFC 3986, section 2.3)."""


def hal(call: Call, document: Document, status: int = 200, version: int | None = None) -> web.Response:
    """A HAL document. With `version`, the position that last changed the noun, it carries an ETag.

    A GET whose If-None-Match names that very answer gets 304 instead.
    """
    return made(call, msgspec.json.encode(document), HAL, status, version)


def made(
    call: Call, content: bytes, content_type: str, status: int = 200, version: int | None = None
) -> web.Response:
    """Any answer, with an ETag where there is a version."""
    headers = {"Content-Type": content_type, "Cache-Control": "no-store" if version is None else "no-cache"}
    if version is not None:
        headers["ETag"] = entity_tag(version, content)
        if call.request.method in ("GET", "HEAD") and preconditions.seen(call.request, headers["ETag"]):
            return web.Response(
                status=304, headers={"ETag": headers["ETag"], "Cache-Control": headers["Cache-Control"]}
            )
    return web.Response(status=status, body=content, headers=headers)


def created(call: Call, document: Document, location: str, version: int | None = None) -> web.Response:
    """201 with the place of what was made."""
    answer = hal(call, document, 201, version)
    answer.headers["Location"] = location
    return answer


def nothing() -> web.Response:
    """204: done, and there is nothing to say."""
    return web.Response(status=204)


def link(href: str, title: str = "", templated: bool = False) -> Document:
    """A HAL link."""
    found: Document = {"href": href}
    if title:
        found["title"] = title
    if templated:
        found["templated"] = True
    return found


def curies(edge: Edge, *names: str) -> list[Document]:
    """Where the relations of each curie are explained."""
    doc = href(edge, "doc")
    return [{"name": name, "href": f"{doc}/{name}/{{rel}}", "templated": True} for name in names]


def actions(place: str, noun: str, *, update: bool, delete: bool) -> list[Document]:
    """What the caller may do with the thing at this place (`_actions`, section 4.4)."""
    possible = (("update", "PUT", update), ("delete", "DELETE", delete))
    return [action(name, noun, method, place) for name, method, may in possible if may]


def action(name: str, noun: str, method: str, place: str) -> Document:
    """One thing that the caller may do."""
    return {"name": name, "title": f"{name.capitalize()} {noun}", "method": method, "href": place}


def href(edge: Edge, *segments: str, query: Mapping[str, str] | None = None) -> str:
    """An absolute address under BASE_URL; every segment is escaped whole, slashes included."""
    path = ""
    for segment in segments:
        path += f"/{escaped(segment)}"
    asked = f"?{urlencode(query)}" if query else ""
    return f"{edge.settings.base_url}{path or '/'}{asked}"


def escaped(segment: str) -> str:
    """A segment of a path, escaped whole, slashes included."""
    return segment if _PLAIN(segment) else quote(segment, safe="")


def here(call: Call) -> str:
    """The address of this very request, as a client reaches it."""
    return f"{call.edge.settings.base_url}{call.request.rel_url.raw_path_qs}"


def entity_tag(version: int, content: bytes) -> str:
    """`"<version>-<digest>"`: If-Match compares the version alone, If-None-Match the answer down to the byte.

    What a noun's answer shows of other nouns (a member's name) changes without a new version of its own.
    """
    return f'"{version}-{hashlib.sha256(content).hexdigest()[:16]}"'
