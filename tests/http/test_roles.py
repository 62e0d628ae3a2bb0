"""Roles and permissions over HTTP, in the shapes that clients of the platform know (section 4.4)."""

from datetime import timedelta
from pathlib import Path

import pytest

from service.queries import moments
from tests import given, postgres, service
from tests.http.test_bad_input import require_refusal
from tests.service import BASE_URL, Running

ADMINISTRATOR = "cf75d7c2-416b-11ea-af5e-53c3b1a4efd8"
USER = "e9282e22-416b-11ea-a16e-57ee1bb61d18"
CI_CD = "c1878b8e-d09e-11ea-8fde-af02c4677eb7"
GUEST = "d6938de2-e37c-11eb-b80e-3f68328092ca"
TEAM_ADMINISTRATOR = "d635f960-88f2-4f13-8043-4641a02dffa0"


async def test_a_role_is_made_read_changed_and_deleted(running: Running) -> None:
    """The life of a custom role, each answer with its links, its times and its version."""
    body = {
        "name": "Rotator",
        "description": "Rotates secrets",
        "permissions": [{"scope": "secret:manage:team", "label": "ignored", "uuid": 17}],
        "unknown": {"ignored": True},
    }
    made = await running.admin.post("/admin/roles", body)
    assert 201 == made.status, made.text
    place = f"{BASE_URL}/admin/roles/{made.json['uuid']}"
    assert place == made.headers["Location"]
    assert place == made.json["_links"]["self"]["href"]
    assert (False, "Rotates secrets") == (made.json["systemDefined"], made.json["description"])
    assert ["secret:manage:team"] == [one["scope"] for one in made.json["permissions"]]
    assert {"update", "delete"} == {one["name"] for one in made.json["_actions"]}
    assert "updatedAt" not in made.json
    assert "application/hal+json;charset=utf-8" == made.headers["Content-Type"]

    read = await running.admin.get(place)
    assert (200, made.json) == (read.status, read.json)
    changed = await running.admin.put(
        place, {"name": "Rotators", "permissions": [{"scope": "secret:manage:*"}]}
    )
    assert 200 == changed.status
    assert ("Rotators", "Rotates secrets") == (changed.json["name"], changed.json["description"])
    assert changed.position == running.position
    assert 204 == (await running.admin.delete(place)).status
    require_refusal(await running.admin.get(place), 404)


async def test_a_role_is_shown_as_it_was(running: Running) -> None:
    """`as_of` takes a position, a time or an event's id; a deleted role is still readable where it lived."""
    made = await running.admin.post("/admin/roles", {"name": "First", "permissions": []})
    place = f"/admin/roles/{made.json['uuid']}"
    await running.admin.put(place, {"name": "Second", "permissions": []})
    await running.admin.delete(place)
    then = await running.admin.get(f"{place}?as_of={made.position}")
    assert (200, "First", made.position) == (then.status, then.json["name"], then.position)
    later = await running.admin.get(f"{place}?as_of={made.position + 1}")
    assert "Second" == later.json["name"]
    require_refusal(await running.admin.get(f"{place}?as_of={made.position - 1}"), 404)
    async with running.app.reader.connection() as connection:
        event = await connection.fetchval("select event_id::text from log where position = $1", made.position)
    by_event = await running.admin.get(f"{place}?as_of={event}")
    assert "First" == by_event.json["name"]


async def test_a_recent_time_is_not_settled(running: Running) -> None:
    """A time so recent that a commit in flight could still precede it says so."""
    head = running.app.replica.head
    assert head is not None
    answer = await running.admin.get(f"/admin/roles?as_of={head.recorded_at.isoformat().replace('+', '%2B')}")
    assert (200, "false") == (answer.status, answer.headers["Muniment-Settled"])


async def test_a_time_since_the_database_was_last_heard_of_is_not_settled(running: Running) -> None:
    """What another replica recorded while the database was away may precede it, however long ago it is by now."""
    now = running.app.replica.now().instant
    asked = (now - timedelta(seconds=100)).isoformat()
    heard, away = [
        await moments.view_of(running.app.reader, running.app.replica, asked, age_seconds=age)
        for age in (0.0, 90.0)
    ]
    assert (True, False) == (heard.settled, away.settled)


