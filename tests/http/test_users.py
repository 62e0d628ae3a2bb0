"""Users, system accounts, invitations and tokens over HTTP."""

import pytest

from service.http.edge import iso
from tests.given import ORGANIZATION_ADMINISTRATOR, SCIM
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


async def test_making_a_user_takes_managing_people_beside_inviting(running: Running) -> None:
    """Section 4.5: `user:invite` alone invites, one or many; POST /admin/users takes `user:manage:*` as well."""
    inviter = await running.person("Ivo", roles=[await running.role("Invites", "user:invite")], teams=[])
    manager = await running.person("Max", roles=[await running.role("People", "user:manage:*")], teams=[])
    body = {"name": "Ann", "email": "ann@example.org"}
    for client in (inviter, manager):
        require_refusal(await client.post("/admin/users", body), 403)
    require_refusal(await manager.post("/admin/users/invite-user", body), 403)
    require_refusal(await manager.post("/admin/users/invite-users", {"users": [body]}), 403)
    many = await inviter.post("/admin/users/invite-users", {"users": [body]})
    assert (200, ["Ann"]) == (many.status, [user["name"] for user in many.json["users"]])
    again = await running.admin.post("/admin/users", body)
    assert (200, many.json["users"][0]["uuid"]) == (again.status, again.json["uuid"])


async def test_what_was_deleted_is_gone_for_reading_and_missing_for_the_rest(running: Running) -> None:
    """Section 3.10: GET of a deleted user is 410; whatever else is asked of it is 404."""
    sally = await running.person("Sally")
    place = f"/admin/users/{sally.id}"
    assert 204 == (await running.admin.delete(place)).status
    require_refusal(await running.admin.get(place), 410)
    for method, path in (
        ("DELETE", ""),
        ("PUT", ""),
        ("PUT", "/roles"),
        ("PUT", f"/roles/{USER}"),
        ("DELETE", f"/roles/{USER}"),
        ("GET", f"/roles/{USER}"),
        ("PUT", "/role/admin"),
    ):
        asked = await running.admin.ask(method, place + path, json={"roles": []} if method == "PUT" else None)
        require_refusal(asked, 404)
    require_refusal(await running.admin.get(f"/admin/users/{MISSING}"), 404)
    require_refusal(await sally.get("/user"), 401)


async def test_a_disabled_user_is_invited_back(running: Running) -> None:
    """Section 5.3, point 6: 200 with that user, active and called as requested, with the roles that it kept."""
    sally = await running.person("Sally")
    await running.admin.put(f"/admin/users/{sally.id}", {"active": False})
    require_refusal(await sally.get("/user"), 401)
    body = {"name": "Sally B.", "email": "Sally@example.org", "active": False, "_embedded": {}}
    still = await running.admin.post("/admin/users/invite-user", body)
    assert (200, sally.id, False, "Sally B.") == (
        still.status,
        *(still.json[field] for field in ("uuid", "active", "name")),
    )
    back = await running.admin.post("/admin/users/invite-user", {**body, "active": True})
    assert (200, True, "Sally@example.org", False) == (
        back.status,
        back.json["active"],
        back.json["email"],
        "invitation" in back.json,
    )
    assert [USER] == [role["uuid"] for role in (await sally.get("/user")).json["roles"]]


