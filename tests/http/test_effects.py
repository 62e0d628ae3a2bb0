"""Before it is changed: what a dry run foretells is what is done, and nothing of it is left but the answer."""

from typing import Any

import pytest

from service.http import routes
from service.http.route import Route
from tests.http import todos
from tests.http.test_bad_input import MISSING, address, require_refusal
from tests.service import BASE_URL, Answer, Client, Running

ADMINISTRATOR = "cf75d7c2-416b-11ea-af5e-53c3b1a4efd8"
VIEWER = "9fa50562-a42b-4771-aa8e-4bb3d623ae60"
OFFERING = [
    route
    for route in routes.ROUTES
    if route.rehearses
    and not route.path.startswith(("/pacts/", "/integrations", "/pacticipants/", "/history/"))
]
"""Bulk deletions are tried in test_deletions.py, and what would come back of them in test_restore.py."""
Edit = tuple[str, str, Any]
HOOK: dict[str, Any] = {"request": {"method": "POST", "url": "https://ci.example.org/build"}}
OWN: dict[str, Any] = {
    "types": [{"name": "thing"}],
    "actions": [{"name": "thing:see", "types": ["thing"], "extents": ["*", "team"]}],
}
REACHING_NOBODY = (
    "a thing is registered",  # a question may have said the same of it before
    "things are registered",
    "a thing is removed",
    "a catalogue is adopted",  # whose permissions no role holds yet
    "a role is renamed",
    "a role is made",
    "an environment is made",  # what is new is nobody's gain, and what is gone nobody's loss
    "an environment is deleted",
    "a secret is made",
    "a secret is rotated",  # another value gives nobody a right
    "a secret is deleted",
    "a webhook is made",
    "a webhook is made at /webhooks/provider/Bar",
    "a webhook is made at /webhooks/consumer/Foo",
    "a webhook is made at /webhooks/provider/Bar/consumer/Foo",
    "a webhook sends something else",
    "a webhook is deleted",
)


