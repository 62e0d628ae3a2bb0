"""/admin/catalogues: an organisation's own permissions from its file to who may do what, and back."""

from typing import Any

from service.catalogue import own_reading
from tests.http.test_bad_input import require_refusal
from tests.service import BASE_URL, Answer, Running

TODO = own_reading.example("todo")
PLACE = "/admin/catalogues/todo"
RECORDS: dict[str, Any] = {
    "number": 1,
    "types": [{"name": "record"}],
    "actions": [
        {
            "name": "record:write",
            "types": ["record"],
            "extents": ["*", "own"],
            "label": "Write records",
            "group": "Records",
            "description": "Change what a record says",
        }
    ],
    "conditions": [
        {
            "name": "unarchived",
            "description": "the record is not archived",
            "all": [{"property": "resource.properties.status", "not_equals": "archived"}],
        }
    ],
}


async def put_file(running: Running, text: str = TODO, query: str = "", **headers: str) -> Answer:
    """The TOML file itself, as it is."""
    return await running.admin.ask(
        "PUT", f"{PLACE}{query}", body=text.encode(), headers={"Content-Type": "application/toml", **headers}
    )


async def test_a_file_is_adopted_read_replaced_and_withdrawn(running: Running) -> None:
    """The life of a catalogue: 201 with its place, 200 unchanged, 200 with a higher number, and gone."""
    made = await put_file(running)
    assert (201, f"{BASE_URL}{PLACE}") == (made.status, made.headers["Location"]), made.text
    assert ("todo", 1, False, []) == tuple(
        made.json[key] for key in ("name", "number", "builtIn", "notInForce")
    )
    assert "todo:update:own" in [one["scope"] for one in made.json["permissions"]]
    same = await put_file(running)
    assert (200, made.position, []) == (same.status, same.position, same.json["notices"])
    refused = await put_file(running, TODO.replace("Read to-dos", "See to-dos"))
    assert 422 == refused.status, refused.text
    assert "here at least 2" in refused.text
    replaced = await put_file(running, TODO.replace("number = 1", "number = 2"))
    assert (200, 2, made.position + 1) == (replaced.status, replaced.json["number"], replaced.position)
    read = await running.admin.get(PLACE)
    assert (200, 2, True) == (read.status, read.json["number"], "notices" not in read.json)
    assert 1 == (await running.admin.get(f"{PLACE}?as_of={made.position}")).json["number"]
    gone = await running.admin.ask("DELETE", PLACE)
    assert (200, True, []) == (gone.status, gone.json["withdrawn"], gone.json["notices"])
    require_refusal(await running.admin.get(PLACE), 404)
    require_refusal(await running.admin.ask("DELETE", PLACE), 404)


async def test_what_was_read_can_be_sent_back(running: Running) -> None:
    """Whoever reads the document, raises the number and sends it back whole has adopted just that."""
    made = await running.admin.put("/admin/catalogues/records", RECORDS)
    assert 201 == made.status, made.text
    again = await running.admin.put(
        "/admin/catalogues/records", {**made.json, "number": 2, "label": "Records"}
    )
    assert (200, 2, "Records") == (again.status, again.json["number"], again.json["label"]), again.text
    assert made.json["actions"] == again.json["actions"]


async def test_a_catalogue_is_replaced_only_as_it_was_seen(running: Running) -> None:
    """If-Match: whoever decided on an older number changes nothing."""
    made = await put_file(running)
    tag = made.headers["ETag"]
    later = TODO.replace("number = 1", "number = 2")
    assert 200 == (await put_file(running, later, **{"If-Match": tag})).status
    stale = await put_file(running, TODO.replace("number = 1", "number = 3"), **{"If-Match": tag})
    assert 412 == stale.status, stale.text
    assert 412 == (await running.admin.ask("DELETE", PLACE, headers={"If-Match": tag})).status
    assert (
        304
        == (
            await running.admin.get(
                PLACE, headers={"If-None-Match": (await running.admin.get(PLACE)).headers["ETag"]}
            )
        ).status
    )