async def test_a_user_is_provisioned_with_external_ids(running: Running) -> None:
    """Section 3.10: only by the right for it; whole users are sent back by anybody who may manage them."""
    robot = await running.system_account("scim", roles=[SCIM])
    body = {
        "name": "Sally",
        "email": "sally@example.org",
        "externalIdpId": "00u1",
        "externalIdpUsername": "sally@idp",
    }
    refused = await running.admin.post("/admin/users", body)
    require_refusal(refused, 403)
    assert "user:manage_scim_attributes" in refused.text
    made = await robot.post("/admin/users", body)
    assert (201, "00u1", "sally@idp") == (
        made.status,
        made.json["externalIdpId"],
        made.json["externalIdpUsername"],
    )
    place = f"/admin/users/{made.json['uuid']}"
    seen = (await running.admin.get(place)).json
    assert 200 == (await running.admin.put(place, {**seen, "name": "Sal"})).status
    require_refusal(await running.admin.put(place, {"externalIdpId": None}), 403)
    changed = await robot.put(place, {"externalIdpId": "00u2", "externalIdpUsername": None})
    assert (200, "00u2", False) == (
        changed.status,
        changed.json["externalIdpId"],
        "externalIdpUsername" in changed.json,
    )
    other = await robot.post("/admin/users", {**body, "email": "o@example.org", "externalIdpId": "00u2"})
    require_refusal(other, 409)
    assert ["externalIdpId"] == list(other.json["errors"])
    require_refusal(await robot.put(place, {"externalIdpId": 7}), 400)
    require_refusal(await robot.put(place, {"externalIdpUsername": "x" * 300}), 400)
    again = await robot.post("/admin/users", {**body, "externalIdpId": "00u2"})
    assert (200, made.json["uuid"], "sally@idp") == (
        again.status,
        again.json["uuid"],
        again.json["externalIdpUsername"],
    )
    plain = await running.admin.post("/admin/users/invite-user", {**body, "email": "p@example.org"})
    assert (200, False) == (plain.status, "externalIdpId" in plain.json)
    billy = await running.person("Billy", roles=[await running.role("Nothing", "team:read:*")], teams=[])
    require_refusal(await billy.get(place), 403)


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


@pytest.mark.parametrize(
    ("roles", "field"),
    [
        ([USER, MISSING], "roles.1"),
        (["x"], "roles.0"),
        ([17], "roles.0"),
        ("x", "roles"),
        (None, "roles"),
        ([TEAM_ADMINISTRATOR], "roles.0"),
        ([USER, ORGANIZATION_ADMINISTRATOR], "roles.1"),
    ],
)
async def test_a_role_that_cannot_be_given_is_refused(running: Running, roles: object, field: str) -> None:
    """Unknown, malformed, or given by the system alone (section 7, point 19): 400 with its place; nothing changes."""
    sally = await running.person("Sally")
    before = running.position
    refused = await running.admin.put(f"/admin/users/{sally.id}/roles", {"roles": roles})
    require_refusal(refused, 400)
    assert [field] == list(refused.json["errors"])
    assert before == running.position


async def test_a_role_that_nobody_holds_is_taken_away_all_the_same(running: Running) -> None:
    """DELETE says how it shall be, and so it is: 204, and no second record; an unknown user is 404."""
    sally = await running.person("Sally")
    role = await running.role("Rotator")
    before = running.position
    assert 204 == (await running.admin.delete(f"/admin/users/{sally.id}/roles/{role}")).status
    assert 200 == (await running.admin.delete(f"/admin/users/{sally.id}/role/admin")).status
    assert before == running.position
    require_refusal(await running.admin.delete(f"/admin/users/{MISSING}/roles/{role}"), 404)
    require_refusal(await running.admin.put(f"/admin/users/{MISSING}/roles", {"roles": []}), 404)
    require_refusal(await running.admin.put(f"/admin/users/{sally.id}/roles/{MISSING}"), 404)
    fixed = await running.admin.put(f"/admin/users/{sally.id}/roles/{TEAM_ADMINISTRATOR}")
    require_refusal(fixed, 400)
    assert ["role"] == list(fixed.json["errors"])


async def test_fields_that_are_not_ours_are_ignored(running: Running) -> None:
    """Section 7, point 23: seats and whatever else clients send back change nothing; a subset keeps the rest."""
    sally = await running.person("Sally")
    seen = (await running.admin.get(f"/admin/users/{sally.id}")).json
    before = running.position
    more = {"seatType": "viewer", "lastLogin": "2020-01-01T00:00:00+00:00", "uuid": MISSING, "type": 1}
    same = await running.admin.put(f"/admin/users/{sally.id}", {**seen, **more})
    assert (200, seen, before) == (same.status, same.json, running.position)
    for one in ({"name": None}, {"name": ""}, {"name": 7}, {"email": None}, {"email": "no"}, {"active": "x"}):
        refused = await running.admin.put(f"/admin/users/{sally.id}", one)
        require_refusal(refused, 400)
        assert list(one) == list(refused.json["errors"])
    assert seen == (await running.admin.get(f"/admin/users/{sally.id}")).json


