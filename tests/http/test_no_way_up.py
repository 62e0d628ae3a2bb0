"""Nobody gets further than their permissions by a detour: a replay, a code, a display name, a word in a question."""

from tests.http.test_roles import ADMINISTRATOR, CI_CD, TEAM_ADMINISTRATOR, USER
from tests.service import Client, Running


async def _decision(
    client: Client, subject: str, action: str, thing: tuple[str, str], **properties: str
) -> bool:
    body = {
        "subject": {"type": "user", "id": subject},
        "action": {"name": action},
        "resource": {"type": thing[0], "id": thing[1], "properties": properties},
    }
    answer = await client.post("/access/v1/evaluation", body)
    assert 200 == answer.status, answer.text
    return bool(answer.json["decision"])


async def test_a_read_only_token_gets_no_earlier_answer(running: Running) -> None:
    """An answer to the read/write token may hold its value; the read-only one replays nothing (section 3.8)."""
    sally = await running.person("Sally")
    tokens = (await sally.get("/settings/tokens")).json["_embedded"]["items"]
    writing = next(one for one in tokens if not one["readOnly"])
    path, key = f"/settings/tokens/{writing['uuid']}/regenerate", {"Idempotency-Key": "once"}
    renewed = await sally.post(path, {}, headers=key)
    assert 201 == renewed.status
    refused = await sally.read_only().post(path, {}, headers=key)
    assert 403 == refused.status
    assert renewed.json["value"] not in refused.text


async def test_a_code_is_not_shown_again_to_who_may_no_longer_invite(running: Running) -> None:
    """A replayed invitation is judged by what its caller may now."""
    inviting = await running.role("Inviter", "user:invite", "user:read:*")
    max_ = await running.person("Max", roles=[inviting])
    body = {"name": "Sally", "email": "sally@example.org", "active": True}
    key = {"Idempotency-Key": "invited"}
    first = await max_.post("/admin/users/invite-user", body, headers=key)
    again = await max_.post("/admin/users/invite-user", body, headers=key)
    assert first.json["invitation"]["code"] == again.json["invitation"]["code"]
    assert 204 == (await running.admin.delete(f"/admin/users/{max_.id}/roles/{inviting}")).status
    assert 403 == (await max_.post("/admin/users/invite-user", body, headers=key)).status


async def test_a_code_dies_when_its_account_comes_to_hold_more_than_its_issuer_may_give(
    running: Running,
) -> None:
    """Whoever may only invite cannot redeem the code of somebody who was made an Administrator meanwhile."""
    max_ = await running.person("Max", roles=[await running.role("Inviter", "user:invite", "user:read:*")])
    body = {"name": "Sally", "email": "sally@example.org", "active": True}
    invited = (await max_.post("/admin/users/invite-user", body)).json
    given = await running.admin.put(f"/admin/users/{invited['uuid']}/roles", {"roles": [ADMINISTRATOR]})
    assert 204 == given.status
    stolen = await running.nobody.post("/invitations/redeem", {"code": invited["invitation"]["code"]})
    assert 401 == stolen.status
    renewed = (await running.admin.post("/admin/users/invite-user", body)).json["invitation"]
    assert 200 == (await running.nobody.post("/invitations/redeem", {"code": renewed["code"]})).status


async def test_a_code_dies_when_its_accounts_role_is_widened(running: Running) -> None:
    """Whoever may only invite must not redeem their way to a role that came to manage people since (section 3.10)."""
    max_ = await running.person("Max", roles=[await running.role("Inviter", "user:invite")], teams=[])
    role = await running.role("Newcomer", "user:read:*")
    assert 200 == (await running.admin.put("/preferences/system/defaultRole", {"value": role})).status
    body = {"name": "Sally", "email": "sally@example.org"}
    invited = (await max_.post("/admin/users/invite-user", body)).json
    assert [role] == [one["uuid"] for one in invited["roles"]]
    wide = {"name": "Newcomer", "permissions": [{"scope": "user:manage:*"}]}
    assert 200 == (await running.admin.put(f"/admin/roles/{role}", wide)).status
    stolen = await running.nobody.post("/invitations/redeem", {"code": invited["invitation"]["code"]})
    assert 401 == stolen.status
    renewed = (await running.admin.post("/admin/users/invite-user", body)).json["invitation"]
    assert 200 == (await running.nobody.post("/invitations/redeem", {"code": renewed["code"]})).status