async def test_a_position_can_be_waited_for(running: Running) -> None:
    """`at_least` answers from no earlier position; what is no position is refused."""
    answer = await running.admin.get(f"/admin/roles?at_least={running.position}")
    assert (200, running.position) == (answer.status, answer.position)
    require_refusal(await running.admin.get("/admin/roles?at_least=soon"), 400)


async def test_every_role_is_listed_in_pages(running: Running) -> None:
    """Without parameters everything; with them pages that neither miss nor repeat, and links that lead on."""
    everything = (await running.admin.get("/admin/roles")).json
    assert "page" not in everything
    wanted = [role["uuid"] for role in everything["_embedded"]["roles"]]
    assert {ADMINISTRATOR, USER, CI_CD} <= set(wanted)
    found, address = [], "/admin/roles?size=4&x=a%26b"
    while address:
        page = (await running.admin.get(address)).json
        assert (4, len(wanted)) == (page["page"]["size"], page["page"]["totalElements"])
        found += [role["uuid"] for role in page["_embedded"]["roles"]]
        address = page["_links"].get("next", {}).get("href", "")
        assert not address or "x=a%26b" in address
    assert wanted == found
    legacy = (await running.admin.get("/admin/roles?pageNumber=2&pageSize=4")).json
    assert wanted[4:8] == [role["uuid"] for role in legacy["_embedded"]["roles"]]
    assert "Previous page" == legacy["_links"]["previous"]["title"]


async def test_predefined_and_locked_roles_are_protected(running: Running) -> None:
    """A predefined role cannot be deleted, a locked one not changed either (seed 001); both say why."""
    kept = await running.admin.delete(f"/admin/roles/{ADMINISTRATOR}")
    assert 403 == kept.status
    assert "may not be deleted" in kept.json["errors"][0]
    refused = await running.admin.ask(
        "PUT",
        f"/admin/roles/{GUEST}",
        body=b'{"name": "Guests", "permissions": []}',
        headers={"Accept": "application/problem+json"},
    )
    assert (403, "role_locked") == (refused.status, refused.json["reason"])
    shown = (await running.admin.get(f"/admin/roles/{GUEST}")).json
    assert (True, []) == (shown["locked"], shown["_actions"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"permissions": []}, "name"),
        ({"name": "", "permissions": []}, "name"),
        ({"name": "x" * 256, "permissions": []}, "name"),
        ({"name": "x"}, "permissions"),
        ({"name": "x", "permissions": {}}, "permissions"),
        ({"name": "x", "permissions": ["secret:manage:*"]}, "permissions.0"),
        ({"name": "x", "permissions": [{}]}, "permissions.0.scope"),
        ({"name": "x", "permissions": [{"scope": "role:view:*"}]}, "permissions.0.scope"),
        ({"name": "x", "permissions": [{"scope": f"team:manage:{USER}"}]}, "permissions.0.scope"),
        ({"name": "x", "permissions": [{"scope": "user:manage_scim_attributes:*"}]}, "permissions.0.scope"),
    ],
)
async def test_a_role_that_makes_no_sense_is_refused_with_its_place(
    running: Running, body: object, field: str
) -> None:
    """400 with the field, and no role comes of it."""
    before = running.position
    answer = await running.admin.post("/admin/roles", body)
    require_refusal(answer, 400)
    assert [field] == list(answer.json["errors"])
    assert before == running.position


async def test_a_name_is_given_once(running: Running) -> None:
    """A second role of the same name is 409; keeping one's own name is none."""
    role = await running.role("Rotator")
    require_refusal(await running.admin.post("/admin/roles", {"name": "Rotator", "permissions": []}), 409)
    before = running.position
    kept = await running.admin.put(f"/admin/roles/{role}", {"name": "Rotator", "permissions": []})
    assert (200, before) == (kept.status, running.position)


async def test_scopes_come_back_as_they_were_spelt(running: Running) -> None:
    """Terraform compares scopes as text: an alias is kept, its meaning is the canonical one's."""
    role = await running.role("Aliased", "environment:read:team*", "user:invite:*")
    shown = (await running.admin.get(f"/admin/roles/{role}")).json["permissions"]
    assert ["environment:read:team*", "user:invite:*"] == [one["scope"] for one in shown]
    every = (await running.admin.get("/admin/permissions")).json["permissions"]
    canonical = next(one for one in every if one["scope"] == "user:invite")
    assert canonical["uuid"] == shown[1]["uuid"]
    assert {"uuid", "scope", "label", "group", "description", "name"} == set(canonical)