class Company:
    """A small company on a running service, and every kind of edit of it."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.ids: dict[str, str] = {}

    async def found(self) -> "Company":
        running, ids = self.running, self.ids
        ids["reader"] = await running.role("Reader", "contract_data:read:*", "contract_data:manage:team")
        ids["spare"] = await running.role("Spare", "contract_data:read:*")
        for name in ("Foo", "Bar"):
            assert 201 == (await running.admin.post("/pacticipants", {"name": name})).status
        ids["team"] = await running.team("A", pacticipantNames=["Foo"])
        ids["other"] = await running.team("B", pacticipantNames=["Bar"])
        self.sally = await running.person("Sally", roles=[ids["reader"]], teams=[ids["team"]])
        self.billy = await running.person("Billy", roles=[ids["reader"]], teams=[])
        self.robot = await running.system_account("Robot", roles=[ids["spare"], ids["reader"]], teams=[])
        ids |= {"sally": self.sally.id, "billy": self.billy.id, "robot": self.robot.id}
        body = {"name": "A", "pacticipantNames": ["Foo"], "administratorUuids": [self.billy.id]}
        assert 200 == (await running.admin.put(f"/admin/teams/{ids['team']}", body)).status
        await todos.adopted(running)
        ids["thing"] = await todos.todo(running.admin, "1")
        watched = "environment:read:team", "secret:read:team", "webhook:manage:team"
        watcher = await running.role("Watcher", *watched, "todo:read:team", "todo:update:own")
        ids["cara"] = (await running.person("Cara", roles=[watcher], teams=[ids["other"]])).id
        made = await running.admin.post("/environments", {"name": "test", "production": False})
        ids["environment"] = made.json["uuid"]
        ids["webhook"] = (await running.admin.post("/webhooks", HOOK)).json["uuid"]
        ids["secret"] = (await running.admin.post("/secrets", {"name": "key", "value": "x"})).json["uuid"]
        return self

    def edits(self) -> dict[str, Edit]:
        """Every kind of edit, in an order in which each still changes something."""
        ids = self.ids
        team, users = f"/admin/teams/{ids['team']}", "/admin/users"
        environment, secret = f"/environments/{ids['environment']}", f"/secrets/{ids['secret']}"
        webhook, thing = f"/webhooks/{ids['webhook']}", f"/admin/resources/{ids['thing']}"
        shown = {"name": "test", "production": False, "teamUuids": [ids["other"]]}
        scopes = [{"scope": "contract_data:manage:team"}, {"scope": "webhook:manage:team"}]
        sally = f"{users}/{ids['sally']}"
        moved = {"name": "A", "pacticipantNames": ["Bar"], "administratorUuids": [ids["sally"]]}
        patch = [{"op": "add", "path": "/users", "value": {"uuid": ids["robot"]}}]
        return {
            "an environment is made": ("POST", "/environments", {**shown, "name": "new"}),
            "an environment is edited": ("PUT", environment, shown),
            "an environment is deleted": ("DELETE", environment, None),
            "a webhook is made": ("POST", "/webhooks", {**HOOK, "teamUuid": ids["team"]}),
            **{
                f"a webhook is made at {path}": ("POST", path, HOOK)
                for path in ("/webhooks/provider/Bar", "/webhooks/consumer/Foo", "/webhooks/provider/Bar/consumer/Foo")
            },
            "a webhook is edited": ("PUT", webhook, {**HOOK, "teamUuid": ids["other"]}),
            "a webhook sends something else": ("PUT", webhook, {"request": {**HOOK["request"], "body": "x"}}),
            "a webhook is deleted": ("DELETE", webhook, None),
            "a secret is made": ("POST", "/secrets", {"name": "new", "value": "x", "teamUuid": ids["team"]}),
            "a secret is edited": ("PUT", secret, {"teamUuid": ids["other"]}),
            "a secret is rotated": ("PUT", secret, {"value": "y"}),
            "a secret is deleted": ("DELETE", secret, None),
            "a role is made": ("POST", "/admin/roles", {"name": "New", "permissions": scopes}),
            "a role is edited": (
                "PUT", f"/admin/roles/{ids['reader']}", {"name": "Reader", "permissions": scopes}
            ),
            "a role is renamed": (
                "PUT", f"/admin/roles/{ids['reader']}", {"name": "Maintainer", "permissions": scopes}
            ),
            "a role is deleted": ("DELETE", f"/admin/roles/{ids['spare']}", None),
            "roles are replaced": ("PUT", f"{sally}/roles", {"roles": [VIEWER]}),
            "a predefined role is edited": (
                "PUT", f"/admin/roles/{VIEWER}", {"name": "Viewer", "permissions": scopes}
            ),
            "roles are reset": ("POST", "/admin/roles/reset", {}),
            "a catalogue is adopted": ("PUT", "/admin/catalogues/own", {"number": 1, **OWN}),
            "a role has own permissions": (
                "PUT",
                f"/admin/roles/{ids['reader']}",
                {"name": "Maintainer", "permissions": [*scopes, {"scope": "thing:see:*"}]},
            ),
            "a thing is registered": ("POST", "/admin/resources", {"type": "todo", "name": "2"}),
            "things are registered": (
                "POST", "/admin/resources/import", {"resources": [{"type": "todo", "name": "3"}]}
            ),
            "a thing joins a team": ("PUT", thing, {"teamUuids": [ids["other"]]}),
            "a thing changes hands": ("PATCH", thing, {"owner": ids["cara"]}),
            "a thing is removed": ("DELETE", thing, None),
            "a catalogue is withdrawn": ("DELETE", "/admin/catalogues/own", None),
            "a catalogue is adopted again": ("PUT", "/admin/catalogues/own", {"number": 1, **OWN}),
            "a role is added": ("PUT", f"{sally}/roles/{ids['reader']}", {}),
            "a role is taken": ("DELETE", f"{sally}/roles/{VIEWER}", None),
            "an administrator is made": ("PUT", f"{sally}/role/admin", {"name": "Sally"}),
            "an administrator is unmade": ("DELETE", f"{sally}/role/admin", {"name": "Sally"}),
            "a team is made": (
                "POST", "/admin/teams", {"name": "C", "administratorUuids": [ids["billy"]]}
            ),
            "a team is edited": ("PUT", team, moved),
            "members are replaced": ("PUT", f"{team}/users", {"users": [ids["billy"], ids["sally"]]}),
            "members are added": ("POST", f"/admin/teams/{ids['other']}/users", {"users": [ids["sally"]]}),
            "members are patched": ("PATCH", f"{team}/users", patch),
            "members are removed": ("DELETE", f"{team}/users", {"users": [ids["billy"]]}),
            "a member is removed": ("DELETE", f"{team}/users/{ids['sally']}", None),
            "a team is deleted": ("DELETE", f"/admin/teams/{ids['other']}", None),
            "a user is made": ("POST", users, {"name": "Cas", "email": "cas@example.org"}),
            "a user is invited": ("POST", f"{users}/invite-user", {"name": "Dan", "email": "dan@example.org"}),
            "users are invited": (
                "POST", f"{users}/invite-users", {"users": [{"name": "Eve", "email": "eve@example.org"}]}
            ),
            "a system account is made": ("POST", "/admin/system-accounts", {"name": "Bender"}),
            "a user is disabled": ("PUT", sally, {"active": False}),
            "a user is enabled": ("PUT", sally, {"active": True}),
            "a user is deleted": ("DELETE", sally, None),
        }  # fmt: skip


def asked(path: str, rest: str = "dry_run=true") -> str:
    return f"{path}?{rest}"


def groups(answer: Answer) -> list[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]]:
    """(principals, gains, losses) of each group in an answer."""
    return [
        (
            tuple(one["uuid"] for one in group["principals"]),
            tuple(line["permission"] for line in group["gains"]),
            tuple(line["permission"] for line in group["loses"]),
        )
        for group in answer.json["effect"]["groups"]
    ]


def without_new(effect: Any, known: set[str]) -> Any:
    """An effect in which whoever is new has no id: each time another is drawn."""
    if isinstance(effect, dict):
        shown = {key: without_new(one, known) for key, one in effect.items()}
        if isinstance(uuid := shown.get("uuid"), str) and uuid not in known:
            return {"new": True}
        if isinstance(permission := shown.get("permission"), str) and "team" in shown:
            shown["permission"] = permission.rpartition(":")[0]
        return shown
    if isinstance(effect, list):
        return [without_new(one, known) for one in effect]
    return effect


async def stored(running: Running) -> list[int]:
    """How many rows there are of everything that an order writes."""
    async with running.app.reader.connection() as connection:
        return [
            await connection.fetchval(f"select count(*) from {table}")  # noqa: S608  # a fixed list
            for table in ("log", "vault", "person_key", "idempotency")
        ]


async def test_every_kind_of_edit_is_foretold_done_and_told_alike(running: Running) -> None:
    """A dry run changes nothing at all; the order then does what was foretold, and history says the same."""
    company = await Company(running).found()
    covered = set()
    for name, (method, path, body) in company.edits().items():
        before, rows = running.position, await stored(running)
        tried = await running.admin.ask(
            method,
            asked(path),
            json=body,
            headers={"Idempotency-Key": f"the key of {name}".replace(" ", "-")},
        )
        assert 200 == tried.status, (name, tried.text)
        assert "application/hal+json;charset=utf-8" == tried.headers["Content-Type"]
        assert (True, before, before) == (tried.json["dryRun"], tried.json["position"], tried.position), name
        assert "Muniment-Effect" not in tried.headers
        assert (before, rows) == (running.position, await stored(running)), name

        known = {*company.ids.values()}
        done = await running.admin.ask(
            method, path, json=body, headers={"Idempotency-Key": f"the key of {name}".replace(" ", "-")}
        )
        assert done.status in (200, 201, 204), (name, done.text)
        would = sum(one["records"] for one in tried.json["would"])
        assert would == done.position - before > 0, name
        place = done.headers["Muniment-Effect"]
        assert place.startswith(f"{BASE_URL}/effects/")
        told = await running.admin.get(place)
        assert 200 == told.status, told.text
        assert done.position == told.json["position"]
        assert without_new(tried.json["effect"], known) == without_new(told.json["effect"], known), name
        if name not in REACHING_NOBODY:
            assert told.json["effect"]["groups"], name
        covered.add((method, routes_path(method, path)))
    assert {(route.method, route.path) for route in OFFERING} == covered


def routes_path(method: str, path: str) -> str:
    """The route of the table that takes a path: the one with the fewest placeholders that fits."""
    fitting = []
    for route in routes.ROUTES:
        parts, given = route.path.split("/"), path.split("/")
        if route.method != method or len(parts) != len(given):
            continue
        if all(part == one or part.startswith("{") for part, one in zip(parts, given, strict=True)):
            fitting.append(route.path)
    return min(fitting, key=lambda one: one.count("{"))


async def test_a_dry_run_says_who_gains_and_loses_what(running: Running) -> None:
    """By person, in the words of permissions; what belongs to a team has its name beside it."""
    company = await Company(running).found()
    ids, edits = company.ids, company.edits()
    method, path, body = edits["a role is edited"]
    edited = await running.admin.ask(method, asked(path), json=body)
    assert [
        ((ids["sally"],), ("webhook:manage:team",), ("contract_data:read:*",)),
        ((ids["billy"],), (), ("contract_data:read:*",)),
    ] == sorted(groups(edited), key=lambda one: one[1], reverse=True)
    assert [{"kind": "role.permissions_changed", "records": 1}] == edited.json["would"]
    assert {"Sally", "Billy"} == {
        one["name"] for group in edited.json["effect"]["groups"] for one in group["principals"]
    }
    joined = await running.admin.post(asked(f"/admin/teams/{ids['team']}/users"), {"users": [ids["billy"]]})
    assert [((ids["billy"],), (f"contract_data:manage:{ids['team']}",), ())] == groups(joined)
    line = joined.json["effect"]["groups"][0]["gains"][0]
    assert {"uuid": ids["team"], "name": "A"} == line["team"]
    emptied = await running.admin.put(asked(f"/admin/teams/{ids['team']}"), {"name": "A"})
    assert ((ids["sally"],), (), ("contract_data:manage",)) in groups(emptied)
    assert [("team_without_administrator", "A")] == [
        (one["code"], one["team"]["name"]) for one in emptied.json["effect"]["warnings"]
    ]
    assert "administrator" in emptied.json["effect"]["warnings"][0]["sentence"]


async def test_one_is_warned_of_what_one_loses_oneself_and_of_being_the_last(running: Running) -> None:
    """The two mistakes that the word of caution of seed 000 is about, before they are made."""
    second = await running.person("Second", roles=[ADMINISTRATOR])
    me = (await second.get("/user")).json["uuid"]
    first = (await running.admin.get("/user")).json["uuid"]
    left = await second.delete(asked(f"/admin/users/{first}/roles/{ADMINISTRATOR}"))
    assert ["one_left_to_undo"] == [one["code"] for one in left.json["effect"]["warnings"]]
    assert (me, "Nobody but you") == (
        left.json["effect"]["warnings"][0]["principal"]["uuid"],
        left.json["effect"]["warnings"][0]["sentence"][:14],
    )
    role = (await running.admin.get(f"/admin/roles/{ADMINISTRATOR}")).json
    kept = [{"scope": one["scope"]} for one in role["permissions"] if not one["scope"].startswith("webhook")]
    body = {"name": role["name"], "permissions": kept}
    lost = await running.admin.put(asked(f"/admin/roles/{ADMINISTRATOR}"), body)
    assert ["giver_loses"] == [one["code"] for one in lost.json["effect"]["warnings"]]
    assert "You lose something by this yourself." == lost.json["effect"]["warnings"][0]["sentence"]


async def test_who_stands_twice_in_an_invitation_of_many_is_made_once(running: Running) -> None:
    """Each of many is tried for itself, and still nobody is foretold to be made twice."""
    people = [{"name": "Eve", "email": "eve@example.org"}, {"name": "Eve", "email": "Eve@Example.org"}]
    place = "/admin/users/invite-users"
    tried = await running.admin.post(asked(place), {"users": people})
    done = await running.admin.post(place, {"users": people})
    assert {"kind": "user.created", "records": 1} in tried.json["would"]
    assert [1] == [group["numberOfPrincipals"] for group in tried.json["effect"]["groups"]]
    assert 1 == len({one["uuid"] for one in done.json["users"]})


async def test_what_would_be_refused_is_refused_alike(running: Running) -> None:
    """A dry run of what cannot be done gets the very answer that the order itself would: status, words and shape."""
    company = await Company(running).found()
    ids, admin, sally = company.ids, running.admin, company.sally
    first = (await admin.get("/user")).json["uuid"]
    people = await running.role("People", "user:manage:*", "token:manage:own")
    other = await running.person("Other", roles=[people])
    stale = {"If-Match": '"1"'}
    cases: list[tuple[int, Client, str, str, Any, dict[str, str]]] = [
        (400, admin, "POST", "/admin/roles", {"name": "X", "permissions": [{"scope": "no:such:*"}]}, {}),
        (400, admin, "POST", "/admin/roles", {"name": 17}, {}),
        (403, sally, "POST", "/admin/roles", {"name": "X", "permissions": []}, {}),
        (403, admin, "PUT", f"/admin/users/{first}/roles", {"roles": []}, {}),
        (403, admin.__class__.read_only(sally), "DELETE", f"/admin/users/{ids['billy']}", None, {}),
        (404, admin, "DELETE", f"/admin/roles/{MISSING}", None, {}),
        (404, admin, "DELETE", f"/admin/teams/{ids['other']}/users/{ids['sally']}", None, {}),
        (409, admin, "POST", "/admin/roles", {"name": "Reader", "permissions": []}, {}),
        (412, admin, "PUT", f"/admin/roles/{ids['reader']}", {"name": "X", "permissions": []}, stale),
        (422, other, "DELETE", f"/admin/users/{first}", None, {}),
        (422, other, "PUT", f"/admin/users/{first}", {"active": False}, {}),
    ]
    for status, client, method, path, body, headers in cases:
        before = running.position
        tried = await client.ask(method, asked(path), json=body, headers=headers)
        denied = status == 403
        assert before + denied == running.position, (path, tried.text)
        if denied:  # an attempt is recorded, as any; the next one would only be counted
            async with running.app.reader.connection() as connection:
                kind = await connection.fetchval("select kind from log where position = $1", before + 1)
            assert "attempt.denied" == kind
        done = await client.ask(method, path, json=body, headers=headers)
        assert (status, done.status, done.text) == (tried.status, tried.status, tried.text), path
        assert "Muniment-Effect" not in done.headers


@pytest.mark.parametrize("route", OFFERING, ids=lambda route: f"{route.method} {route.path}")
async def test_a_dry_run_is_asked_for_in_one_way_only(running: Running, route: Route) -> None:
    """What is nearly `dry_run=true` is 400: nothing that was meant to be tried is ever done."""
    before = running.position
    for query in (
        "dry_run=1", "dry_run=", "dry_run=True", "dry_run", "dry_run=true&dry_run=true", "dry_run=true&dry_run=false",
        "dryRun=true", "dry-run=true", "dryrun=true", "Dry_Run=true", "dry_runs=true",
    ):  # fmt: skip
        answer = await running.admin.ask(route.method, asked(address(route), query), body=b"{}")
        require_refusal(answer, 400)
        assert "dry_run" in answer.text, answer.text
    body = b'{"dry_run": true}'
    if route.method != "PATCH":
        require_refusal(await running.admin.ask(route.method, address(route), body=body), 400, 404)
    assert before == running.position


async def test_where_no_dry_run_is_offered_it_is_refused(running: Running) -> None:
    """On every other route of the table `dry_run` is 400, even `false`: it is never ignored."""
    before = running.position
    for route in routes.ROUTES:
        if route.rehearses:
            continue
        for query in ("dry_run=true", "dry_run=false", "dryRun=true"):
            answer = await running.admin.ask(route.method, asked(address(route), query))
            require_refusal(answer, 400)
    assert before == running.position


async def test_dry_run_false_is_as_good_as_absent(running: Running) -> None:
    """A program that always sends the parameter gets what it asks for."""
    done = await running.admin.post(asked("/admin/roles", "dry_run=false"), {"name": "X", "permissions": []})
    assert 201 == done.status
    assert done.position == running.position


async def test_a_dry_run_leaves_its_key_to_the_edit(running: Running) -> None:
    """Before the edit and after it: under the edit's own Idempotency-Key a dry run is no repeat and uses none up."""
    role, key = await running.role("First"), {"Idempotency-Key": "once"}
    place, body = f"/admin/roles/{role}", {"name": "Second", "permissions": []}
    before = await running.admin.put(asked(place), body, headers=key)
    done = await running.admin.put(place, body, headers=key)
    after = await running.admin.put(asked(place), body, headers=key)
    again = await running.admin.put(place, body, headers=key)
    assert [200] * 4 == [one.status for one in (before, done, after, again)]
    assert [1, 0] == [len(one.json["would"]) for one in (before, after)]
    assert (done.json, done.position) == (again.json, again.position)


