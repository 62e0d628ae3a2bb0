"""Users, system accounts, invitations and tokens over HTTP."""

import pytest

from service.http.edge import iso
from tests.http.test_bad_input import MISSING, require_refusal
from tests.http.test_roles import ADMINISTRATOR, CI_CD, TEAM_ADMINISTRATOR, USER
from tests.service import BASE_URL, Running


async def test_a_person_is_invited_and_redeems_the_code(running: Running) -> None:
    """The one-time code yields both tokens, once; until then nobody can act as the person."""
    body = {"name": "Sally", "email": "Sally@example.org", "active": True, "type": 0, "_embedded": {}}
    invited = await running.admin.post("/admin/users/invite-user", body)
    assert 200 == invited.status, invited.text
    assert ("Sally@example.org", 0, True) == tuple(
        invited.json[field] for field in ("email", "type", "active")
    )
    invitation = invited.json["invitation"]
    assert f"{BASE_URL}/invitations/redeem" == invitation["redeem"]
    assert [USER] == [role["uuid"] for role in invited.json["_embedded"]["roles"]]
    redeemed = await running.nobody.post(invitation["redeem"], {"code": invitation["code"].lower()})
    assert 200 == redeemed.status, redeemed.text
    items = redeemed.json["_embedded"]["items"]
    assert [True, False] == [item["readOnly"] for item in items]
    assert "Read/write token (CI)" == items[1]["description"]
    assert "Sally" == (await running.client(items[1]["value"]).get("/user")).json["name"]
    require_refusal(await running.nobody.post("/invitations/redeem", {"code": invitation["code"]}), 401)


async def test_inviting_again_is_harmless(running: Running) -> None:
    """The same person, whatever the address' case; a new code replaces the old one, until one was redeemed."""
    body = {"name": "Sally", "email": "sally@example.org", "active": True}
    first = (await running.admin.post("/admin/users/invite-user", body)).json
    second = (
        await running.admin.post("/admin/users/invite-user", {**body, "email": "SALLY@example.org"})
    ).json
    assert first["uuid"] == second["uuid"]
    require_refusal(
        await running.nobody.post("/invitations/redeem", {"code": first["invitation"]["code"]}), 401
    )
    assert (
        200
        == (await running.nobody.post("/invitations/redeem", {"code": second["invitation"]["code"]})).status
    )
    before = running.position
    third = await running.admin.post("/admin/users/invite-user", body)
    assert (200, False, before) == (third.status, "invitation" in third.json, running.position)


async def test_inviting_is_no_way_to_learn_about_somebody(running: Running) -> None:
    """Who may only invite learns of somebody here already no more than that there is an account."""
    inviter = await running.person("Ivo", roles=[await running.role("Invites", "user:invite")], teams=[])
    await running.person("Sally")
    answer = await inviter.post(
        "/admin/users/invite-user", {"name": "S", "email": "sally@example.org", "active": True}
    )
    assert 200 == answer.status
    assert not {"invitation", "roles", "_embedded", "firstName"} & set(answer.json)
    fresh = await inviter.post(
        "/admin/users/invite-user", {"name": "Ned", "email": "ned@example.org", "active": True}
    )
    assert {"code", "expiresAt", "redeem"} == set(fresh.json["invitation"])


async def test_several_are_invited_or_none(running: Running) -> None:
    """All are checked before the first is invited; a repeat under the same key invites nobody twice."""
    people = [{"name": name, "email": f"{name}@example.org"} for name in ("ann", "bob", "cid")]
    before = running.position
    bad = await running.admin.post(
        "/admin/users/invite-users", {"users": [*people, {"name": "x", "email": "no"}]}
    )
    require_refusal(bad, 400)
    assert ["users.3.email"] == list(bad.json["errors"])
    assert before == running.position
    headers = {"Idempotency-Key": "three"}
    made = await running.admin.post("/admin/users/invite-users", {"users": people}, headers=headers)
    assert ["ann", "bob", "cid"] == [user["name"] for user in made.json["users"]]
    position = running.position
    again = await running.admin.post("/admin/users/invite-users", {"users": people}, headers=headers)
    assert [user["uuid"] for user in made.json["users"]] == [user["uuid"] for user in again.json["users"]]
    assert position == running.position


