"""/admin/resources: things of one's own types over HTTP, and what a question about them is answered."""

from typing import Any

import pytest

from tests.http import todos
from tests.http.test_bad_input import MISSING, require_refusal
from tests.service import BASE_URL, Running


@pytest.fixture
async def company(running: Running) -> Running:
    """With the catalogue of to-dos in force."""
    return await todos.adopted(running)


async def test_a_thing_is_registered_read_changed_and_removed(company: Running) -> None:
    """201 with its place, 200 with what it is, 204; each answer's ETag takes the next change and no other."""
    admin, team = company.admin, await company.team("A")
    sally = await company.person("Sally")
    body = {
        "type": "todo",
        "name": "7240d0db",
        "owner": sally.id,
        "teamUuids": [team],
        "properties": {"status": "open", "tags": ["a"], "rank": 1, "done": False},
    }
    made = await admin.post("/admin/resources", body)
    assert 201 == made.status
    place = made.headers["Location"]
    assert place == f"{BASE_URL}/admin/resources/{made.json['uuid']}"
    assert body == {name: made.json[name] for name in body}
    assert ("Sally", "A") == (
        made.json["_embedded"]["owner"]["name"],
        made.json["_embedded"]["teams"][0]["name"],
    )
    shown = await admin.get(place)
    assert (200, made.headers["ETag"]) == (shown.status, shown.headers["ETag"])
    again = await admin.put(place, shown.json)
    assert (200, shown.json) == (again.status, again.json)  # who sends back what they read changes nothing
    changed = await admin.put(
        place,
        {"owner": None, "properties": {"status": "closed"}},
        headers={"If-Match": shown.headers["ETag"]},
    )
    assert (None, [team], {"status": "closed"}) == (
        changed.json["owner"],
        changed.json["teamUuids"],
        changed.json["properties"],
    )
    stale = await admin.patch(place, {"properties": {"x": 1}}, headers={"If-Match": shown.headers["ETag"]})
    require_refusal(stale, 412)
    patched = await admin.patch(place, {"leaveTeamUuids": [team], "properties": {"x": 1, "status": None}})
    assert ([], {"x": 1}) == (patched.json["teamUuids"], patched.json["properties"])
    before = await admin.get(f"{place}?as_of={made.position}")
    assert made.json["properties"] == before.json["properties"]
    assert 204 == (await admin.delete(place)).status
    require_refusal(await admin.get(place), 404)
    assert "7240d0db" == (await admin.get(f"{place}?as_of={patched.position}")).json["name"]


async def test_a_fault_is_pointed_to(company: Running) -> None:
    """In a body of one and of many; what is taken is 409."""
    await todos.todo(company.admin, "1")
    good = {"type": "todo", "name": "2"}
    for body, status, pointer in (
        ({"type": "todo"}, 400, "/name"),
        ({"name": "2"}, 400, "/type"),
        ({**good, "owner": "nobody@example.org"}, 400, "/owner"),
        ({**good, "owner": MISSING}, 400, "/owner"),
        ({**good, "teamUuids": ["x"]}, 400, "/teamUuids/0"),
        ({**good, "properties": []}, 400, "/properties"),
        ({**good, "properties": {"x": 1.0}}, 400, "/properties/x"),
        ({**good, "name": "1"}, 409, "/name"),
    ):
        one = await company.admin.post("/admin/resources", body)
        many = await company.admin.post(
            "/admin/resources/import", {"resources": [good | {"name": "3"}, body]}
        )
        field = pointer.removeprefix("/").replace("/", ".")
        for answer, place in ((one, field), (many, f"resources.1.{field}")):
            require_refusal(answer, status)
            assert [place] == list(answer.json["errors"]), answer.text
    assert 1 == len((await company.admin.get("/admin/resources")).json["_embedded"]["resources"])
    one = (await company.admin.get("/admin/resources?name=1")).json["_embedded"]["resources"][0]["uuid"]
    refused = await company.admin.patch(f"/admin/resources/{one}", {"teamUuids": []})
    require_refusal(refused, 400)


