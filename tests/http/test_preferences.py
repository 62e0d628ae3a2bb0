"""Preferences over HTTP: sections 3.9 and 4.5 of the vendor's rules, seed 002."""

from typing import Any

from service.catalogue.compiled import ADMINISTRATOR, DEFAULT_TEAM
from tests.given import VIEWER
from tests.http.test_bad_input import require_refusal
from tests.service import BASE_URL, Running

NAMES = (
    "tokenExpiry",
    "announcementBanner",
    "staticBanner",
    "defaultRole",
    "defaultTeam",
    "operationalContacts",
    "consolidateLoginsByEmail",
    "aiEnabled",
)


def items(answer: Any) -> dict[str, Any]:
    """The items of a list by their names."""
    return {item["name"]: item for item in answer.json["_embedded"]["preferences"]}


async def test_everybody_who_is_logged_in_reads_every_preference(running: Running) -> None:
    """Section 3.9: visible with its default when nobody set it; the names and types are fixed (open point 9)."""
    nina = await running.person("Nina", roles=[await running.role("Nothing")], teams=[])
    listed = await nina.get("/preferences/system")
    assert 200 == listed.status
    assert list(NAMES) == list(items(listed))
    assert {"expiry", "text", "role", "team", "emails", "boolean"} == {
        one["type"] for one in items(listed).values()
    }
    for name, item in items(listed).items():
        one = await nina.get(item["_links"]["self"]["href"])
        assert (200, item) == (one.status, one.json)
        assert "application/hal+json;charset=utf-8" == one.headers["Content-Type"]
        assert f"{BASE_URL}/preferences/system/{name}" == item["_links"]["self"]["href"]
        assert "changedAt" not in item
    values = {name: item["value"] for name, item in items(listed).items()}
    nothing = dict.fromkeys(NAMES)
    assert {
        **nothing,
        "operationalContacts": [],
        "consolidateLoginsByEmail": False,
        "aiEnabled": True,
    } == values
    require_refusal(await nina.get("/preferences/system/nothing"), 404)
    require_refusal(await running.nobody.get("/preferences/system"), 401)
    require_refusal(await nina.put("/preferences/system/aiEnabled", {"value": False}), 403)


async def test_a_preference_is_changed_and_read_as_it_was(running: Running) -> None:
    """PUT answers with the item; `as_of` shows what it was; the ETag is its own, a stale one is 412."""
    path, admin = "/preferences/system/tokenExpiry", running.admin
    before = await admin.get(path)
    changed = await admin.put(path, {"value": {"value": 3, "period": "months"}})
    assert (200, {"value": 3, "period": "months"}) == (changed.status, changed.json["value"])
    assert "changedAt" in changed.json
    stale = await admin.ask("PUT", path, json={"value": None}, headers={"If-Match": before.headers["ETag"]})
    require_refusal(stale, 412)
    fresh = await admin.ask("PUT", path, json={"value": None}, headers={"If-Match": changed.headers["ETag"]})
    assert (200, None) == (fresh.status, fresh.json["value"])
    then = await admin.get(f"{path}?as_of={changed.position}")
    assert (changed.json, changed.position) == (then.json, then.position)
    found = await admin.get("/audit?kind=preference.*&touches=system_preference:tokenExpiry")
    assert ["preference.changed"] * 2 == [event["kind"] for event in found.json["events"]]
    assert [{"value": 3, "period": "months"}, None] == [
        change["after"] for event in found.json["events"] for change in event["changes"]
    ]


