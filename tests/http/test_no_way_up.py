"""Nobody gets further than their permissions by a detour: a replay, a code, a display name, a word in a question."""

from tests.http.test_roles import ADMINISTRATOR
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
    secret = ("secret", "s1")
    for properties in ({"owner": "ext@nowhere.org"}, {"team": "Nope"}, {}):
        assert await _decision(running.admin, "admin@example.org", "secret:manage", secret, **properties)
        assert not await _decision(running.admin, sally.id, "secret:manage", secret, **properties)


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