async def test_a_code_dies_with_its_issuers_right_to_give_what_its_account_holds(running: Running) -> None:
    """Who is no Administrator any more becomes none by a code that they issued while they were one (section 3.10)."""
    max_ = await running.person("Max", roles=[ADMINISTRATOR])
    codes = {}
    for name, role in (("sally", ADMINISTRATOR), ("billy", USER)):
        invited = await max_.post("/admin/users/invite-user", {"name": name, "email": f"{name}@example.org"})
        assert 204 == (await max_.put(f"/admin/users/{invited.json['uuid']}/roles/{role}", {})).status
        codes[name] = invited.json["invitation"]["code"]
    assert 204 == (await running.admin.put(f"/admin/users/{max_.id}/roles", {"roles": [USER]})).status
    assert 401 == (await running.nobody.post("/invitations/redeem", {"code": codes["sally"]})).status
    assert 200 == (await running.nobody.post("/invitations/redeem", {"code": codes["billy"]})).status


async def test_an_administrators_own_invitation_survives_the_roles_that_follow(running: Running) -> None:
    """Inviting and then giving roles is how clients make users (section 5.2); their code goes on working."""
    body = {"name": "Sally", "email": "sally@example.org", "active": True}
    invited = (await running.admin.post("/admin/users/invite-user", body)).json
    await running.admin.put(f"/admin/users/{invited['uuid']}/roles", {"roles": [ADMINISTRATOR]})
    redeemed = await running.nobody.post("/invitations/redeem", {"code": invited["invitation"]["code"]})
    assert 200 == redeemed.status


async def test_a_display_name_is_no_subject(running: Running) -> None:
    """Names are chosen by others and shared by many; a question means an id or an e-mail address."""
    assert 201 == (await running.admin.post("/pacticipants", {"name": "Baz"})).status
    robot = await running.system_account("ext-idp|1234")
    baz = ("application", "Baz")
    assert await _decision(running.admin, robot.id, "contract_data:manage", baz)
    assert not await _decision(running.admin, "ext-idp|1234", "contract_data:manage", baz)
    assert not await _decision(running.admin, "Administrator", "contract_data:manage", baz)
    assert await _decision(running.admin, "admin@example.org", "contract_data:manage", baz)


async def test_an_unknown_owner_or_team_takes_nothing_from_a_grant_of_everything(running: Running) -> None:
    """`*` does not depend on whose a thing is; `team` and `own` do (section 1.2)."""
    sally = await running.person("Sally")
    action, held = "system_preference:manage", ("system_preference", "p1")
    for properties in ({"owner": "ext@nowhere.org"}, {"team": "Nope"}, {}):
        assert await _decision(running.admin, "admin@example.org", action, held, **properties)
        assert not await _decision(running.admin, sally.id, action, held, **properties)


async def test_an_integration_is_read_from_both_of_its_sides(running: Running) -> None:
    """With only `team`, one reads the integrations that the team's applications take part in (section 3.4)."""
    for name in ("Foo", "Bar"):
        await running.admin.post("/pacticipants", {"name": name})
    published = await running.admin.put("/pacts/provider/Bar/consumer/Foo/version/1", {"interactions": []})
    assert 201 == published.status
    team = await running.team("Providers", pacticipantNames=["Bar"])
    role = await running.role("Team's own", "contract_data:manage:team")
    sally = await running.person("Sally", roles=[role], teams=[team])
    pair = ("integration", "Foo/Bar")
    assert await _decision(running.admin, sally.id, "contract_data:read", pair)
    assert not await _decision(running.admin, sally.id, "contract_data:manage", pair)
    assert 200 == (await sally.get("/pacts/provider/Bar/consumer/Foo/version/1")).status