@pytest.mark.parametrize(
    ("field", "wrong"), [("firstName", 5), ("lastName", "x" * 5_000), ("active", "yes"), ("name", "")]
)
async def test_one_who_cannot_be_invited_keeps_all_from_it(
    running: Running, field: str, wrong: object
) -> None:
    """Every field of everybody is looked at first: nobody is left invited with a code that no answer showed."""
    eve, sally = {"name": "Eve", "email": "eve@example.org"}, {"name": "Sally", "email": "sally@example.org"}
    before = running.position
    body = {"users": [eve, {**sally, field: wrong}]}
    refused = await running.admin.post("/admin/users/invite-users", body)
    require_refusal(refused, 400)
    assert [f"users.1.{field}"] == list(refused.json["errors"])
    assert before == running.position


async def test_whoever_stands_twice_among_the_invited_is_invited_once(running: Running) -> None:
    """Every line of the answer shows the code that works: a second invitation would have replaced it."""
    twice = [{"name": "Eve", "email": "eve@example.org"}, {"name": "Eva", "email": "EVE@Example.org"}]
    body = {"users": [*twice, {"name": "Sally", "email": "sally@example.org"}]}
    tried = await running.admin.post("/admin/users/invite-users?dry_run=true", body)
    assert {"kind": "user.created", "records": 2} in tried.json["would"]
    eve, again, sally = (await running.admin.post("/admin/users/invite-users", body)).json["users"]
    assert (eve, "Eve", "Sally") == (again, eve["name"], sally["name"])
    redeemed = await running.nobody.post("/invitations/redeem", {"code": eve["invitation"]["code"]})
    assert 200 == redeemed.status


async def test_a_system_account_s_address_is_nobody_s_to_be_invited_under(running: Running) -> None:
    """Whoever invites it is told so, and not shown the account as if it were a person; of many, none is."""
    made = await running.admin.post("/admin/system-accounts", {"name": "bot", "email": "bot@example.org"})
    person, sally = {"name": "B", "email": "Bot@example.org"}, {"name": "S", "email": "sally@example.org"}
    for active in (True, False):
        await running.admin.put(f"/admin/users/{made.json['uuid']}", {"active": active})
        before = running.position
        for path in ("/admin/users", "/admin/users/invite-user", "/admin/users/invite-user?dry_run=true"):
            refused = await running.admin.post(path, person)
            require_refusal(refused, 409)
            assert ["email"] == list(refused.json["errors"])
        several = await running.admin.post("/admin/users/invite-users", {"users": [sally, person]})
        require_refusal(several, 409)
        assert ["users.1.email"] == list(several.json["errors"])
        assert before == running.position


async def test_nobody_changes_their_own_roles(running: Running) -> None:
    """Not even an administrator, by any form (section 3.1)."""
    me = (await running.admin.get("/user")).json["uuid"]
    require_refusal(await running.admin.put(f"/admin/users/{me}/roles", {"roles": [USER]}), 403)
    for method, path in (("PUT", "roles"), ("PUT", f"roles/{USER}"), ("DELETE", f"roles/{ADMINISTRATOR}")):
        require_refusal(await running.admin.ask(method, f"/admin/users/{me}/{path}", json={"roles": []}), 403)
    require_refusal(await running.admin.put(f"/admin/users/{me}/role/admin", {}), 403)
    require_refusal(await running.admin.delete(f"/admin/users/{me}/role/admin"), 403)
    robot = await running.system_account("robot", roles=[ADMINISTRATOR])
    require_refusal(await robot.put(f"/admin/users/{robot.id}/roles", {"roles": [USER]}), 403)


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
    assert ["Sally"] == await found("?page=3&size=1") == await found("?pageNumber=3&pageSize=1")
    assert ["Administrator", "Sally"] == await found("?userType=0")
    assert [] == await found("?userType=0&active=true&q=sally")
    paged = (await running.admin.get("/admin/users?size=2")).json
    assert {"number": 1, "size": 2, "totalElements": 3, "totalPages": 2} == paged["page"]
    assert ["Sally"] == [
        user["name"] for user in (await running.admin.get(paged["_links"]["next"]["href"])).json["users"]
    ]
    for query in ("userType=2", "active=maybe", "page=0"):
        require_refusal(await running.admin.get(f"/admin/users?{query}"), 400)
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
