"""Both ways: no question leaves a record, and no order is done without one."""

import re
from typing import Any

from service.catalogue.compiled import ADMINISTRATOR
from service.http.routes import ROUTES
from tests.http import todos
from tests.service import Client, Running

RECORDED = ("/audit", "/audit/{uuid}")
"""Reading the trail is an order: who looked is on record."""
LEFT_TO_THE_BROKER = ("/matrix", "/can-i-deploy")
"""Answered by a sentence, as tests/http/test_matrix.py has it."""
FACTS_FREE = frozenset({"attempt.denied", "trail.read"})
PAIR = {"provider": "Bar", "consumer": "Foo", "version": "1", "tag": "prod", "branch": "main"}


async def company(running: Running) -> dict[str, dict[str, str]]:
    """One of everything; the parameters of a path by how it begins."""
    admin = running.admin
    published = await admin.put("/pacts/provider/Bar/consumer/Foo/version/1", {"interactions": []})
    assert 201 == published.status, published.text
    for rest in ("versions/1/tags/prod", "branches/main/versions/1", "labels/web"):
        assert 201 == (await admin.put(f"/pacticipants/Foo/{rest}", {})).status
    mistaken = "/pacts/provider/Bar/consumer/Foo/version/0"
    assert 201 == (await admin.put(mistaken, {"deleted": "by mistake"})).status
    deleted = await admin.delete(mistaken)
    content = f"/pacts/provider/Bar/consumer/Foo/pact-version/{published.json['digest']}"
    result = {"success": True, "providerApplicationVersion": "1"}
    verified = await admin.post(f"{content}/verification-results", result)
    assert 201 == verified.status, verified.text
    sally = await running.person("Sally")
    team = await running.team("A", pacticipantNames=["Foo"])
    assert 200 == (await admin.put(f"/admin/teams/{team}/users", {"users": [sally.id]})).status
    robot = await running.system_account("Robot")
    environment = (await admin.post("/environments", {"name": "production", "production": True})).json["uuid"]
    held = f"/pacticipants/Foo/versions/1/{{}}-versions/environment/{environment}"
    deployed, released = [(await admin.post(held.format(one), {})).json for one in ("deployed", "released")]
    token = (await admin.get("/settings/tokens")).json["_embedded"]["items"][0]["uuid"]
    secret = (await admin.post("/secrets", {"name": "key", "value": "x"})).json["uuid"]
    sent = {"method": "POST", "url": "https://127.0.0.1/build"}  # no allowed target: nothing is sent
    webhook = (await admin.post("/webhooks", {"request": sent, "enabled": False})).json["uuid"]
    tried = (await admin.post(f"/webhooks/{webhook}/execute")).json["_links"]["pb:logs"]["href"]
    events = (await admin.get("/audit?sort=-timestamp")).json["events"]
    me = (await admin.get("/user")).json["uuid"]
    await todos.adopted(running)
    thing = await todos.todo(admin, "7240d0db")
    table = {"name": "proxied", "number": 1, "routes": [{"methods": ["GET"], "path": "/", "public": True}]}
    assert 200 == (await admin.put("/admin/route-tables/proxied", table)).status
    return {
        "/admin/roles": {"uuid": ADMINISTRATOR},
        "/admin/route-tables": {"name": "proxied"},
        "/admin/teams": {"uuid": team, "user": sally.id},
        "/teams": {"uuid": team, "user": sally.id},
        "/admin/users": {"uuid": me, "role": ADMINISTRATOR},
        "/admin/system-accounts": {"uuid": robot.id},
        "/admin/resources": {"uuid": thing},
        "/admin/catalogues": {"name": "todo"},
        "/settings": {"uuid": token},
        "/preferences/system": {"name": "aiEnabled"},
        "/preferences/current-user": {"name": "tokenExpiryAlert"},
        "/pacticipants": {
            "name": "Foo",
            "version": "1",
            "tag": "prod",
            "branch": "main",
            "label": "web",
            "environment": environment,
        },
        "/pacticipant/": {"name": "Foo"},
        "/environments": {"uuid": environment},
        "/secrets": {"uuid": secret},
        "/webhooks": {"uuid": webhook, **PAIR},
        "/triggered-webhooks": {"uuid": tried.split("/")[-2]},
        "/deployed-versions": {"uuid": deployed["uuid"]},
        "/released-versions": {"uuid": released["uuid"]},
        "/integrations/team": {"uuid": team},
        "/audit": {"uuid": events[0]["uuid"]},
        "/history": {"event": str(deleted.position)},
        "/effects": {"event": next(one["uuid"] for one in events if one["type"] == "team.members_changed")},
        "/doc/problems": {"name": "conflict"},
        "/doc": {"curie": "pf", "rel": "admin-roles"},
        "": {
            **PAIR,
            "digest": published.json["digest"],
            "number": str(verified.json["number"]),
            "metadata": "note",
            "tag": "prod",
            "branch": "main",
        },
    }