async def test_a_teams_administrator_sees_its_environments_and_no_others(running: Running) -> None:
    """Administering a team gives a look at what is attached to it (section 3.2), and no right to change it."""
    sally = await running.person("Sally", roles=[await running.role("Nothing")], teams=[])
    team = await running.team("A", administratorUuids=[sally.id])
    seen = {}
    for name, teams in (("ours", [team]), ("theirs", [])):
        made = await running.admin.post(
            "/environments", {"name": name, "production": False, "teamUuids": teams}
        )
        assert 201 == made.status, made.text
        seen[name] = made.json["uuid"]
    assert await _decision(running.admin, sally.id, "environment:read", ("environment", "ours"))
    assert not await _decision(running.admin, sally.id, "environment:read", ("environment", "theirs"))
    assert not await _decision(running.admin, sally.id, "environment:manage", ("environment", "ours"))


async def test_a_name_that_cannot_be_seen_is_refused(running: Running) -> None:
    """Invisible and turning characters could make two names look like one, in the trail above all."""
    for name in ("Admin\u200bistrator", "\u202erotartsinimdA", "\u200b", ".", ".."):
        refused = await running.admin.post("/admin/roles", {"name": name, "permissions": []})
        assert 400 == refused.status, name


async def test_what_a_body_says_of_rights_is_not_listened_to(running: Running) -> None:
    """Clients send whole objects back: roles, teams, kinds, ids and flags in a body give nobody anything."""
    inviter = await running.person("Ivo", roles=[await running.role("Invites", "user:invite")], teams=[])
    me = (await running.admin.get("/user")).json
    widened = {
        "uuid": me["uuid"],
        "type": 1,
        "roles": [{"uuid": ADMINISTRATOR}],
        "_embedded": {"roles": [{"uuid": ADMINISTRATOR}], "teams": me["_embedded"]["teams"]},
        "role": "admin",
        "externalIdpId": me["uuid"],
    }
    invited = await inviter.post(
        "/admin/users/invite-user", {"name": "Ann", "email": "ann@example.org", **widened}
    )
    assert 200 == invited.status, invited.text
    shown = (await running.admin.get(f"/admin/users/{invited.json['uuid']}")).json
    assert me["uuid"] != shown["uuid"]
    assert (0, [USER], False) == (
        shown["type"],
        [one["uuid"] for one in shown["roles"]],
        "externalIdpId" in shown,
    )
    robot = (await running.admin.post("/admin/system-accounts", {"name": "r", **widened, "type": 0})).json
    assert (1, [CI_CD]) == (robot["type"], [one["uuid"] for one in robot["roles"]])
    role = {"name": "x", "permissions": [], "uuid": ADMINISTRATOR, "systemDefined": True, "locked": True}
    made = (await running.admin.post("/admin/roles", role)).json
    assert (False, False) == (made["systemDefined"], made["locked"])
    assert ADMINISTRATOR != made["uuid"]
    edited = await running.admin.put(f"/admin/users/{shown['uuid']}", {**shown, **widened, "name": "Ann B"})
    assert 403 == edited.status  # an external id is nobody's to set but SCIM's
    del widened["externalIdpId"]
    edited = await running.admin.put(f"/admin/users/{shown['uuid']}", {**shown, **widened, "name": "Ann B"})
    assert ("Ann B", 0, [USER]) == (
        edited.json["name"],
        edited.json["type"],
        [one["uuid"] for one in edited.json["roles"]],
    )


async def test_ones_own_roles_are_ones_own_however_the_id_is_written(running: Running) -> None:
    """An id in capitals is the same id: nobody gets around the ban by spelling (section 3.1)."""
    owner = await running.role("Owner", "user:manage:*", "role:manage:*")
    sally = await running.person("Sally", roles=[owner])
    for spelt in (sally.id, sally.id.upper(), sally.id.replace("-", ""), f"%7B{sally.id}%7D"):
        for method, path in (
            ("PUT", f"/admin/users/{spelt}/role/admin"),
            ("PUT", f"/admin/users/{spelt}/roles/{ADMINISTRATOR}"),
        ):
            assert (await sally.ask(method, path, json={})).status in (400, 403, 404), path
        many = await sally.put(f"/admin/users/{spelt}/roles", {"roles": [ADMINISTRATOR]})
        assert many.status in (400, 403, 404)
    held = (await running.admin.get(f"/admin/users/{sally.id}")).json["roles"]
    assert [owner] == [one["uuid"] for one in held]