async def test_a_user_is_made_changed_disabled_and_deleted(running: Running) -> None:
    """The life of a user; a part of the fields is enough, and 410 says that there was one."""
    made = await running.admin.post(
        "/admin/users", {"name": "Sally", "email": "sally@example.org", "firstName": "Sal", "lastName": "Ly"}
    )
    assert 201 == made.status, made.text
    place = made.headers["Location"].removeprefix(BASE_URL)
    assert f"/admin/users/{made.json['uuid']}" == place
    changed = await running.admin.put(place, {**made.json, "name": "Sally Brown", "lastName": None})
    assert 200 == changed.status, changed.text
    assert ("Sally Brown", "Sal", False) == (
        changed.json["name"],
        changed.json["firstName"],
        "lastName" in changed.json,
    )
    disabled = await running.admin.put(place, {"active": False})
    assert (False, "sally@example.org") == (disabled.json["active"], disabled.json["email"])
    assert 204 == (await running.admin.delete(place)).status
    require_refusal(await running.admin.get(place), 410)
    require_refusal(await running.admin.put(place, {"active": True}), 404)
    then = await running.admin.get(f"{place}?as_of={changed.position}")
    assert (200, "Sally Brown") == (then.status, then.json["name"])


async def test_roles_are_replaced_added_and_removed(running: Running) -> None:
    """204 for each form; the older way answers with the user; what only the system gives is left alone."""
    sally = await running.person("Sally")
    await running.team("A", administratorUuids=[sally.id])
    role = await running.role("Rotator")
    place = f"/admin/users/{sally.id}/roles"

    async def held() -> set[str]:
        roles = (await running.admin.get(f"/admin/users/{sally.id}")).json["_embedded"]["roles"]
        return {one["uuid"] for one in roles}

    assert 204 == (await running.admin.put(place, {"roles": [role, TEAM_ADMINISTRATOR]})).status
    assert {role, TEAM_ADMINISTRATOR} == await held()
    assert 204 == (await running.admin.put(f"{place}/{USER}", {})).status
    assert {role, USER, TEAM_ADMINISTRATOR} == await held()
    assert role == (await running.admin.get(f"{place}/{role}")).json["uuid"]
    assert 204 == (await running.admin.delete(f"{place}/{role}")).status
    require_refusal(await running.admin.get(f"{place}/{role}"), 404)
    legacy = await running.admin.put(f"/admin/users/{sally.id}/role/admin", {"name": "ignored"})
    assert (200, sally.id) == (legacy.status, legacy.json["uuid"])
    assert ADMINISTRATOR in await held()
    assert 200 == (await running.admin.delete(f"/admin/users/{sally.id}/role/admin", {"x": 1})).status
    assert 204 == (await running.admin.put(place, {"roles": []})).status
    assert {TEAM_ADMINISTRATOR} == await held()


@pytest.mark.parametrize("roles", [[MISSING], ["x"], [17], "x", None, [TEAM_ADMINISTRATOR]])
async def test_a_role_that_cannot_be_given_is_refused(running: Running, roles: object) -> None:
    """Unknown, malformed, or given by the system alone: 400, and nothing changes."""
    sally = await running.person("Sally")
    before = running.position
    require_refusal(await running.admin.put(f"/admin/users/{sally.id}/roles", {"roles": roles}), 400)
    assert before == running.position


async def test_nobody_changes_their_own_roles(running: Running) -> None:
    """Not even an administrator, by any form (section 3.1)."""
    me = (await running.admin.get("/user")).json["uuid"]
    require_refusal(await running.admin.put(f"/admin/users/{me}/roles", {"roles": [USER]}), 403)
    require_refusal(await running.admin.delete(f"/admin/users/{me}/role/admin"), 403)


async def test_the_last_way_back_is_not_taken(running: Running) -> None:
    """Disabling or deleting the only administrator is refused with a sentence that says what to do."""
    me = (await running.admin.get("/user")).json["uuid"]
    refused = await running.admin.put(f"/admin/users/{me}", {"active": False})
    require_refusal(refused, 422)
    assert "break-glass" in refused.text
    require_refusal(await running.admin.delete(f"/admin/users/{me}"), 422)


async def test_users_are_listed_and_filtered(running: Running) -> None:
    """By a part of the name or address, by state and by kind; in pages."""
    sally, bot = await running.person("Sally"), await running.system_account("bot")
    await running.admin.put(f"/admin/users/{sally.id}", {"active": False})

    async def found(query: str) -> list[str]:
        answer = await running.admin.get(f"/admin/users{query}")
        assert 200 == answer.status
        return [user["name"] for user in answer.json["users"]]

    assert ["Administrator", "bot", "Sally"] == await found("")
    assert ["Sally"] == await found("?q=SALLY%40example")
    assert ["Sally"] == await found("?active=false")
    assert ["bot"] == await found("?userType=1")
    assert ["Sally"] == await found("?page=3&size=1")
    only_bots = await running.person(
        "Bea", roles=[await running.role("Reads bots", "system_account:read:*")], teams=[]
    )
    seen = (await only_bots.get("/admin/users")).json["users"]
    assert {bot.id, only_bots.id} == {user["uuid"] for user in seen}