def filled(path: str, parameters: dict[str, dict[str, str]]) -> str:
    """The path with ids of things that are there."""
    beginning = max((one for one in parameters if path.startswith(one)), key=len)
    filled_in = re.sub(r"\{(\w+)\}", lambda found: parameters[beginning][found[1]], path)
    questions = {
        "/access/v1/why": "?subject=user:Sally&action=contract_data:manage&resource=application:Foo",
        "/access/v1/who": "?action=contract_data:manage&resource=application:Foo",
    }
    return filled_in + questions.get(path, "")


async def kinds_after(running: Running, position: int) -> list[str]:
    async with running.app.reader.connection() as connection:
        rows = await connection.fetch("select kind from log where position > $1 order by position", position)
    return [row["kind"] for row in rows]


async def test_no_question_leaves_a_record(running: Running) -> None:
    """Every GET there is, about now and about before, answers and changes nothing; who read the trail is on record."""
    parameters = await company(running)
    position = running.app.replica.position
    for route in ROUTES:
        if route.method != "GET":
            continue
        path = filled(route.path, parameters)
        for moment in ("", f"as_of={position}"):
            mark = "&" if "?" in path else "?"
            answer = await running.admin.get(f"{path}{mark}{moment}" if moment else path)
            asked = f"{route.path} {moment}: {answer.text[:200]}"
            if route.path in LEFT_TO_THE_BROKER:
                assert 422 == answer.status, asked
            else:
                assert answer.status in ((200, 303) if not moment else (200, 303, 400)), asked
            left = await kinds_after(running, position)
            assert (set(left) <= {"trail.read"}) if route.path in RECORDED else left == [], asked
        position = running.app.replica.position


async def test_the_evaluation_leaves_no_record(running: Running) -> None:
    """A gateway asks thousands of times a second: questions are not events."""
    position = running.app.replica.position
    body: dict[str, Any] = {
        "subject": {"type": "user", "id": "admin@example.org"},
        "action": {"name": "role:manage"},
        "resource": {"type": "role", "id": "Administrator"},
    }
    for path in ("/access/v1/evaluation", "/access/v1/evaluations", "/access/v1/explanation"):
        assert 200 == (await running.admin.post(path, body)).status
    assert position == running.app.replica.position


async def test_nobody_without_permission_changes_anything(running: Running) -> None:
    """Every write there is, by somebody without a role and by a read-only token: at most the attempt is on record."""
    parameters = await company(running)
    nobody = await running.person(
        "Nobody", roles=[await running.role("Nothing", "token:manage:own")], teams=[]
    )
    tokens = (await running.admin.get("/settings/tokens")).json["_embedded"]["items"]
    kevin_reading = running.client(next(token["value"] for token in tokens if token["readOnly"]))
    for client in (nobody, kevin_reading, nobody.read_only()):
        await _writes(running, client, parameters)


async def _writes(running: Running, client: Client, parameters: dict[str, dict[str, str]]) -> None:
    for route in ROUTES:
        if route.method == "GET" or route.auth == "none" or route.asks:
            continue
        position = running.app.replica.position
        body = {
            "name": "Mine",
            "email": "mine@example.org",
            "permissions": [],
            "production": True,
            "users": [],
            "request": {"method": "POST", "url": "https://ci.example.org/build"},
        }
        if route.path == "/admin/users/invite-users":
            body["users"] = [{"name": "Mine", "email": "mine@example.org"}]
        answer = await client.ask(route.method, filled(route.path, parameters), json=body)
        left = await kinds_after(running, position)
        asked = f"{route.method} {route.path}: {answer.status} left {left}, {answer.text[:200]}"
        assert set(left) <= FACTS_FREE, asked
        assert answer.status in (400, 403, 404, 415), asked