async def test_the_list_begins_with_the_built_in_one(running: Running) -> None:
    """Which catalogues are in force, with the built-in one, which is read like the others and never changed."""
    await put_file(running)
    await running.admin.put("/admin/catalogues/records", RECORDS)
    listed = (await running.admin.get("/admin/catalogues")).json["_embedded"]["catalogues"]
    assert ["pactflow", "records", "todo"] == [one["name"] for one in listed]
    assert [True, False, False] == [one["builtIn"] for one in listed]
    built_in = (await running.admin.get(listed[0]["_links"]["self"]["href"])).json
    assert "contract_data:manage:*" in [one["scope"] for one in built_in["permissions"]]
    assert {"name": "contract"} in built_in["types"]
    page = await running.admin.get("/admin/catalogues?page=2&size=2")
    assert ["todo"] == [one["name"] for one in page.json["_embedded"]["catalogues"]]
    assert 422 == (await running.admin.ask("DELETE", "/admin/catalogues/pactflow")).status
    assert 400 == (await running.admin.put("/admin/catalogues/pactflow", RECORDS)).status


async def test_a_fault_has_its_place(running: Running) -> None:
    """A program finds what is wrong by its pointer, in JSON and in TOML alike; a misspelt field is no silence."""
    problem = {"Accept": "application/problem+json"}
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({**RECORDS, "name": "another"}, "/name"),
        ({**RECORDS, "conditons": []}, ""),
        (
            {**RECORDS, "actions": [{"name": "record:write", "types": ["recrod"], "extents": ["*"]}]},
            "/actions/0/types/0",
        ),
        ({**RECORDS, "number": "1"}, "/number"),
    )
    for body, pointer in cases:
        answer = await running.admin.ask("PUT", "/admin/catalogues/records", json=body, headers=problem)
        assert 422 == answer.status or 400 == answer.status, answer.text
        assert pointer in answer.text
    broken = await put_file(running, "name = ")
    assert "not TOML" in broken.text
    other = await put_file(running, TODO.replace('name = "todo"\n', 'name = "other"\n', 1))
    assert "is called &#39;other&#39;" in other.text or "'other'" in other.text
    odd = await running.admin.ask("PUT", PLACE, body=TODO.encode(), headers={"Content-Type": "text/plain"})
    assert 415 == odd.status
    require_refusal(await running.admin.get(PLACE), 404)


async def test_roles_hold_own_permissions_with_and_without_a_condition(running: Running) -> None:
    """They are listed, held and shown with label, group and catalogue; a condition is told in its own words."""
    unknown = await running.admin.post(
        "/admin/roles", {"name": "W", "permissions": [{"scope": "record:write:own"}]}
    )
    assert "no permission" in unknown.text
    await running.admin.put("/admin/catalogues/records", RECORDS)
    every = (await running.admin.get("/admin/permissions")).json
    found = {one["scope"]: one for one in every["permissions"]}["record:write:own"]
    assert ("Write records (their own)", "Records", "records") == (
        found["label"],
        found["group"],
        found["catalogue"],
    )
    assert ["unarchived"] == [one["name"] for one in every["conditions"]]
    scopes = ("record:write:own", "record:write:*?unarchived", "contract_data:manage:team?unarchived")
    made = await running.admin.post(
        "/admin/roles", {"name": "W", "permissions": [{"scope": one} for one in scopes]}
    )
    assert 201 == made.status, made.text
    assert list(scopes) == [one["scope"] for one in made.json["permissions"]]
    plain, conditional, built_in = made.json["permissions"]
    assert "condition" not in plain
    assert {"name": "unarchived", "sentence": "Only if: the record is not archived"} == conditional[
        "condition"
    ]
    assert ("Write records (all), if unarchived", "Records") == (conditional["label"], conditional["group"])
    assert "Change what a record says. Only if: the record is not archived" == conditional["description"]
    assert "Only if: the record is not archived" == built_in["condition"]["sentence"]
    assert 3 == len({one["uuid"] for one in made.json["permissions"]})
    odd = await running.admin.post(
        "/admin/roles", {"name": "X", "permissions": [{"scope": "record:write:*?archived"}]}
    )
    assert "no condition &#39;archived&#39;" in odd.text or "no condition 'archived'" in odd.text


