"""403 for what is there and hidden, 404 for what is not (section 4.2; section 7, point 8), over every route."""

import json
import re
from typing import Any, Final

from service.http import routes
from service.http.route import Route
from tests.http.test_links import WEBHOOKS_REQUEST, furnished
from tests.service import Client, Running

ROLE: Final = "c1878b8e-d09e-11ea-8fde-af02c4677eb7"
MISSING: Final = "00000000-0000-4000-8000-000000000000"
FIELDS: Final[dict[str, Any]] = {
    "name": "wanted",
    "email": "wanted@example.org",
    "permissions": [],
    "roles": [],
    "users": [],
    "production": False,
    "value": None,
    "preferences": [{"name": "aiEnabled", "value": True}],
    "authenticationProviders": {},
    "pacticipantName": "Foo",
    "pacticipantVersionNumber": "9",
    "contracts": [{"consumerName": "Foo", "providerName": "Bar", "content": "e30="}],
    "success": True,
    "providerApplicationVersion": "1",
    "currentlyDeployed": False,
    "currentlySupported": False,
    "aliases": [],
}
"""A body that every order could be given with."""
OWN_ACTION: Final = {"name": "todo:read", "types": ["todo"], "extents": ["*"]}
OTHER_BODIES: Final[dict[str, Any]] = {
    "POST /secrets": {"name": "wanted", "value": "x"},
    "POST /admin/resources": {"type": "todo", "name": "wanted"},
    "POST /admin/resources/import": {"resources": [{"type": "todo", "name": "wanted"}]},
    "PUT /secrets/{uuid}": {"name": "wanted"},
    "PUT /admin/route-tables/{name}": {"name": "wanted", "number": 1},
    **{
        key: {"request": WEBHOOKS_REQUEST}
        for key in (
            *("POST /webhooks", "PUT /webhooks/{uuid}", "POST /webhooks/execute"),
            *("POST /webhooks/provider/{provider}", "POST /webhooks/consumer/{consumer}"),
            "POST /webhooks/provider/{provider}/consumer/{consumer}",
            "POST /pacts/provider/{provider}/consumer/{consumer}/webhooks",
        )
    },
    "PUT /admin/catalogues/{name}": {"number": 1},
    "PATCH /admin/teams/{uuid}/users": [{"op": "remove", "path": "/users", "value": {"uuid": MISSING}}],
    "POST /admin/users/invite-users": {"users": [{"email": "wanted@example.org", "name": "wanted"}]},
    "PUT /pacts/provider/{provider}/consumer/{consumer}/version/{version}": {"interactions": []},
}
EVERYBODYS: Final = {
    "GET /user",
    "GET /settings/tokens",
    "GET /preferences/system",
    "GET /preferences/system/{name}",
    "GET /preferences/current-user",
    "GET /preferences/current-user/{name}",
    "PUT /preferences/current-user",
    "PUT /preferences/current-user/{name}",
}
"""About oneself, or for everybody who may use the API."""
NO_ORACLES: Final = {
    "GET /audit/{uuid}": (403, 403),
    "GET /settings/tokens/{uuid}": (404, 404),
    **{f"{method} /admin/route-tables/{{name}}": (403, 403) for method in ("GET", "PUT", "DELETE")},
    "GET /pacticipants/label/{label}": (403, 403),
    "PATCH /pacticipants/{name}": (403, 403),  # makes what is missing
    "PUT /pacticipants/{name}/labels/{label}": (403, 403),  # the same
    "PUT /pacticipants/{name}/versions/{version}": (403, 403),
    "PATCH /pacticipants/{name}/versions/{version}": (403, 403),
    "PUT /pacticipants/{name}/versions/{version}/tags/{tag}": (403, 403),
    "PUT /pacticipants/{name}/branches/{branch}/versions/{version}": (403, 403),
    "PUT /pacts/provider/{provider}/consumer/{consumer}/version/{version}": (403, 403),  # the same
    "PUT /webhooks/{uuid}": (403, 403),
    "PUT /admin/catalogues/{name}": (403, 403),  # makes what is missing
    **{
        f"{method} {path}": (403, 403)  # whose webhooks are nobody's business
        for method in ("GET", "POST")
        for path in (
            *("/webhooks/provider/{provider}", "/webhooks/consumer/{consumer}"),
            "/webhooks/provider/{provider}/consumer/{consumer}",
            "/pacts/provider/{provider}/consumer/{consumer}/webhooks",
        )
    },
    "PATCH /pacts/provider/{provider}/consumer/{consumer}/version/{version}": (403, 403),
}
"""What (there, missing) are where they are not (403, 404): others' records and tokens are nobody's to find."""
NAMED_BY_NOTHING: Final = {"GET /access/v1/why", "GET /access/v1/who"}
"""Asked by a query; what they tell whom stands in tests/http/test_authzen.py."""


def called(route: Route) -> str:
    return f"{route.method} {route.path}"


async def asked(client: Client, route: Route, filled: dict[str, str]) -> int:
    """The status of the route, with a body that it understands."""
    path = re.sub(r"\{([^}]*)\}", lambda found: filled[found[1]], route.path)
    body = OTHER_BODIES.get(called(route), FIELDS)
    sent = None if route.method == "GET" else json.dumps(body).encode()
    return (await client.ask(route.method, path, body=sent)).status