async def test_many_are_registered_at_once(company: Running) -> None:
    """All of them or none, under one key once, and tried without a trace."""
    sally = await company.person("Sally")
    rows = [{"type": "todo", "name": f"{n:03}", "owner": "sally@example.org"} for n in range(120)]
    body, key = {"resources": rows}, {"Idempotency-Key": "once"}
    before = company.position
    tried = await company.admin.post("/admin/resources/import?dry_run=true", body)
    assert [{"kind": "resource.registered", "records": 120}] == tried.json["would"]
    assert before == company.position
    made = await company.admin.post("/admin/resources/import", body, headers=key)
    assert (201, 120) == (made.status, made.json["registered"])
    again = await company.admin.post("/admin/resources/import", body, headers=key)
    assert (made.json, before + 120) == (again.json, company.position)
    require_refusal(await company.admin.post("/admin/resources/import", body), 409)
    page = await sally.get("/admin/resources")
    require_refusal(page, 403)
    listed = (await company.admin.get("/admin/resources?owner=sally@example.org&size=50&page=3")).json
    assert (20, 120) == (len(listed["_embedded"]["resources"]), listed["page"]["totalElements"])
    assert "119" == listed["_embedded"]["resources"][-1]["name"]


async def test_a_list_shows_what_one_may_read(company: Running) -> None:
    """By type and name; filtered by type, name, owner and team, of which nobody finds what is hidden from them."""
    team, other = await company.team("A"), await company.team("B")
    role = await company.role("Reader", "resource:read:team", "resource:read:own")
    sally = await company.person("Sally", roles=[role], teams=[team])
    await todos.todo(company.admin, "1", teamUuids=[team, other])
    await todos.todo(company.admin, "2", teamUuids=[other])
    hers = await todos.todo(company.admin, "3", owner=sally.id)

    async def names(query: str, client: Any = sally) -> list[str]:
        found = await client.get(f"/admin/resources?{query}")
        return [one["name"] for one in found.json["_embedded"]["resources"]]

    assert ["1", "3"] == await names("")
    assert ["1", "2", "3"] == await names("type=todo", company.admin)
    assert [] == await names("type=application")
    assert ["3"] == await names(f"owner={sally.id}")
    assert ["3"] == await names("owner=sally@example.org")
    assert [] == await names("owner=admin@example.org")
    assert ["1"] == await names(f"team={team}")
    assert ["1"] == await names(f"team={other}")
    assert ["1", "2"] == await names("team=B", company.admin)
    assert [] == await names("team=B")  # a team that she may not read has no name
    assert ["1"] == await names("name=1")
    require_refusal(await sally.get(f"/admin/resources/{(await _id(company, '2'))}"), 403)
    assert 200 == (await sally.get(f"/admin/resources/{hers}")).status
    shown = (await sally.get("/admin/resources")).json["_embedded"]["resources"][0]
    assert [] == shown["_actions"]


async def test_what_is_registered_wins_over_what_a_question_says(company: Running) -> None:
    """And a contradiction is told; once it is removed, the question's own word decides again."""
    role = await company.role("Editor", "todo:update:own", "todo:read:team")
    rick = await company.person("Rick", roles=[role], teams=[await company.team("A")])
    morty = await company.person("Morty", roles=[role], teams=[])
    one = await todos.todo(company.admin, "1", owner=rick.id)

    async def may(subject: str, **properties: Any) -> tuple[bool, int]:
        decision, conflicts = await todos.decided(
            company.admin, subject, "can_update_todo", "1", **properties
        )
        return decision, len(conflicts)

    assert (True, 0) == await may(rick.id)
    assert (False, 1) == await may(morty.id, ownerID=morty.id)
    assert (True, 1) == await may(rick.id, ownerID="morty@example.org")
    assert 200 == (await company.admin.put(f"/admin/resources/{one}", {"owner": morty.id})).status
    assert ((False, 0), (True, 0)) == (await may(rick.id), await may(morty.id))
    assert 204 == (await company.admin.delete(f"/admin/resources/{one}")).status
    assert ((True, 0), (False, 0)) == (await may(rick.id, ownerID=rick.id), await may(rick.id))