async def test_who_gains_and_loses_is_told_before_and_after(running: Running) -> None:
    """A dry run of a withdrawal names who loses what, and how many roles hold what grants nothing."""
    await put_file(running)
    role = await running.role("Editor", "todo:read:*", "todo:update:own")
    sally = await running.person("Sally", roles=[role], teams=[])
    tried = await running.admin.ask("DELETE", f"{PLACE}?dry_run=true")
    assert (200, True) == (tried.status, tried.json["dryRun"]), tried.text
    assert [{"kind": "own_catalogue.withdrawn", "records": 1}] == tried.json["would"]
    (group,) = tried.json["effect"]["groups"]
    assert [sally.id] == [one["uuid"] for one in group["principals"]]
    assert ["todo:read:*", "todo:update:own"] == [one["permission"] for one in group["loses"]]
    (warning,) = tried.json["effect"]["warnings"]
    assert ("permissions_unknown", 1, ["todo:read:*", "todo:update:own"]) == (
        warning["code"],
        warning["numberOfRoles"],
        warning["permissions"],
    )
    said = (
        "1 role holds permissions that no catalogue knows any more and that grant nothing: "
        "todo:read:* and todo:update:own."
    )
    assert said == warning["sentence"]
    assert 200 == (await running.admin.get(PLACE)).status
    done = await running.admin.ask("DELETE", PLACE)
    assert [said] == done.json["notices"]
    effect = (await running.admin.get(done.headers["Muniment-Effect"])).json
    assert tried.json["effect"]["groups"] == effect["effect"]["groups"]
    again = await put_file(running, query="?dry_run=true")
    (gaining,) = again.json["effect"]["groups"]
    assert ["todo:read:*", "todo:update:own"] == [one["permission"] for one in gaining["gains"]]
    shown = (await running.admin.get(f"/admin/roles/{role}")).json["permissions"]
    assert ["todo:read:*", "todo:update:own"] == [one["label"] for one in shown]


async def test_reading_takes_the_right_to_read_roles_and_changing_to_manage_them(running: Running) -> None:
    """Whoever may not read roles reads no catalogue, and a denied adoption is on the record."""
    nobody = await running.person("Nobody", roles=[await running.role("Nothing")], teams=[])
    reader = await running.person("Reader", roles=[await running.role("Reader", "role:read:*")], teams=[])
    await put_file(running)
    for path in ("/admin/catalogues", PLACE, "/admin/catalogues/pactflow"):
        assert (403, 200) == ((await nobody.get(path)).status, (await reader.get(path)).status), path
    assert 403 == (await reader.put("/admin/catalogues/records", RECORDS)).status
    assert 403 == (await reader.ask("DELETE", PLACE)).status
    (denied,) = (await running.admin.get("/audit?kind=attempt.denied&sort=timestamp")).json["events"]
    assert "adopt_own_catalogue" in str(denied)


async def test_the_trail_tells_adoptions_in_words(running: Running) -> None:
    """Who adopted, replaced and withdrew which number stands in the trail, found by its kind."""
    await put_file(running, **{"Muniment-Reason": "The to-do application goes live"})
    await put_file(running, TODO.replace("number = 1", "number = 2"))
    await running.admin.ask("DELETE", PLACE)
    events = (await running.admin.get("/audit?kind=own_catalogue.*&sort=timestamp")).json["events"]
    assert ["own_catalogue.adopted", "own_catalogue.adopted", "own_catalogue.withdrawn"] == [
        one["kind"] for one in events
    ]
    assert "The to-do application goes live" == events[0]["reason"]
    for one, said in zip(events, ("todo 1", "todo 1 by 2", "todo 2"), strict=True):
        assert said in one["sentence"]
