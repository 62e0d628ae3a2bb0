"""What stands at `/`: a start page for a browser, the HAL index for a program, and what each relation means.

A client takes a link that is missing for one that it may not follow, so the index shows exactly those links
whose path this release serves and whose right the caller has.
"""

import functools
from typing import Final

import jinja2
from aiohttp import web

from service import errors
from service.http import index, problem_types, problems, responses
from service.http.edge import PATHS, Call

STARTED: Final = "start.html"
CONTENT_SECURITY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
)


async def shown(call: Call) -> web.Response:
    """GET /: the start page for a browser, which needs no token; the index for everybody else, who does."""
    if problems.accepts(call.request, "text/html") and not problems.accepts(
        call.request, "application/hal+json"
    ):
        return _page(call)
    if call.principal is None:
        raise errors.Unauthenticated("This needs a token: Authorization: Bearer <token>.")
    served = call.request.app[PATHS]
    links = {
        link.relation: responses.link(_address(call, link.path), link.title, "{" in link.path)
        for link in index.LINKS
        if index.shape(link.path) in served and _may_follow(call, link)
    }
    answer = responses.hal(call, {"_links": {**links, "curies": responses.curies(call.edge, *index.CURIES)}})
    answer.headers["X-Pactflow-Compatible"] = "muniment"  # clients look for the word in the names of headers
    answer.headers["Vary"] = "Accept, Authorization"
    return answer


async def relation(call: Call) -> web.Response:
    """GET /doc/{curie}/{rel}: what a relation means."""
    wanted = f"{call.path('curie')}:{call.path('rel')}"
    for link in (*index.LINKS, *index.IN_DOCUMENTS):
        if link.relation == wanted and index.shape(link.path) in call.request.app[PATHS]:
            needs = f" Needs {' or '.join(link.needs)}." if link.needs else ""
            text = f"{link.relation}: {link.title}. {link.path}{needs}\n"
            return responses.made(call, text.encode(), problems.PLAIN)
    raise errors.NotFound("There is no such relation.")


async def problem(call: Call) -> web.Response:
    """GET /doc/problems/{name}: what a type of problem documents means (RFC 9457)."""
    kind = problem_types.BY_NAME.get(call.path("name"))
    if kind is None:
        raise errors.NotFound("There is no such type of problem.")
    return responses.made(call, f"{kind.title}. {kind.meaning}\n".encode(), problems.PLAIN)


def _may_follow(call: Call, link: index.Link) -> bool:
    if link.changes and call.caller.read_only:
        return False
    return not link.needs or any(call.may_somewhere(action) for action in link.needs)


def _page(call: Call) -> web.Response:
    html = _template().render(base_url=call.edge.settings.base_url, release=call.edge.release)
    answer = responses.made(call, html.encode(), responses.HTML)
    answer.headers["Content-Security-Policy"] = CONTENT_SECURITY
    answer.headers["Vary"] = "Accept, Authorization"
    return answer


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("service.http"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template(STARTED)


def _address(call: Call, path: str) -> str:
    return call.edge.settings.base_url + path