async def test_what_a_change_gives_is_foretold(company: Running) -> None:
    """By an owner's and by a team's change, and nothing of the trial stays."""
    team = await company.team("A")
    role = await company.role("Editor", "todo:delete:own", "todo:delete:team")
    rick = await company.person("Rick", roles=[role], teams=[])
    mate = await company.person("Mate", roles=[role], teams=[team])
    one = await todos.todo(company.admin, "1", owner=rick.id)
    before = company.position
    for body, losing, gaining in (({"owner": None}, [rick.id], []), ({"teamUuids": [team]}, [], [mate.id])):
        tried = await company.admin.put(f"/admin/resources/{one}?dry_run=true", body)
        groups = tried.json["effect"]["groups"]
        found = {
            side: [one["uuid"] for group in groups if group[side] for one in group["principals"]]
            for side in ("loses", "gains")
        }
        assert {"loses": losing, "gains": gaining} == found, tried.text
    assert before == company.position


async def test_the_trail_and_the_questions_find_a_thing_by_its_name(company: Running) -> None:
    """`todo:7240d0db` in `touches`, `who` and `why`, and as the thing that a record is about."""
    role = await company.role("Editor", "todo:update:own")
    rick = await company.person("Rick", roles=[role])
    one = await todos.todo(company.admin, "7240d0db", owner=rick.id)
    found = (await company.admin.get("/audit?touches=todo:7240d0db")).json["events"]
    assert ["resource.registered"] == [event["type"] for event in found]
    by_id = (await company.admin.get(f"/audit?touches=todo:{one}")).json["events"]
    assert len(found) == len([event for event in by_id if event["type"] != "trail.read"])
    who = await company.admin.get("/access/v1/who?action=todo:update&resource=todo:7240d0db")
    assert [rick.id] == [each["id"] for each in who.json["principals"]]
    why = await company.admin.get(
        "/access/v1/why?subject=rick@example.org&action=todo:update&resource=todo:7240d0db"
    )
    assert why.json["decision"]


async def test_who_may_manage_a_thing_can_be_asked(company: Running) -> None:
    """What a refusal names as missing, `why` and `who` can be asked about."""
    role = await company.role("Keeper", "resource:manage:own")
    rick = await company.person("Rick", roles=[role])
    await todos.todo(rick, "1", owner=rick.id)
    who = await company.admin.get("/access/v1/who?action=resource:manage&resource=todo:1")
    assert rick.id in [each["id"] for each in who.json["principals"]]
    decision, _ = await todos.decided(company.admin, rick.id, "resource:manage", "1")
    assert decision


async def test_a_repeated_change_does_not_depend_on_what_people_are_called_now(company: Running) -> None:
    """Under one key the answer is the first one's, also where nobody has the address any more that it named."""
    sally = await company.person("Sally")
    body: dict[str, Any] = {"type": "todo", "name": "1", "owner": "sally@example.org"}
    one = await todos.todo(company.admin, "2")
    orders = (
        ("POST", "/admin/resources", body),
        ("POST", "/admin/resources/import", {"resources": [body | {"name": "3"}]}),
        ("PUT", f"/admin/resources/{one}", {"owner": "sally@example.org"}),
        ("PATCH", f"/admin/resources/{one}", {"owner": "sally@example.org", "properties": {"rank": 1}}),
    )

    async def told(number: int) -> Any:
        method, path, sent = orders[number]
        headers = {"Idempotency-Key": f"once-{number}"}
        answer = await company.admin.ask(method, path, json=sent, headers=headers)
        assert answer.status in (200, 201), answer.text
        return answer.json.get("owner"), answer.position

    first = [await told(number) for number in range(len(orders))]
    renamed = await company.admin.put(f"/admin/users/{sally.id}", {"email": "sally@elsewhere.org"})
    assert 200 == renamed.status
    before = company.position
    assert first == [await told(number) for number in range(len(orders))]
    assert before == company.position


async def _id(running: Running, name: str) -> str:
    found = await running.admin.get(f"/admin/resources?name={name}")
    return str(found.json["_embedded"]["resources"][0]["uuid"])