async def test_a_system_account_has_its_place_its_role_and_its_tokens(running: Running) -> None:
    """201 with a Location that Terraform takes the id from; the address given comes back."""
    made = await running.admin.post(
        "/admin/system-accounts", {"name": "bénder", "email": "bender@example.org", "active": True, "type": 1}
    )
    assert 201 == made.status, made.text
    assert f"{BASE_URL}/admin/system-accounts/{made.json['uuid']}" == made.headers["Location"]
    assert (1, "System Account") == (made.json["type"], made.json["typeDescription"])
    assert [CI_CD] == [role["uuid"] for role in made.json["_embedded"]["roles"]]
    shown = await running.admin.get(f"/admin/users/{made.json['uuid']}")
    assert ("bénder", "bender@example.org") == (shown.json["name"], shown.json["email"])
    assert shown.json == (await running.admin.get(made.headers["Location"])).json
    me = (await running.admin.get("/user")).json["uuid"]
    require_refusal(await running.admin.get(f"/admin/system-accounts/{me}"), 404)
    tokens = (await running.admin.get(f"{made.headers['Location']}/tokens")).json["_embedded"]["items"]
    assert "bénder" == (await running.client(tokens[1]["value"]).get("/user")).json["name"]


async def test_a_teams_manager_makes_accounts_for_own_teams_alone(running: Running) -> None:
    """A team must be named, and be the caller's own (seed 003); the tokens' values are for wider rights."""
    team, other = await running.team("A"), await running.team("B")
    role = await running.role("Manages bots", "system_account:manage:team", "token:manage:own")
    manager = await running.person("Max", roles=[role], teams=[team])
    require_refusal(await manager.post("/admin/system-accounts", {"name": "bot"}), 403)
    require_refusal(await manager.post("/admin/system-accounts", {"name": "bot", "teamUuid": other}), 403)
    made = await manager.post("/admin/system-accounts", {"name": "bot", "teamUuid": team})
    assert 201 == made.status, made.text
    tokens = await manager.get(f"/admin/system-accounts/{made.json['uuid']}/tokens")
    assert [False, False] == ["value" in item for item in tokens.json["_embedded"]["items"]]
    stranger = await running.system_account("stranger", teams=[other])
    require_refusal(await manager.get(f"/admin/system-accounts/{stranger.id}/tokens"), 403)


async def test_own_tokens_are_listed_with_their_values(running: Running) -> None:
    """A read-only token does not see the read/write token's value: that would make it what it is not."""
    sally = await running.person("Sally")
    listed = (await sally.get("/settings/tokens")).json["_embedded"]["items"]
    assert [sally.read_only_token, sally.token] == [item["value"] for item in listed]
    seen = (await sally.read_only().get("/settings/tokens")).json["_embedded"]["items"]
    assert [True, False] == ["value" in item for item in seen]
    one = await sally.read_only().get(seen[1]["_links"]["self"]["href"])
    assert (200, False) == (one.status, "value" in one.json)
    other = await running.person("Billy")
    require_refusal(await other.get(seen[1]["_links"]["self"]["href"]), 404)


async def test_a_token_is_regenerated_under_its_own_id(running: Running) -> None:
    """201 with the new value; the old one is dead at once; an expiry can be set, but none in the past."""
    sally = await running.person("Sally")
    (_, token) = (await sally.get("/settings/tokens")).json["_embedded"]["items"]
    regenerate = token["_links"]["pb:regenerate"]["href"]
    for wrong in ("tomorrow", "2020-01-01T00:00:00Z", "2030-01-01T00:00:00"):
        require_refusal(await sally.post(regenerate, {"expiresAt": wrong}), 400)
    made = await sally.ask("POST", regenerate)
    assert (201, token["uuid"]) == (made.status, made.json["uuid"])
    require_refusal(await sally.get("/user"), 401)
    again = running.client(made.json["value"])
    assert 200 == (await again.get("/user")).status
    bounded = await again.post(regenerate, {"expiresAt": "2030-01-01T00:00:00+01:00"})
    assert "2029-12-31T23:00:00+00:00" == bounded.json["expiresAt"]
    billy = await running.person("Billy")
    require_refusal(await billy.post(regenerate), 403)


async def test_times_are_written_as_clients_expect(running: Running) -> None:
    """ISO 8601 to the second, with the offset; `updatedAt` only where it says something."""
    user = (await running.admin.get("/user")).json
    opened = running.app.replica.directory.instant(1)
    assert iso(opened)[:16] == user["createdAt"][:16]
    assert user["createdAt"].endswith("+00:00")
    assert "updatedAt" not in user