async def test_nothing_is_told_where_nothing_was_done(running: Running) -> None:
    """An edit into what is there already has no effect to read, nor has an order that gives nobody anything."""
    role = await running.role("Reader", "contract_data:read:*")
    body = {"name": "Reader", "permissions": [{"scope": "contract_data:read:*"}]}
    again = await running.admin.put(f"/admin/roles/{role}", body)
    assert 200 == again.status
    assert "Muniment-Effect" not in again.headers
    tried = await running.admin.put(asked(f"/admin/roles/{role}"), body)
    assert ([], {"groups": [], "warnings": []}) == (tried.json["would"], tried.json["effect"])
    application = await running.admin.post("/pacticipants", {"name": "Foo"})
    assert "Muniment-Effect" not in application.headers


async def test_an_effect_is_read_by_who_gave_the_order_or_may_ask_why(running: Running) -> None:
    """Others get 403; what is no event, or no such order's, is 404; any event of the order leads to its effect."""
    people = await running.role("People", "user:manage:*", "user:invite")
    giver = await running.person("Giver", roles=[people])
    other = await running.person("Other")
    explainer = await running.person("Explainer", roles=[await running.role("Explainer", "access:explain:*")])
    auditor = await running.person("Auditor", roles=[await running.role("Reader of all", "audit:read:*")])
    done = await giver.post("/admin/users", {"name": "Cas", "email": "cas@example.org"})
    place = done.headers["Muniment-Effect"]
    for client in (giver, explainer, auditor, running.admin):
        assert 200 == (await client.get(place)).status
    require_refusal(await other.get(place), 403)
    require_refusal(await giver.get(f"/effects/{MISSING}"), 404)
    require_refusal(await giver.get("/effects/no-id"), 404)
    require_refusal(await giver.get(f"{place}?as_of=1"), 400)
    async with running.app.reader.connection() as connection:
        later = await connection.fetchval("select event_id::text from log where position = $1", done.position)
        opened = await connection.fetchval("select event_id::text from log where position = 1")
    assert (await giver.get(place)).json == (await giver.get(f"/effects/{later}")).json
    assert opened
    made = await running.admin.post("/pacticipants", {"name": "Foo"})
    published = await running.admin.put("/pacts/provider/Foo/consumer/Foo/version/1", {"interactions": []})
    assert (201, 201) == (made.status, published.status)
    async with running.app.reader.connection() as connection:
        event = await connection.fetchval(
            "select event_id::text from log where position = $1", published.position
        )
    require_refusal(await running.admin.get(f"/effects/{event}"), 404)


async def test_people_are_named_where_the_reader_may_read_them(running: Running) -> None:
    """Who may manage roles but not read people sees how many lose something, and their ids, never a name."""
    roles = await running.role("Roles", "role:manage:*")
    keeper = await running.person("Keeper", roles=[roles])
    role = await running.role("Reader", "contract_data:read:*")
    somebody = await running.person("Sally", roles=[role])
    tried = await keeper.put(asked(f"/admin/roles/{role}"), {"name": "Reader", "permissions": []})
    assert [{"uuid": somebody.id}] == tried.json["effect"]["groups"][0]["principals"]
    assert "Sally" not in tried.text


async def test_a_dry_run_in_a_large_team_sees_what_the_order_does(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where many are reached it is drafted beside the event loop, with the same answer."""
    from service.commands import bulk

    company = await Company(running).found()
    method, path, body = company.edits()["a role is edited"]
    here = await running.admin.ask(method, asked(path), json=body)
    monkeypatch.setattr(bulk, "REACHED_MIN", 1)
    apart = await running.admin.ask(method, asked(path), json=body)
    assert here.json == apart.json