async def known(running: Running) -> dict[str, dict[str, str]]:
    """What fills each route's path with something that is there, by its beginning."""
    team = await furnished(running)
    bot = await running.system_account("another")
    await running.admin.post(f"/admin/teams/{team}/users", {"users": [bot.id]})
    await running.admin.put(f"/admin/users/{bot.id}/roles", {"roles": [ROLE]})
    environments = (await running.admin.get("/environments")).json["_embedded"]["environments"]
    held = f"/pacticipants/Foo/versions/1/{{}}-versions/environment/{environments[0]['uuid']}"
    deployed = (await running.admin.post(held.format("deployed"), {})).json
    released = (await running.admin.post(held.format("released"), {})).json
    own = {"number": 1, "types": [{"name": "todo"}], "actions": [OWN_ACTION]}
    assert 201 == (await running.admin.put("/admin/catalogues/todo", own)).status
    thing = await running.admin.post("/admin/resources", {"type": "todo", "name": "held"})
    tokens = (await running.admin.get(f"/admin/system-accounts/{bot.id}/tokens")).json["_embedded"]["items"]
    event = (await running.admin.get("/audit?sort=-timestamp&pageSize=1")).json["events"][0]["uuid"]
    published = await running.admin.put("/pacts/provider/Bar/consumer/Foo/version/deleted", {})
    assert 201 == published.status
    deletion = await running.admin.delete("/pacts/provider/Bar/consumer/Foo/version/deleted")
    contract = (await running.admin.get("/pacts/provider/Bar/consumer/Foo/version/1")).json
    webhooks = (await running.admin.get("/webhooks")).json["_embedded"]["webhooks"]
    tried = await running.admin.post(f"/webhooks/{webhooks[0]['uuid']}/execute")
    pair = {
        "provider": "Bar",
        "consumer": "Foo",
        "version": "1",
        "tag": "prod",
        "branch": "main",
        "digest": contract["digest"],
        "number": "1",
        "metadata": "note",
    }
    return {
        "/admin/roles": {"uuid": ROLE},
        "/admin/route-tables": {"name": "proxied"},
        "/admin/catalogues": {"name": "todo"},
        "/admin/resources": {"uuid": thing.json["uuid"]},
        "/admin/teams": {"uuid": team, "user": bot.id},
        "/teams": {"uuid": team, "user": bot.id},
        "/admin/users": {"uuid": bot.id, "role": ROLE},
        "/admin/system-accounts": {"uuid": bot.id},
        "/settings/tokens": {"uuid": tokens[0]["uuid"]},
        "/environments": {"uuid": environments[0]["uuid"]},
        "/secrets": {"uuid": (await running.admin.get("/secrets")).json["_embedded"]["secrets"][0]["uuid"]},
        "/webhooks/provider": pair,
        "/webhooks/consumer": pair,
        "/webhooks": {"uuid": webhooks[0]["uuid"]},
        "/triggered-webhooks": {"uuid": tried.json["_links"]["pb:logs"]["href"].split("/")[-2]},
        "/deployed-versions": {"uuid": deployed["uuid"]},
        "/released-versions": {"uuid": released["uuid"]},
        "/integrations/team": {"uuid": team},
        "/integrations/provider": pair,
        "/pacts": pair,
        "/verification-results": pair,
        "/pacticipants": {
            "name": "Foo",
            "version": "1",
            "tag": "prod",
            "branch": "main",
            "label": "web",
            "environment": environments[0]["uuid"],
        },
        "/pacticipant/": {"name": "Foo"},
        "/preferences": {"name": "aiEnabled"},
        "/audit": {"uuid": event},
        "/effects": {"event": event},
        "/history": {"event": str(deletion.position)},
    }


def _is_id(text: str) -> bool:
    """Whether it is an event's position, or a UUID."""
    return text.isdigit() or text.count("-") == 4


async def test_what_is_hidden_is_403_and_what_is_missing_404(running: Running) -> None:
    """For somebody with a token and no permission, on every route of the table."""
    there = await known(running)
    nina = await running.person("Nina", roles=[await running.role("Nothing")], teams=[])
    wrong = []
    for route in routes.ROUTES:
        if route.auth != "token" or route.asks or called(route) in EVERYBODYS | NAMED_BY_NOTHING:
            continue
        if "{" not in route.path:
            found: tuple[int, ...] = (await asked(nina, route, {}),)
            expected: tuple[int, ...] = (403,)
        else:
            filled = next(one for begins, one in there.items() if route.path.startswith(begins))
            missing = {part: MISSING if _is_id(text) else "Nothing" for part, text in filled.items()}
            found = (await asked(nina, route, filled), await asked(nina, route, missing))
            expected = NO_ORACLES.get(called(route), (403, 404))
        if found != expected:
            wrong.append((called(route), expected, found))
    assert [] == wrong


async def test_everybody_may_ask_about_oneself(running: Running) -> None:
    """What needs no permission is answered to somebody who has none."""
    nina = await running.person("Nina", roles=[await running.role("Nothing")], teams=[])
    for route in routes.ROUTES:
        if called(route) in EVERYBODYS and route.method == "GET" and "{" not in route.path:
            status = await asked(nina, route, {})
            assert (200 if route.path != "/settings/tokens" else 403) == status, route.path