async def test_an_account_made_again_is_no_way_to_its_token(running: Running) -> None:
    """Whoever may disable and make again an account that may more than they gets none of its rights by it."""
    team = await running.team("A")
    manages = await running.role("Manages", "system_account:manage:team", "token:manage:own")
    sally = await running.person("Sally", roles=[manages], teams=[team])
    body = {"name": "robot", "email": "robot@example.org"}
    robot = (await running.admin.post("/admin/system-accounts", {**body, "teamUuid": team})).json["uuid"]
    await running.admin.put(f"/admin/users/{robot}/role/admin", {})
    assert 200 == (await sally.put(f"/admin/users/{robot}", {"active": False})).status
    again = await sally.post("/admin/system-accounts", {**body, "teamUuid": team})
    assert (201, robot) == (again.status, again.json["uuid"])
    assert '"value":' not in again.text
    tokens = (await sally.get(f"/admin/system-accounts/{robot}/tokens")).json["_embedded"]["items"]
    assert [False, False] == ["value" in one for one in tokens]
    for token in tokens:
        assert 403 == (await sally.post(f"/settings/tokens/{token['uuid']}/regenerate")).status
    assert 204 == (await sally.delete(f"/admin/users/{robot}")).status
    fresh = (await sally.post("/admin/system-accounts", {**body, "teamUuid": team})).json
    assert robot != fresh["uuid"]
    assert [CI_CD] == [one["uuid"] for one in fresh["roles"]]


async def test_a_teams_administrator_gets_at_no_other_team_and_no_role(running: Running) -> None:
    """By none of the forms in which members are changed, nor by what the team's own document says of others."""
    reads = await running.role("Reads users", "user:read:*")
    sally = await running.person("Sally", roles=[reads], teams=[])
    team, other = await running.team("A", administratorUuids=[sally.id]), await running.team("B")
    add = [{"op": "add", "path": "/users", "value": {"uuid": sally.id}}]
    for answer in (
        await sally.patch(f"/admin/teams/{other}/users", add),
        await sally.post(f"/admin/teams/{other}/users", {"users": [sally.id]}),
        await sally.put(f"/admin/teams/{other}/users", {"users": [sally.id]}),
        await sally.delete(f"/admin/teams/{other}/users", {"users": [sally.id]}),
        await sally.put(f"/admin/teams/{other}", {"name": "B", "administratorUuids": [sally.id]}),
    ):
        assert 403 == answer.status
    for path in ("/administrators", "/users/../administrators", "", "/"):
        patch = [{"op": "add", "path": path, "value": {"uuid": sally.id}}]
        assert 400 == (await sally.patch(f"/admin/teams/{team}/users", patch)).status
    body = {
        "uuid": other,
        "name": "A",
        "administratorUuids": [sally.id],
        "roles": [ADMINISTRATOR],
        "_embedded": {"administrators": [], "members": [{"uuid": sally.id, "roles": [ADMINISTRATOR]}]},
    }
    assert 200 == (await sally.put(f"/admin/teams/{team}", body)).status
    shown = (await running.admin.get(f"/admin/users/{sally.id}")).json
    assert {reads, TEAM_ADMINISTRATOR} == {one["uuid"] for one in shown["roles"]}
    assert [] == shown["_embedded"]["teams"]


async def test_what_newcomers_are_given_is_no_way_up(running: Running) -> None:
    """Who may change preferences hands out roles only where they could anyway, and none that manages people."""
    prefers = await running.role("Prefers", "system_preference:manage:*", "user:invite")
    max_ = await running.person("Max", roles=[prefers], teams=[])
    place = "/preferences/system/defaultRole"
    assert 403 == (await max_.put(place, {"value": prefers})).status
    wide = await running.role("Wide", "system_preference:manage:*", "user:manage:*")
    manager = await running.person("Mia", roles=[wide], teams=[])
    assert 422 == (await manager.put(place, {"value": ADMINISTRATOR})).status
    assert 400 == (await manager.put(place, {"value": TEAM_ADMINISTRATOR})).status
    harmless = await running.role("Harmless", "role:read:*")
    assert 200 == (await manager.put(place, {"value": harmless})).status
    # A role that was harmless when it was chosen is passed over once it is not.
    body = {"name": "Harmless", "permissions": [{"scope": "user:manage:*"}]}
    assert 200 == (await running.admin.put(f"/admin/roles/{harmless}", body)).status
    ann = await max_.post("/admin/users/invite-user", {"name": "Ann", "email": "ann@example.org"})
    held = (await running.admin.get(f"/admin/users/{ann.json['uuid']}")).json["roles"]
    assert [USER] == [one["uuid"] for one in held]


