"""Section 3.9: preferences, the account's and one's own."""

from typing import Any

import pytest

from service.catalogue.compiled import CI_CD, DEFAULT_TEAM
from tests.given import VIEWER
from tests.service import Running

VALUES: dict[str, tuple[object, object]] = {
    "tokenExpiry": (None, {"value": 90, "period": "days"}),
    "announcementBanner": (None, "Maintenance on Sunday"),
    "staticBanner": (None, "Test system"),
    "defaultRole": (None, VIEWER),
    "defaultTeam": (None, DEFAULT_TEAM),
    "operationalContacts": ([], ["ops@example.org"]),
    "consolidateLoginsByEmail": (False, True),
    "aiEnabled": (True, False),
}
"""Each preference of the account: what it holds at first, and another value for it."""


@pytest.mark.parametrize("name", sorted(VALUES))
async def test_a_preference_is_read_by_anybody_and_changed_by_few(running: Running, name: str) -> None:
    """Section 3.9: any logged-in user reads it, a read-only token suffices; an Administrator changes it, a User not."""
    before, after = VALUES[name]
    place = f"/preferences/system/{name}"
    nothing = await running.person("Nina", roles=[await running.role("Nothing")], teams=[])
    user = await running.person("Sally")
    for client in (nothing, nothing.read_only(), user):
        answer = await client.get(place)
        assert (200, name, before) == (answer.status, answer.json["name"], answer.json["value"])
    assert [403, 403] == [(await client.put(place, {"value": after})).status for client in (nothing, user)]
    changed = await running.admin.put(place, {"value": after})
    assert (200, after) == (changed.status, changed.json["value"])
    assert after == (await nothing.get(place)).json["value"]


@pytest.mark.parametrize("name", sorted(set(VALUES) - {"defaultRole", "defaultTeam"}), ids=lambda name: name)
async def test_changing_takes_one_scope(running: Running, name: str) -> None:
    """Section 3.9: system_preference:manage:* alone changes a preference."""
    max_ = await running.person("Max", roles=[await running.role("Prefers", "system_preference:manage:*")])
    assert 200 == (await max_.put(f"/preferences/system/{name}", {"value": VALUES[name][1]})).status


async def test_the_default_role_is_what_new_people_get(running: Running) -> None:
    """Sections 2, 3.1 and 3.9, seeds 001 and 004: new people get the preferred role, accounts CI/CD as before."""
    assert 200 == (await running.admin.put("/preferences/system/defaultRole", {"value": VIEWER})).status
    sally, robot = await running.person("Sally"), await running.system_account("robot")
    held = [
        [one["uuid"] for one in (await running.admin.get(f"/admin/users/{who.id}")).json["roles"]]
        for who in (sally, robot)
    ]
    assert [[VIEWER], [CI_CD]] == held


async def test_the_default_team_is_what_newcomers_join(running: Running) -> None:
    """Section 3.9 and section 3.2: people, system accounts and applications; a deleted team is no error."""
    team = await running.team("Newcomers")
    assert 200 == (await running.admin.put("/preferences/system/defaultTeam", {"value": team})).status

    async def joined(name: str) -> list[list[str]]:
        sally, robot = await running.person(f"P {name}"), await running.system_account(f"R {name}")
        await running.admin.post("/pacticipants", {"name": name})
        teams = (await running.admin.get("/admin/teams")).json["teams"]
        found: dict[str, list[str]] = {"person": [], "account": [], "application": []}
        for one in teams:
            held = (await running.admin.get(f"/admin/teams/{one['uuid']}")).json["_embedded"]
            members = [member["uuid"] for member in held["members"]]
            found["person"] += [one["name"]] if sally.id in members else []
            found["account"] += [one["name"]] if robot.id in members else []
            found["application"] += [one["name"]] if name in [a["name"] for a in held["pacticipants"]] else []
        return list(found.values())

    assert [["Newcomers"]] * 3 == await joined("Foo")
    assert 204 == (await running.admin.delete(f"/admin/teams/{team}")).status
    assert [["Default"]] * 3 == await joined("Bar")


async def test_ai_can_be_switched_off(running: Running) -> None:
    """Section 3.9 and section 1.2, rule 7: without the preference no AI scope gives anything; the denial says so."""
    sally = await running.person("Sally")

    async def generates() -> Any:
        body = {
            "subject": {"type": "user", "id": sally.id},
            "action": {"name": "ai:generation:code"},
            "resource": {"type": "ai", "id": "generation"},
        }
        return (await running.admin.post("/access/v1/evaluation", body)).json

    assert (await generates())["decision"]
    assert 200 == (await running.admin.put("/preferences/system/aiEnabled", {"value": False})).status
    assert not (await generates())["decision"]


@pytest.mark.parametrize("name", ["tokenExpiryAlert", "defaultTeamView"])
async def test_ones_own_preferences(running: Running, name: str) -> None:
    """Section 3.9 and seed 002: everybody has their own, changed without any permission, and by nobody else."""
    team = await running.team("A")
    nothing = await running.role("Nothing")
    sally = await running.person("Sally", roles=[nothing], teams=[team])
    billy = await running.person("Billy", roles=[nothing], teams=[team])
    before, after = {"tokenExpiryAlert": (True, False), "defaultTeamView": (None, team)}[name]
    place = f"/preferences/current-user/{name}"
    assert before == (await sally.get(place)).json["value"]
    assert 200 == (await sally.put(place, {"value": after})).status
    assert (after, before) == ((await sally.get(place)).json["value"], (await billy.get(place)).json["value"])
