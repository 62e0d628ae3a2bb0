"""AuthZEN 1.0's searches: who may do this, on what may they, and what may they do to it (section 4 of the wire facts).

An answer agrees with single evaluation to the last result, is the same on repetition, and says how many results there
are in all. Its pages are pinned to the position that the first one was answered from (`search_cursor`).
"""

import asyncio
import itertools
from typing import Any, Final

import msgspec
from aiohttp import web

from projections.view import View
from service import errors
from service.http import authzen, authzen_asked, breathing, responses, search_cursor
from service.http.authzen_asked import Entity
from service.http.edge import Call
from service.http.responses import Document
from service.http.search_cursor import Pages, Place
from service.queries import searching
from service.queries.evaluating import Evaluator
from service.queries.moments import Moment
from service.queries.searching import Search

SIZE_DEFAULT: Final = 1_000
"""How many results a page holds where pages are asked for without a limit."""
SIZE_MAX: Final = 20_000
"""How many it holds at most, whatever the limit, and how many are given where nothing is said of pages."""
_LIMIT_MAX: Final = 1_000_000_000
"""A limit above this is as good as this one."""
_PARTS: Final = ("subject", "action", "resource", "context")
_ANY: Final = "*"
"""Stands in a question for what is searched for; no search reads it."""


async def subject(call: Call) -> web.Response:
    """POST /access/v1/search/subject: who may do this to that. Of the subject the type counts, its id is ignored."""
    return await _answered(call, "subject")


async def resource(call: Call) -> web.Response:
    """POST /access/v1/search/resource: to which things of a type they may do this; the resource's id is ignored.

    What is held here is found. A thing that only a request knows can be evaluated, never found.
    """
    return await _answered(call, "resource")


async def action(call: Call) -> web.Response:
    """POST /access/v1/search/action: what they may do to it, as requests call it. An action in the body is ignored."""
    return await _answered(call, "action")


async def _answered(call: Call, sought: str) -> web.Response:
    """`{page: {next_token, count, total}, results}`; `page` is there where it was asked for, or more is to follow.

    Raises Invalid, which is 400: for a body that is no such question, or a token of another one.
    """
    call.require("access:evaluate", authzen.ACCESS)
    document = await authzen_asked.document(call)
    pages, asked = _pages(document), _asked(document, sought)
    if pages.token:
        place = search_cursor.opened(call, pages.token, sought)
        asked = asked or search_cursor.carried(place)
        search_cursor.require_same(call, place, asked, pages)
        view = await search_cursor.pinned(call, place)
        call.progress.moment = Moment(view, historic=True)
    else:
        view = await authzen_asked.view_of(call, authzen_asked.parts(asked).context)
        place = search_cursor.first(call, sought, asked, pages.limit, _size(pages))
    rows, reached = await _page(_search(view, sought, asked), place)
    answer: Document = {}
    if pages.wanted or len(rows) < reached.total:
        following = search_cursor.sealed(call, reached) if rows and reached.given < reached.total else ""
        answer["page"] = {"next_token": following, "count": len(rows), "total": reached.total}
    answer["results"] = rows
    return responses.made(call, msgspec.json.encode(answer), authzen_asked.JSON)


def _search(view: View, sought: str, asked: Entity) -> Search:
    """The search that the body asks for. Raises Invalid where it does not say enough."""
    said = {part: asked.get(part) for part in _PARTS}
    if sought == "action":
        said["action"] = {"name": _ANY}
    elif isinstance(entity := said[sought], dict):
        said[sought] = {**entity, "id": _ANY}
    question = authzen_asked.question(authzen_asked.parts(said), Evaluator(view))
    match sought:
        case "subject":
            return searching.subjects(view, asked["subject"]["type"], question)
        case "resource":
            return searching.resources(view, question)
        case _:
            return searching.actions(view, question)


async def _page(search: Search, place: Place) -> tuple[list[msgspec.Raw], Place]:
    """The next results as they are sent, and the place behind them.

    The first page counts them all. The others know how many there are, and look no further than they reach.
    """
    ids, first, size = search.ids, not place.after, place.size
    rows: list[msgspec.Raw] = []
    counted, after = 0, place.after

    def look(candidate: str) -> None:
        nonlocal counted, after
        found = search.result(candidate)
        if found is None:
            return
        counted += 1
        if len(rows) < size:
            rows.append(msgspec.Raw(msgspec.json.encode(found)))
            after = candidate

    def wanting(_: str) -> bool:
        return len(rows) < size and place.given + len(rows) < place.total

    if first:
        await breathing.each(ids, look)
    else:
        await asyncio.sleep(0)  # a million candidates take as long to be listed as to find one of them
        await breathing.each(itertools.takewhile(wanting, ids[ids.index(place.after) + 1 :]), look)
    total, given = counted if first else place.total, place.given + len(rows)
    return rows, msgspec.structs.replace(place, after=after, given=given, total=total)


def _asked(document: Entity, sought: str) -> dict[str, Any]:
    """What the body asks, without what it says of the answer itself, which is ignored."""
    asked = {part: document[part] for part in _PARTS if document.get(part) is not None}
    if sought == "action":
        asked.pop("action", None)
    elif isinstance(entity := asked.get(sought), dict):
        asked[sought] = {name: value for name, value in entity.items() if name != "id"}
    return asked


def _pages(document: Entity) -> Pages:
    """What the body says of pages. Raises Invalid."""
    page = document.get("page")
    if page is None:
        return Pages()
    if not isinstance(page, dict):
        raise errors.Invalid("The field 'page' must be an object.", "/page")
    token, limit = page.get("token"), page.get("limit")
    if token is not None and not isinstance(token, str):
        raise errors.Invalid("The field 'token' must be a string.", "/page/token")
    if limit is not None and (type(limit) is not int or limit < 0):
        raise errors.Invalid("The field 'limit' must be a whole number, 0 or more.", "/page/limit")
    if not isinstance(page.get("properties", {}), dict | None):
        raise errors.Invalid("The field 'properties' must be an object.", "/page/properties")
    return Pages(wanted=True, token=token or "", limit=None if limit is None else min(limit, _LIMIT_MAX))


def _size(pages: Pages) -> int:
    """How many results a page holds."""
    if not pages.wanted:
        return SIZE_MAX
    return SIZE_DEFAULT if pages.limit is None else min(pages.limit, SIZE_MAX)