async def test_a_code_dies_when_its_account_comes_to_a_team(running: Running) -> None:
    """Whoever may only invite must not redeem their way into a team, or to its administration, that others gave."""
    max_ = await running.person("Max", roles=[await running.role("Inviter", "user:invite")], teams=[])
    for number, how in enumerate(("users", "administratorUuids", "new team")):
        body = {"name": f"P{number}", "email": f"p{number}@example.org"}
        invited = (await max_.post("/admin/users/invite-user", body)).json
        team = await running.team(f"T{number}")
        match how:
            case "users":
                answer = await running.admin.post(f"/admin/teams/{team}/users", {"users": [invited["uuid"]]})
            case "administratorUuids":
                named = {"name": f"T{number}", "administratorUuids": [invited["uuid"]]}
                answer = await running.admin.put(f"/admin/teams/{team}", named)
            case _:
                named = {"name": f"U{number}", "administratorUuids": [invited["uuid"]]}
                answer = await running.admin.post("/admin/teams", named)
        assert answer.status in (200, 201), answer.text
        stolen = await running.nobody.post("/invitations/redeem", {"code": invited["invitation"]["code"]})
        assert 401 == stolen.status, how
        renewed = (await running.admin.post("/admin/users/invite-user", body)).json["invitation"]
        assert 200 == (await running.nobody.post("/invitations/redeem", {"code": renewed["code"]})).status


async def test_a_code_lives_where_its_issuer_could_have_given_the_team(running: Running) -> None:
    """Inviting and then placing people in teams is how clients make users (section 5.2), in one hand or in two."""
    team = await running.team("A")
    leads = await running.role("Leads", "user:invite", "user:read:*", "team:manage:*")
    lead = await running.person("Lea", roles=[leads], teams=[])
    for number, placing in enumerate((lead, running.admin)):
        body = {"name": f"P{number}", "email": f"p{number}@example.org"}
        invited = (await lead.post("/admin/users/invite-user", body)).json
        placed = await placing.post(f"/admin/teams/{team}/users", {"users": [invited["uuid"]]})
        assert 200 == placed.status
        code = {"code": invited["invitation"]["code"]}
        assert 200 == (await running.nobody.post("/invitations/redeem", code)).status


async def test_a_dry_run_is_no_way_around_a_permission(running: Running) -> None:
    """What is denied is denied to who only tries as well, whatever the token; and a try changes nothing."""
    team = await running.team("A")
    sally = await running.person("Sally", roles=[await running.role("Nothing")], teams=[team])
    billy = await running.person("Billy")
    for client in (sally, running.client(await _read_only(running))):
        before = (await running.admin.get("/admin/users")).json
        for method, path, body in (
            ("POST", "/admin/roles", {"name": "x", "permissions": []}),
            ("PUT", f"/admin/users/{billy.id}/roles", {"roles": []}),
            ("PUT", f"/admin/users/{billy.id}/role/admin", {}),
            ("DELETE", f"/admin/users/{billy.id}", None),
            ("PUT", f"/admin/teams/{team}/users", {"users": []}),
            ("DELETE", f"/admin/teams/{team}", None),
        ):
            assert 403 == (await client.ask(method, f"{path}?dry_run=true", json=body)).status, path
        assert before == (await running.admin.get("/admin/users")).json


async def _read_only(running: Running) -> str:
    """An Administrator's read-only token."""
    return (await running.person("Kevin", roles=[ADMINISTRATOR])).read_only_token