async def test_predefined_roles_are_reset_over_http(running: Running) -> None:
    """Seeds 001 and 004: POST to `pf:reset`, with no body or an empty one, is 200 with every role as it is then."""
    whole = (await running.admin.get("/admin/roles")).json
    href = whole["_links"]["pf:reset"]["href"]
    assert f"{BASE_URL}/admin/roles/reset" == href
    assert [("create", "POST"), ("reset", "POST")] == [
        (one["name"], one["method"]) for one in whole["_actions"]
    ]
    assert href == whole["_actions"][1]["href"]
    body = {"name": "Users", "description": "x", "permissions": [{"scope": "role:read:*"}]}
    assert 200 == (await running.admin.put(f"/admin/roles/{USER}", body)).status
    custom = await running.role("Keeper", "role:read:*")
    before = running.position
    answer = await running.admin.post("/admin/roles/reset")
    assert (200, before + 1) == (answer.status, running.position)
    listed = {one["uuid"]: one for one in answer.json["_embedded"]["roles"]}
    assert {one["uuid"] for one in whole["_embedded"]["roles"]} | {custom} == set(listed)
    expected = next(one for one in whole["_embedded"]["roles"] if one["uuid"] == USER)
    assert (expected["name"], expected["permissions"]) == (listed[USER]["name"], listed[USER]["permissions"])
    assert {"self", "pf:reset"} == set(answer.json["_links"])
    again = await running.admin.post("/admin/roles/reset", {})
    assert (200, before + 1) == (again.status, running.position)
    told = (await running.admin.get("/audit?sort=-timestamp&type=role.reset")).json["events"]
    assert 1 == len(told)
    assert "reset the predefined role Users" in told[0]["sentence"]


async def test_the_setting_of_role_names_counts_at_the_opening_and_at_a_reset(
    database: postgres.Database, tmp_path: Path
) -> None:
    """Section 1.3 Q5: it is read when roles are made or reset; a start under another one changes no stored role."""

    async def names(running: Running) -> tuple[str, str]:
        roles = (await running.admin.get("/admin/roles")).json["_embedded"]["roles"]
        named = {role["uuid"]: role["name"] for role in roles}
        return named[given.VIEWER], named[GUEST]

    async with service.running(database, tmp_path, MUNIMENT_ROLE_NAMES="2025") as running:
        assert ("Read-Only", "Viewer") == await names(running)
        rights = [
            one["scope"] for one in (await running.admin.get(f"/admin/roles/{GUEST}")).json["permissions"]
        ]
        assert ["contract_data:read:*", "team:read:*", "user:read:*"] == rights
        before = running.position
    async with service.running(database, tmp_path) as running:
        assert before == running.position
        assert ("Read-Only", "Viewer") == await names(running)
        assert 200 == (await running.admin.post("/admin/roles/reset")).status
        assert ("Viewer", "Guest") == await names(running)
        assert before + 2 == running.position


async def test_only_who_may_reset_is_shown_how(running: Running) -> None:
    """Section 2: `pf:reset` stands on the list only for whoever has `role:manage:*`, with a token that may write."""
    sally = await running.person("Sally")
    shown = (await sally.get("/admin/roles")).json
    assert "pf:reset" not in shown["_links"]
    assert "_actions" not in shown
    require_refusal(await sally.post("/admin/roles/reset"), 403)
    keeper = await running.person("Keeper", roles=[await running.role("Keeper", "role:manage:*")])
    assert "pf:reset" in (await keeper.get("/admin/roles")).json["_links"]
    looking = keeper.read_only()
    assert "pf:reset" not in (await looking.get("/admin/roles")).json["_links"]
    require_refusal(await looking.post("/admin/roles/reset"), 403)


async def test_a_reset_that_would_double_a_name_is_a_conflict(running: Running) -> None:
    """409 in words that name the custom role, and nothing is recorded."""
    await running.admin.put(f"/admin/roles/{CI_CD}", {"name": "Robots", "permissions": []})
    await running.role("CI/CD")
    before = running.position
    answer = await running.admin.post("/admin/roles/reset")
    require_refusal(answer, 409)
    assert "'CI/CD'" in answer.text
    assert before == running.position