async def test_several_are_changed_at_once_or_none(running: Running) -> None:
    """One order: a fault in one, told with its pointer, leaves all as they were."""
    path, admin = "/preferences/system", running.admin
    body = {
        "preferences": [
            {"name": "staticBanner", "value": "Hello\nthere"},
            {"name": "operationalContacts", "value": ["ops@example.org"]},
        ]
    }
    changed = await admin.put(path, body)
    assert 200 == changed.status
    assert ("Hello\nthere", ["ops@example.org"]) == (
        items(changed)["staticBanner"]["value"],
        items(changed)["operationalContacts"]["value"],
    )
    assert 200 == (await admin.put(path, changed.json)).status  # sent back as it was read, it changes nothing
    assert changed.position == running.position
    for fault, pointer in (
        ({"name": "aiEnabled", "value": "no"}, "#/preferences/1/value"),
        ({"name": "aiEnabled"}, "#/preferences/1/value"),
        ({"name": "nothing", "value": 1}, "#/preferences/1/name"),
        ({"name": "staticBanner", "value": "x"}, "#/preferences/1/name"),
        ({"value": "x"}, "#/preferences/1/name"),
    ):
        refused = await admin.ask(
            "PUT",
            path,
            json={"preferences": [{"name": "staticBanner", "value": None}, fault]},
            headers={"Accept": "application/problem+json"},
        )
        assert (400, pointer) == (refused.status, refused.json["errors"][0]["pointer"]), refused.text
    require_refusal(await admin.put(path, {}), 400)
    require_refusal(await admin.put(f"{path}/staticBanner", {}), 400)
    require_refusal(await admin.put(f"{path}/nothing", {"value": 1}), 404)
    assert "Hello\nthere" == items(await admin.get(path))["staticBanner"]["value"]


async def test_what_newcomers_are_given_follows_and_survives_a_deletion(running: Running) -> None:
    """Release 1.14.0: a preference that points at something deleted is no error; the item says what holds instead."""
    admin = running.admin
    team = await running.team("A")
    await running.team("B")
    for name, value in (("defaultRole", VIEWER), ("defaultTeam", team)):
        assert 200 == (await admin.put(f"/preferences/system/{name}", {"value": value})).status
    sally = await running.person("Sally")
    document = (await admin.get(f"/admin/users/{sally.id}")).json
    assert ([VIEWER], [team]) == (
        [one["uuid"] for one in document["roles"]],
        [one["uuid"] for one in document["_embedded"]["teams"]],
    )
    assert 204 == (await admin.delete(f"/admin/teams/{team}")).status
    item = (await admin.get("/preferences/system/defaultTeam")).json
    assert item["value"] is None
    assert "joins Default" in item["note"]
    billy = (await admin.get(f"/admin/users/{(await running.person('Billy')).id}")).json
    assert [DEFAULT_TEAM] == [one["uuid"] for one in billy["_embedded"]["teams"]]
    refused = await admin.put("/preferences/system/defaultRole", {"value": ADMINISTRATOR})
    require_refusal(refused, 422)
    assert "Administrator" in refused.text


async def test_ones_own_preferences_are_ones_own(running: Running) -> None:
    """Seed 002: a default team view; with a read/write token, and no permission at all."""
    nina = await running.person("Nina", roles=[await running.role("Nothing")], teams=[])
    team = await running.team("A")
    path = "/preferences/current-user"
    assert {"defaultTeamView": None, "tokenExpiryAlert": True} == {
        name: item["value"] for name, item in items(await nina.get(path)).items()
    }
    require_refusal(await nina.put(f"{path}/defaultTeamView", {"value": team}), 400)
    assert 200 == (await running.admin.post(f"/admin/teams/{team}/users", {"users": [nina.id]})).status
    changed = await nina.put(f"{path}/defaultTeamView", {"value": team})
    assert (200, team) == (changed.status, changed.json["value"])
    several = await nina.put(path, {"preferences": [{"name": "tokenExpiryAlert", "value": False}]})
    assert (200, False) == (several.status, items(several)["tokenExpiryAlert"]["value"])
    require_refusal(await nina.read_only().put(f"{path}/tokenExpiryAlert", {"value": True}), 403)
    assert items(await nina.get(path)) == items(await nina.read_only().get(path))
    assert items(await running.admin.get(path))["defaultTeamView"]["value"] is None
    assert 204 == (await running.admin.delete(f"/admin/teams/{team}/users/{nina.id}")).status
    item = (await nina.get(f"{path}/defaultTeamView")).json
    assert (None, True) == (item["value"], "member" in item["note"])
    require_refusal(await nina.get(f"{path}/aiEnabled"), 404)
