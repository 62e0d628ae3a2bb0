"""What stands at `/`: a start page for a browser, the HAL index for a program, and what each relation means.

A client takes a link that is missing for one that it may not follow, so the index shows exactly those links
whose path this release serves and whose right the caller has.
"""

import functools
import re
from typing import Final

import jinja2
import msgspec
from aiohttp import web

from service import errors
from service.http import problem_types, problems, responses
from service.http.edge import PATHS, Call

STARTED: Final = "start.html"
CONTENT_SECURITY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
)


class Link(msgspec.Struct, frozen=True):
    """A link of the index: its relation, where it leads, what it is, and one of the actions that it needs."""

    relation: str
    path: str
    title: str
    needs: tuple[str, ...] = ()
    changes: bool = False
    """Whether it is for orders, which a read-only token gives in vain."""


LINKS: Final = (
    Link("self", "/", "Index"),
    Link(
        "pb:publish-contracts",
        "/contracts/publish",
        "Publish contracts",
        ("contract_data:manage",),
        changes=True,
    ),
    Link(
        "pb:publish-pact",
        "/pacts/provider/{provider}/consumer/{consumer}/version/{consumerApplicationVersion}",
        "Publish a pact",
        ("contract_data:manage",),
        changes=True,
    ),
    Link("pb:pacticipants", "/pacticipants", "Applications", ("contract_data:read",)),
    Link(
        "pb:pacticipant",
        "/pacticipants/{pacticipant}",
        "Fetch an application by name",
        ("contract_data:read",),
    ),
    Link("pb:integrations", "/integrations", "Integrations", ("contract_data:read",)),
    Link("pb:environments", "/environments", "Environments", ("environment:read",)),
    Link("pb:environment", "/environments/{uuid}", "Environment", ("environment:read",)),
    Link("pf:admin-roles", "/admin/roles", "Roles", ("role:read",)),
    Link("pf:admin-permissions", "/admin/permissions", "Permissions", ("role:read",)),
    Link("pf:admin-teams", "/admin/teams", "Teams", ("team:read",)),
    Link("pf:admin-users", "/admin/users", "Users", ("user:read", "system_account:read")),
    Link("pf:current-user", "/user", "You"),
    Link("pf:tokens", "/settings/tokens", "Your API tokens", ("token:manage", "read_token:manage")),
    Link("pf:system-preferences", "/preferences/system", "Preferences of the account"),
    Link("pf:current-user-preferences", "/preferences/current-user", "Your preferences"),
    Link(
        "pf:authentication-settings",
        "/admin/tenant/authentication-settings",
        "Who may sign in",
        ("authentication_settings:manage",),
    ),
    Link("pf:audit", "/audit", "The audit trail", ("audit:read",)),
    Link("mun:evaluation", "/access/v1/evaluation", "Ask who may do what", ("access:evaluate",)),
    Link("mun:why", "/access/v1/why{?subject,action,resource}", "Ask why somebody may", ("access:explain",)),
)

OF_APPLICATION: Final = (
    Link(
        "pf:network",
        "/pacticipant/{pacticipant}/network",
        "The integrations that it takes part in",
        ("contract_data:read",),
    ),
)
"""Relations that an application's document shows: whoever reads it may follow them."""

IN_DOCUMENTS: Final = (
    *OF_APPLICATION,
    Link("pf:reset", "/admin/roles/reset", "POST: reset the predefined roles", ("role:manage",)),
    Link("pf:membership", "/teams/{uuid}/users/{user}", "One member of a team", ("team:read",)),
    Link(
        "pf:integrations",
        "/integrations/team/{uuid}",
        "The integrations of a team's applications",
        ("contract_data:read",),
    ),
    Link("pb:regenerate", "/settings/tokens/{uuid}/regenerate", "POST: another value for a token"),
    Link(
        "pb:delete_integration",
        "/integrations/provider/{provider}/consumer/{consumer}",
        "DELETE: an integration, and what then stands alone",
        ("contract_data:bulk_delete",),
    ),
    Link(
        "pb:latest-pact-version",
        "/pacts/provider/{provider}/consumer/{consumer}/latest",
        "The contract of the newest version",
        ("contract_data:read",),
    ),
    Link("pb:consumer", "/pacticipants/{pacticipant}", "The consumer", ("contract_data:read",)),
    Link("pb:provider", "/pacticipants/{pacticipant}", "The provider", ("contract_data:read",)),
    Link(
        "pb:contracts",
        "/pacts/provider/{provider}/consumer/{consumer}/version/{version}",
        "The contracts that were published",
        ("contract_data:read",),
    ),
)
"""Relations that other documents show."""


async def start(call: Call) -> web.Response:
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
        for link in LINKS
        if _shape(link.path) in served and _may_follow(call, link)
    }
    curies = [
        {"name": name, "href": f"{responses.href(call.edge, 'doc', name)}/{{rel}}", "templated": True}
        for name in ("pb", "pf", "mun")
    ]
    answer = responses.hal(call, {"_links": {**links, "curies": curies}})
    answer.headers["X-Pactflow-Compatible"] = "muniment"  # clients look for the word in the names of headers
    answer.headers["Vary"] = "Accept, Authorization"
    return answer


async def relation(call: Call) -> web.Response:
    """GET /doc/{curie}/{rel}: what a relation means."""
    wanted = f"{call.path('curie')}:{call.path('rel')}"
    for link in (*LINKS, *IN_DOCUMENTS):
        if link.relation == wanted and _shape(link.path) in call.request.app[PATHS]:
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


def served_paths(paths: list[str]) -> frozenset[str]:
    """The shapes of the paths that the table of routes serves, for comparing with a link's."""
    return frozenset(map(_shape, paths))


def _may_follow(call: Call, link: Link) -> bool:
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


def _shape(path: str) -> str:
    """A path whose placeholders have lost their names, and the query its own: the table may call them differently."""
    return re.sub(r"\{[^}]*\}", "{}", re.sub(r"\{\?[^}]*\}", "", path))
