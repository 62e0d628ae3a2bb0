"""Every order that can be given over HTTP, as one company's story: each step changes something that exists by then."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any, Final

import msgspec

from service.http.routes import ROUTES

Known = dict[str, str]
"""What the story knows so far: `s`, which is its own, the `position` of the last order, and ids that answers named."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One order. `path` is filled in with what is known; `saves` names the id in its answer, found at `at`.

    `orders`: into how many the service takes it apart. `by`: whose token, the first Administrator's without.
    """

    method: str
    path: str
    status: int
    body: Callable[[Known], Any] = lambda _: None
    saves: str = ""
    at: tuple[str, ...] = ("uuid",)
    orders: int = 1
    by: str = ""
    route: str = ""
    """The route's own path, where the step's names its parts otherwise."""


VIEWER: Final = "9fa50562-a42b-4771-aa8e-4bb3d623ae60"
_APPLICATION: Final = "/pacticipants/{name}"
_PATH: Final = "/pacts/provider/B-{s}/consumer/A-{s}"
_VERSION: Final = "/pacts/provider/{provider}/consumer/{consumer}/version/{version}"
_CONTENT: Final = "eyJhIjoyfQ=="
_DIGEST: Final = hashlib.sha256(base64.b64decode(_CONTENT)).hexdigest()
_RESULTS: Final = "verification-results"
_ITS_RESULTS: Final = f"/pacts/provider/{{provider}}/consumer/{{consumer}}/pact-version/{{digest}}/{_RESULTS}"


def _content(consumer: str, provider: str) -> dict[str, str]:
    return {"consumerName": consumer, "providerName": provider, "content": _CONTENT}


def _pact(description: str) -> dict[str, Any]:
    return {"interactions": [{"description": description}]}


def _person(known: Known, name: str) -> dict[str, Any]:
    return {"name": name, "email": f"{name}@{known['s']}.example.org", "active": True}


def _scopes(*scopes: str) -> list[dict[str, str]]:
    return [{"scope": scope} for scope in scopes]


def _webhook(known: Known, description: str) -> dict[str, Any]:
    """One that goes nowhere: the address is denied before anything is sent."""
    sent = {"method": "POST", "url": "https://127.0.0.1:9/build", "password": known["s"]}
    return {"description": f"{description} of {known['s']}", "enabled": False, "request": sent}


def _catalogue(known: Known, number: int) -> dict[str, Any]:
    """A catalogue of one's own whose names are no other company's."""
    type_ = f"thing-{known['s']}"
    acts = {"name": f"{type_}:read", "types": [type_], "extents": ["*"]}
    return {"number": number, "types": [{"name": type_}], "actions": [acts]}


STORY: Final = (
    Step(
        method="POST",
        path="/admin/roles",
        status=201,
        saves="role",
        body=lambda k: {"name": f"role {k['s']}", "permissions": _scopes("team:read:*")},
    ),
    Step(
        method="PUT",
        path="/admin/roles/{role}",
        status=200,
        body=lambda k: {"name": f"role of {k['s']}", "permissions": _scopes("team:read:*", "role:read:*")},
    ),
    Step(method="POST", path="/pacticipants", status=201, body=lambda k: {"name": f"A-{k['s']}"}),
    Step(method="POST", path="/pacticipants", status=201, body=lambda k: {"name": f"B-{k['s']}"}),
    Step(
        method="POST",
        path="/admin/users",
        status=201,
        saves="user",
        body=lambda k: _person(k, "sally"),
    ),
    Step(
        method="POST",
        path="/admin/users/invite-user",
        status=200,
        saves="invited",
        body=lambda k: _person(k, "billy"),
    ),
    Step(
        method="POST",
        path="/admin/users/invite-users",
        status=200,
        orders=2,
        body=lambda k: {"users": [_person(k, "matt"), _person(k, "anna")]},
    ),
    Step(method="PUT", path="/admin/users/{user}", status=200, body=lambda _: {"name": "Sally of Sales"}),
    Step(method="PUT", path="/admin/users/{user}/roles", status=204, body=lambda k: {"roles": [k["role"]]}),
    Step(method="DELETE", path="/admin/users/{user}/roles/{role}", status=204),
    Step(method="PUT", path="/admin/users/{user}/roles/{role}", status=204),
    Step(method="PUT", path="/admin/users/{user}/role/admin", status=200),
    Step(method="DELETE", path="/admin/users/{user}/role/admin", status=200),
    Step(
        method="POST",
        path="/admin/system-accounts",
        status=201,
        saves="bot",
        body=lambda k: {"name": f"bot {k['s']}"},
    ),
    Step(
        method="PUT",
        path="/admin/users/{user}/aliases",
        status=200,
        body=lambda k: {"aliases": [f"sub-{k['s']}", f"sally@also.{k['s']}.example.org"]},
    ),
    Step(
        method="PUT",
        path="/admin/system-accounts/{bot}/aliases",
        status=200,
        body=lambda k: {"aliases": [f"bot-{k['s']}"]},
    ),
    Step(method="PUT", path="/admin/users/{bot}/role/admin", status=200),
    Step(method="POST", path="/settings/tokens/{token}/regenerate", status=201, by="secret"),
    Step(
        method="POST",
        path="/admin/teams",
        status=201,
        saves="team",
        body=lambda k: {"name": f"team {k['s']}", "pacticipantNames": [f"A-{k['s']}"]},
    ),
    Step(
        method="PUT",
        path="/admin/teams/{team}",
        status=200,
        body=lambda k: {"name": f"team of {k['s']}", "pacticipantNames": [f"B-{k['s']}"]},
    ),
    Step(method="POST", path="/admin/teams/{team}/users", status=200, body=lambda k: {"users": [k["user"]]}),
    Step(
        method="PATCH",
        path="/admin/teams/{team}/users",
        status=200,
        body=lambda k: [{"op": "add", "path": "/users", "value": {"uuid": k["bot"]}}],
    ),
    Step(
        method="PUT",
        path="/preferences/current-user/defaultTeamView",
        status=200,
        by="secret",
        body=lambda k: {"value": k["team"]},
        route="/preferences/current-user/{name}",
    ),
    Step(
        method="PUT",
        path="/preferences/current-user",
        status=200,
        by="secret",
        body=lambda _: {"preferences": [{"name": "tokenExpiryAlert", "value": False}]},
    ),
    Step(
        method="PUT",
        path="/preferences/system/staticBanner",
        status=200,
        body=lambda k: {"value": f"banner {k['s']}"},
        route="/preferences/system/{name}",
    ),
    Step(
        method="PUT",
        path="/preferences/system",
        status=200,
        body=lambda k: {"preferences": [{"name": "announcementBanner", "value": f"banner {k['s']}"}]},
    ),
    Step(
        method="PUT",
        path="/admin/tenant/authentication-settings",
        status=200,
        body=lambda k: {"authenticationProviders": {"Google": {"emailDomains": [f"{k['s']}.example.org"]}}},
    ),
    Step(
        method="PUT",
        path="/admin/teams/{team}/users",
        status=200,
        body=lambda k: {"users": [k["invited"], k["user"]]},
    ),
    Step(
        method="DELETE",
        path="/admin/teams/{team}/users",
        status=204,
        body=lambda k: {"users": [k["invited"]]},
    ),
    Step(method="DELETE", path="/admin/teams/{team}/users/{user}", status=204),
    Step(
        method="POST",
        path="/environments",
        status=201,
        saves="environment",
        body=lambda k: {"name": f"env-{k['s']}", "production": False},
    ),
    Step(
        method="PUT",
        path="/environments/{environment}",
        status=200,
        body=lambda k: {"name": f"environment-{k['s']}", "production": True, "teamUuids": [k["team"]]},
    ),
    Step(method="POST", path="/webhooks", status=201, saves="webhook", body=lambda k: _webhook(k, "1")),
    *(
        Step(
            method="POST",
            path=path.format(provider="B-{s}", consumer="A-{s}"),
            status=201,
            body=lambda k: _webhook(k, "2"),
            route=path,
        )
        for path in (
            "/webhooks/provider/{provider}/consumer/{consumer}",
            "/webhooks/provider/{provider}",
            "/webhooks/consumer/{consumer}",
            "/pacts/provider/{provider}/consumer/{consumer}/webhooks",
        )
    ),
    Step(method="PUT", path="/webhooks/{webhook}", status=200, body=lambda k: _webhook(k, "3")),
    Step(method="POST", path="/webhooks/execute", status=200, body=lambda k: _webhook(k, "4")),
    Step(method="POST", path="/webhooks", status=201, saves="tried", body=lambda k: _webhook(k, "5")),
    Step(
        method="POST", path="/webhooks/{tried}/execute", status=200, route="/webhooks/{uuid}/execute"
    ),  # one that stays: what a deleted one was to send is not in the vault, and not in a repeated answer
    Step(method="DELETE", path="/webhooks/{webhook}", status=204),
    Step(method="PUT", path=f"{_PATH}/version/1", status=201, body=lambda _: {"a": 1}, route=_VERSION),
    Step(method="PUT", path=f"{_PATH}/version/4", status=201, body=lambda _: _pact("a"), route=_VERSION),
    Step(method="PATCH", path=f"{_PATH}/version/4", status=200, body=lambda _: _pact("b"), route=_VERSION),
    Step(
        method="POST",
        path="/contracts/publish",
        status=200,
        body=lambda k: {
            "pacticipantName": f"A-{k['s']}",
            "pacticipantVersionNumber": "2",
            "branch": "main",
            "contracts": [
                _content(f"A-{k['s']}", f"B-{k['s']}"),
                _content(f"A-{k['s']}", f"C-{k['s']}"),
            ],
        },
    ),
    Step(
        method="POST",
        path=f"{_PATH}/pact-version/{_DIGEST}/{_RESULTS}",
        status=201,
        saves="result",
        at=("number",),
        body=lambda _: {"success": True, "providerApplicationVersion": "7"},
        route=_ITS_RESULTS,
    ),
    Step(
        method="POST",
        path=f"{_PATH}/pact-version/{_DIGEST}/metadata/note/{_RESULTS}",
        status=201,
        body=lambda _: {"success": False, "providerApplicationVersion": "8"},
        route=_ITS_RESULTS.replace(f"/{_RESULTS}", f"/metadata/{{metadata}}/{_RESULTS}"),
    ),
    Step(
        method="DELETE",
        path=f"{_PATH}/pact-version/{_DIGEST}/{_RESULTS}/{{result}}",
        status=204,
        route=f"{_ITS_RESULTS}/{{number}}",
    ),
    Step(
        method="DELETE",
        path=f"{_PATH}/branch/main",
        status=200,
        route="/pacts/provider/{provider}/consumer/{consumer}/branch/{branch}",
    ),
    Step(
        method="PUT",
        path="/pacticipants/A-{s}/versions/9",
        status=201,
        body=lambda k: {"buildUrl": f"https://ci.example.org/{k['s']}"},
        route=f"{_APPLICATION}/versions/{{version}}",
    ),
    Step(
        method="PATCH",
        path="/pacticipants/A-{s}/versions/9",
        status=200,
        body=lambda _: {"buildUrl": None},
        route=f"{_APPLICATION}/versions/{{version}}",
    ),
    Step(
        method="PUT",
        path="/pacticipants/A-{s}/versions/9/tags/prod",
        status=201,
        route=f"{_APPLICATION}/versions/{{version}}/tags/{{tag}}",
    ),
    Step(
        method="DELETE",
        path="/pacticipants/A-{s}/versions/9/tags/prod",
        status=204,
        route=f"{_APPLICATION}/versions/{{version}}/tags/{{tag}}",
    ),
    Step(
        method="PUT",
        path="/pacticipants/A-{s}/branches/main/versions/9",
        status=201,
        route=f"{_APPLICATION}/branches/{{branch}}/versions/{{version}}",
    ),
    Step(
        method="DELETE",
        path="/pacticipants/A-{s}/branches/main/versions/9",
        status=204,
        route=f"{_APPLICATION}/branches/{{branch}}/versions/{{version}}",
    ),
    Step(
        method="DELETE",
        path="/pacticipants/A-{s}/branches/main",
        status=204,
        route=f"{_APPLICATION}/branches/{{branch}}",
    ),
    Step(
        method="PUT",
        path="/pacticipants/A-{s}/branches/other/versions/9",
        status=201,
        route=f"{_APPLICATION}/branches/{{branch}}/versions/{{version}}",
    ),
    Step(
        method="DELETE",
        path="/pacticipants/A-{s}/branches",
        status=202,
        route=f"{_APPLICATION}/branches",
    ),
    Step(
        method="PUT",
        path="/pacticipants/A-{s}/labels/web",
        status=201,
        route=f"{_APPLICATION}/labels/{{label}}",
    ),
    Step(
        method="DELETE",
        path="/pacticipants/A-{s}/labels/web",
        status=204,
        route=f"{_APPLICATION}/labels/{{label}}",
    ),
    Step(
        method="DELETE",
        path="/pacticipants/A-{s}/versions/9",
        status=204,
        route=f"{_APPLICATION}/versions/{{version}}",
    ),
    Step(
        method="POST",
        path="/pacticipants/A-{s}/versions/2/deployed-versions/environment/{environment}",
        status=201,
        saves="deployment",
        body=lambda _: {"applicationInstance": "blue"},
        route=f"{_APPLICATION}/versions/{{version}}/deployed-versions/environment/{{environment}}",
    ),
    Step(
        method="POST",
        path="/pacticipants/A-{s}/versions/2/released-versions/environment/{environment}",
        status=201,
        saves="release",
        route=f"{_APPLICATION}/versions/{{version}}/released-versions/environment/{{environment}}",
    ),
    Step(
        method="PATCH",
        path="/deployed-versions/{deployment}",
        status=200,
        body=lambda _: {"currentlyDeployed": False},
    ),
    Step(
        method="PATCH",
        path="/released-versions/{release}",
        status=200,
        body=lambda _: {"currentlySupported": False},
    ),
    Step(
        method="PATCH",
        path="/pacticipants/C-{s}",
        status=200,
        body=lambda k: {"name": f"D-{k['s']}"},
        route="/pacticipants/{name}",
    ),
    Step(
        method="PUT",
        path="/pacticipants/D-{s}",
        status=200,
        body=lambda k: {"name": f"E-{k['s']}"},
        route="/pacticipants/{name}",
    ),
    Step(method="DELETE", path="/pacticipants/E-{s}", status=204, route="/pacticipants/{name}"),
    Step(method="DELETE", path=f"{_PATH}/version/1", status=200, route=_VERSION),
    Step(method="PUT", path=f"{_PATH}/version/7", status=201, body=lambda _: {"a": 7}, route=_VERSION),
    Step(
        method="PUT",
        path="/pacticipants/A-{s}/versions/7/tags/prod",
        status=201,
        route=f"{_APPLICATION}/versions/{{version}}/tags/{{tag}}",
    ),
    Step(
        method="DELETE",
        path=f"{_PATH}/tag/prod",
        status=200,
        route="/pacts/provider/{provider}/consumer/{consumer}/tag/{tag}",
    ),
    Step(
        method="DELETE",
        path=f"{_PATH}/versions",
        status=204,
        route="/pacts/provider/{provider}/consumer/{consumer}/versions",
    ),
    Step(method="PUT", path=f"{_PATH}/version/3", status=201, body=lambda _: {"a": 1}, route=_VERSION),
    Step(
        method="DELETE",
        path="/integrations/provider/B-{s}/consumer/A-{s}",
        status=204,
        route="/integrations/provider/{provider}/consumer/{consumer}",
    ),
    Step(method="POST", path="/history/{position}/restore", status=200, route="/history/{event}/restore"),
    Step(
        method="POST",
        path="/secrets",
        status=201,
        saves="kept",
        body=lambda k: {"name": f"key-{k['s']}", "value": f"first {k['s']}", "teamUuid": k["team"]},
    ),
    Step(
        method="PUT",
        path="/secrets/{kept}",
        status=200,
        body=lambda k: {"name": f"token-{k['s']}", "value": f"second {k['s']}"},
    ),
    Step(method="DELETE", path="/secrets/{kept}", status=204),
    Step(method="DELETE", path="/environments/{environment}", status=204),
    Step(
        method="PUT",
        path="/admin/route-tables/{s}",
        status=200,
        body=lambda k: {
            "name": k["s"],
            "number": 1,
            "routes": [{"methods": ["GET"], "path": "/", "public": True}],
        },
        route="/admin/route-tables/{name}",
    ),
    Step(
        method="DELETE",
        path="/admin/route-tables/{s}",
        status=204,
        route="/admin/route-tables/{name}",
    ),
    Step(method="DELETE", path="/admin/teams/{team}", status=204),
    Step(method="DELETE", path="/admin/users/{user}", status=204),
    Step(method="DELETE", path="/admin/roles/{role}", status=204),
    Step(
        method="PUT",
        path="/admin/catalogues/c-{s}",
        status=201,
        body=lambda k: _catalogue(k, 1),
        route="/admin/catalogues/{name}",
    ),
    Step(
        method="PUT",
        path="/admin/catalogues/c-{s}",
        status=200,
        body=lambda k: _catalogue(k, 2),
        route="/admin/catalogues/{name}",
    ),
    Step(
        method="POST",
        path="/admin/resources",
        status=201,
        saves="thing",
        body=lambda k: {"type": f"thing-{k['s']}", "name": f"1-{k['s']}", "properties": {"rank": 1}},
    ),
    Step(
        method="POST",
        path="/admin/resources/import",
        status=201,
        body=lambda k: {"resources": [{"type": f"thing-{k['s']}", "name": f"{n}-{k['s']}"} for n in (2, 3)]},
    ),
    Step(
        method="PUT",
        path="/admin/resources/{thing}",
        status=200,
        body=lambda k: {"owner": k["invited"], "properties": {"rank": 2}},
    ),
    Step(
        method="PATCH",
        path="/admin/resources/{thing}",
        status=200,
        body=lambda _: {"owner": None, "properties": {"open": True}},
    ),
    Step(method="DELETE", path="/admin/resources/{thing}", status=204),
    Step(method="DELETE", path="/admin/catalogues/c-{s}", status=200, route="/admin/catalogues/{name}"),
)
"""What a company orders, one after the other."""

AT_THE_END: Final = (
    Step(method="PUT", path=f"{_PATH}/version/1", status=201, body=lambda _: {"a": 1}, route=_VERSION),
    Step(method="DELETE", path="/integrations", status=204),
    Step(
        method="PUT",
        path=f"/admin/roles/{VIEWER}",
        status=200,
        body=lambda k: {"name": f"Viewers {k['s']}", "permissions": _scopes("team:read:*")},
        route="/admin/roles/{uuid}",
    ),
    Step(method="POST", path="/admin/roles/reset", status=200),
)
"""What would undo the other companies' steps, given once they are through."""


UNGIVEN: Final = {("POST", "/authz/v1/forward/reports")}
"""Orders about what a proxy was told, each time under another id: tests/http/test_forward_auth.py repeats them."""


def missing() -> set[tuple[str, str]]:
    """The orders of the API that no step gives: a new route is tortured too, or says here why not."""
    given = {(step.method, _shape(step.route or step.path)) for step in (*STORY, *AT_THE_END)}
    offered: set[tuple[str, str]] = {
        (route.method, _shape(route.path))
        for route in ROUTES
        if route.method != "GET" and not route.asks and route.auth == "token"
    }
    return offered - given - UNGIVEN


def _shape(path: str) -> str:
    """The path with every part that is filled in called the same."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))