async def test_roles_show_their_flags(running: Running) -> None:
    """Section 2's columns, by role id: what is locked, goes to nobody, has no access to the API, or takes no seat."""
    shown = {one["uuid"]: one for one in (await running.admin.get("/admin/roles")).json["_embedded"]["roles"]}
    flags = ("systemDefined", "deletable", "locked", "assignable", "apiAccess", "takesSeat", "readsOwnToken")
    expected = {
        ADMINISTRATOR: (True, False, False, True, True, True, False),
        GUEST: (True, False, True, True, False, True, False),
        TEAM_ADMINISTRATOR: (True, False, True, False, True, True, False),
        given.SWAGGERHUB: (True, False, True, True, True, True, True),
        given.ORGANIZATION_ADMINISTRATOR: (True, False, True, False, False, False, False),
    }
    assert expected == {role: tuple(shown[role][flag] for flag in flags) for role in expected}
    assert not any(one["deletable"] for one in shown.values())
    custom = (await running.admin.get(f"/admin/roles/{await running.role('Keeper')}")).json
    assert (False, True, False, True, True, True, False) == tuple(custom[flag] for flag in flags)


async def test_a_holder_of_swaggerhub_fetches_its_own_read_only_token_and_no_more(running: Running) -> None:
    """Seed 001 and section 1.3 Q8: no scope of the role gives it; it cannot make one anew, nor see the other one."""
    hub = await running.person("Hub", roles=[given.SWAGGERHUB])
    listed = await hub.get("/settings/tokens")
    assert 200 == listed.status
    (token,) = listed.json["_embedded"]["items"]
    assert token["readOnly"]
    assert hub.id == (await running.client(token["value"]).get("/user")).json["uuid"]
    assert ["self"] == list(token["_links"])
    assert 200 == (await hub.get(f"/settings/tokens/{token['uuid']}")).status
    require_refusal(await hub.post(f"/settings/tokens/{token['uuid']}/regenerate"), 403)
    own = running.app.replica.now().principal(hub.id).tokens
    (other,) = [one for one in own if one != token["uuid"]]
    require_refusal(await hub.get(f"/settings/tokens/{other}"), 403)
    robot = await running.system_account("Robot")
    require_refusal(await robot.get("/settings/tokens"), 403)


async def test_what_a_role_may_hold_is_listed(running: Running) -> None:
    """Section 4.5: the array stands at the top, 40 permissions of the vendor's and ten of our own."""
    answer = (await running.admin.get("/admin/permissions")).json
    assert {"permissions", "_links"} == set(answer)
    scopes = [one["scope"] for one in answer["permissions"]]
    assert 40 == len([scope for scope in scopes if not scope.startswith(("audit:", "access:", "resource:"))])
    assert 50 == len(set(scopes))
    assert all(one["label"] == one["name"] and one["group"] for one in answer["permissions"])
    assert 50 == len({one["uuid"] for one in answer["permissions"]})
    bound = {one["scope"]: one["onlyRole"] for one in answer["permissions"] if "onlyRole" in one}
    assert {"team:manage:{uuid}": TEAM_ADMINISTRATOR, "user:manage_scim_attributes:*": given.SCIM} == bound


async def test_who_holds_a_role(running: Running) -> None:
    """Holders, Team Administrator's included, which nobody is ever given."""
    sally = await running.person("Sally")
    await running.team("A", administratorUuids=[sally.id])
    for role in (USER, TEAM_ADMINISTRATOR):
        users = (await running.admin.get(f"/admin/roles/{role}/users")).json["_embedded"]["users"]
        assert sally.id in [one["uuid"] for one in users]


async def test_a_reason_and_a_ticket_go_into_the_record(running: Running) -> None:
    """From the header or from the body; the record holds the reason sealed, and the ticket as it is."""
    headers = {"Muniment-Reason": "Quarterly review", "Muniment-Ticket": "OPS-17"}
    await running.admin.post("/admin/roles", {"name": "x", "permissions": []}, headers=headers)
    await running.admin.post("/admin/roles", {"name": "y", "permissions": [], "reason": "On request"})
    async with running.app.reader.connection() as connection:
        rows = await connection.fetch("select entry from log order by position desc limit 2")
    second, first = (row["entry"] for row in rows)
    assert '"ticket":"OPS-17"' in first
    assert '"reason":{' in first
    assert '"reason":{' in second
    assert "Quarterly" not in first
    assert "request" not in second.replace('"request":', "")
