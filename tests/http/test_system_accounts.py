"""System accounts over HTTP: whose tokens are shown to whom, and what Terraform makes again."""

from typing import Any

from tests.http.test_bad_input import require_refusal
from tests.http.test_roles import ADMINISTRATOR, USER
from tests.service import Client, Running

PROBLEMS = {"Accept": "application/problem+json"}


async def shown(client: Client, account: str) -> list[Any]:
    """The tokens of a system account as the client sees them, the read-only one first."""
    answer = await client.get(f"/admin/system-accounts/{account}/tokens")
    assert 200 == answer.status, answer.text
    items: list[Any] = answer.json["_embedded"]["items"]
    return items


async def test_the_default_team_hands_no_administrators_token_to_a_user(running: Running) -> None:
    """Every User may manage the accounts of the Default team, and sees no value of what may more (section 3.10)."""
    robot = await running.system_account("robot", roles=[ADMINISTRATOR])
    sally = await running.person("Sally")
    items = await shown(sally, robot.id)
    assert [False, False] == ["value" in item for item in items]
    assert "The account may authentication_settings:manage everywhere" in items[1]["valueWithheld"]
    for item in items:
        assert "pb:regenerate" not in item["_links"]
        one = await sally.get(item["_links"]["self"]["href"])
        assert (200, item["valueWithheld"]) == (one.status, one.json["valueWithheld"])
        renew = f"/settings/tokens/{item['uuid']}/regenerate"
        require_refusal(await sally.post(renew), 403)
        refused = await sally.post(renew, headers=PROBLEMS)
        assert "everywhere, which the account may" in refused.json["missing"]
    assert 200 == (await robot.get("/user")).status
    stranger = await running.person("Stranger", teams=[])
    require_refusal(await stranger.get(items[0]["_links"]["self"]["href"]), 404)


async def test_a_value_is_shown_to_who_may_all_that_the_account_may(running: Running) -> None:
    """Section 3.8: with a shared team and no right beyond, both values are shown, and each can be renewed."""
    team = await running.team("A")
    rotator = await running.role("Rotator", "secret:manage:team")
    manages = await running.role("Manages", "system_account:manage:team", "secret:manage:team")
    robot = await running.system_account("robot", roles=[rotator], teams=[team])
    sally = await running.person("Sally", roles=[manages], teams=[team])
    items = await shown(sally, robot.id)
    assert [robot.read_only_token, robot.token] == [item["value"] for item in items]
    one = await sally.get(items[1]["_links"]["self"]["href"])
    assert robot.token == one.json["value"]
    renewed = await sally.post(items[1]["_links"]["pb:regenerate"]["href"])
    assert 201 == renewed.status, renewed.text
    assert robot.id == (await running.client(renewed.json["value"]).get("/user")).json["uuid"]
    await running.admin.put(
        f"/admin/users/{robot.id}/roles/{await running.role('Records', 'deployment_and_release:record:*')}"
    )
    assert [True, False] == ["value" in item for item in await shown(sally, robot.id)]
    await running.admin.delete(f"/admin/teams/{team}/users/{robot.id}")
    require_refusal(await sally.get(f"/admin/system-accounts/{robot.id}/tokens"), 403)


async def test_a_renewed_value_is_not_told_again_once_the_account_may_more(running: Running) -> None:
    """A repeat under an Idempotency-Key is judged by what holds now, as every answer with a secret is."""
    team = await running.team("A")
    manages = await running.role("Manages", "system_account:manage:team")
    robot = await running.system_account("robot", roles=[], teams=[team])
    sally = await running.person("Sally", roles=[manages], teams=[team])
    items = await shown(running.admin, robot.id)
    renew, key = items[1]["_links"]["pb:regenerate"]["href"], {"Idempotency-Key": "once"}
    first = await sally.post(renew, {}, headers=key)
    assert first.json["value"] == (await sally.post(renew, {}, headers=key)).json["value"]
    await running.admin.put(f"/admin/users/{robot.id}/roles", {"roles": [USER]})
    require_refusal(await sally.post(renew, {}, headers=key), 403)


async def test_a_read_only_token_is_shown_no_value_of_an_account(running: Running) -> None:
    """Section 7, point 16: not even an Administrator's, and it renews nothing."""
    robot = await running.system_account("robot")
    boss = await running.person("Boss", roles=[ADMINISTRATOR])
    items = await shown(boss.read_only(), robot.id)
    assert [False, False] == ["value" in item for item in items]
    require_refusal(await boss.read_only().post(f"/settings/tokens/{items[0]['uuid']}/regenerate"), 403)
    assert [True, True] == ["value" in item for item in await shown(boss, robot.id)]


async def test_an_accounts_roles_take_managing_everywhere(running: Running) -> None:
    """Scope 27 beside 28: a team's manager edits the account, and gives it no roles, in no form (section 3.1)."""
    team = await running.team("A")
    everywhere = await running.role("All", "system_account:manage:*")
    in_team = await running.role("Team", "system_account:manage:team")
    robot = await running.system_account("robot", roles=[], teams=[team])
    max_ = await running.person("Max", roles=[in_team], teams=[team])
    ann = await running.person("Ann", roles=[everywhere], teams=[])
    place = f"/admin/users/{robot.id}"
    assert 200 == (await max_.put(place, {"name": "rob"})).status
    require_refusal(await max_.put(f"{place}/roles", {"roles": [USER]}), 403)
    require_refusal(await max_.put(f"{place}/roles/{USER}"), 403)
    require_refusal(await max_.delete(f"{place}/roles/{USER}"), 403)
    require_refusal(await max_.put(f"{place}/role/admin", {}), 403)
    assert 204 == (await ann.put(f"{place}/roles", {"roles": [USER]})).status
    assert 204 == (await ann.delete(f"{place}/roles/{USER}")).status


async def test_managing_one_kind_is_no_right_over_the_other(running: Running) -> None:
    """`user:*` never covers system accounts and the other way round (section 1.2, rule 4)."""
    people = await running.person("P", roles=[await running.role("People", "user:manage:*")], teams=[])
    bots = await running.person("B", roles=[await running.role("Bots", "system_account:manage:*")], teams=[])
    sally, robot = await running.person("Sally"), await running.system_account("robot")
    for manager, mine, other in ((people, sally, robot), (bots, robot, sally)):
        require_refusal(await manager.get(f"/admin/users/{other.id}"), 403)
        require_refusal(await manager.put(f"/admin/users/{other.id}", {"active": False}), 403)
        require_refusal(await manager.put(f"/admin/users/{other.id}/roles", {"roles": []}), 403)
        require_refusal(await manager.delete(f"/admin/users/{other.id}"), 403)
        assert 200 == (await manager.put(f"/admin/users/{mine.id}", {"active": False})).status
        assert 204 == (await manager.put(f"/admin/users/{mine.id}/roles", {"roles": []})).status
    for manager, mine in ((people, sally), (bots, robot)):
        assert 204 == (await manager.delete(f"/admin/users/{mine.id}")).status
    robot = await running.system_account("another")
    require_refusal(await people.get(f"/admin/system-accounts/{robot.id}/tokens"), 403)
    require_refusal(await people.post("/admin/system-accounts", {"name": "x"}), 403)
    require_refusal(await running.admin.get(f"/admin/system-accounts/{people.id}/tokens"), 404)
    require_refusal(await running.admin.get(f"/admin/system-accounts/{people.id}"), 404)


async def test_what_terraform_deleted_it_makes_again(running: Running) -> None:
    """Section 5.3, point 6: 201 with the Location of the disabled account; its old values stay dead (409 if active)."""
    body = {"name": "bénder", "email": "Bender@example.org", "active": True, "type": 1, "_embedded": {}}
    made = await running.admin.post("/admin/system-accounts", body)
    place = f"/admin/users/{made.json['uuid']}"
    old = (await shown(running.admin, made.json["uuid"]))[1]["value"]
    require_refusal(await running.admin.post("/admin/system-accounts", body), 409)
    assert 204 == (await running.admin.put(f"{place}/roles", {"roles": []})).status
    assert 200 == (await running.admin.put(place, {**made.json, "active": False})).status
    again = await running.admin.post("/admin/system-accounts", {**body, "name": "bender"})
    assert (201, made.headers["Location"]) == (again.status, again.headers["Location"])
    assert (True, "bender", "Bender@example.org", []) == tuple(
        again.json[field] for field in ("active", "name", "email", "roles")
    )
    require_refusal(await running.client(old).get("/user"), 401)
    assert old != (await shown(running.admin, made.json["uuid"]))[1]["value"]


async def test_a_teams_manager_leads_an_account_through_its_life(running: Running) -> None:
    """Seed 003: create, read, update and delete within one's own team; without a team, or in another's, nothing."""
    mine, other = await running.team("A"), await running.team("B")
    role = await running.role("Manages bots", "system_account:manage:team")
    max_ = await running.person("Max", roles=[role], teams=[mine])
    for body in ({}, {"teamUuid": None}, {"teamUuid": other}):
        require_refusal(await max_.post("/admin/system-accounts", {"name": "bot", **body}), 403)
    made = await max_.post("/admin/system-accounts", {"name": "bot", "teamUuid": mine})
    assert (201, [mine]) == (made.status, [team["uuid"] for team in made.json["_embedded"]["teams"]])
    place = f"/admin/users/{made.json['uuid']}"
    assert 200 == (await max_.get(place)).status
    assert 200 == (await max_.get(made.headers["Location"])).status
    changed = await max_.put(place, {"name": "Bot", "email": "bot@example.org"})
    assert (200, "Bot", "bot@example.org") == (changed.status, changed.json["name"], changed.json["email"])
    cleared = await max_.put(place, {"email": None})
    assert (200, False) == (cleared.status, "email" in cleared.json)
    assert not (await max_.put(place, {"active": False})).json["active"]
    assert (await max_.put(place, {"active": True})).json["active"]
    stranger = await running.system_account("stranger", teams=[other])
    for method in ("GET", "PUT", "DELETE"):
        require_refusal(await max_.ask(method, f"/admin/users/{stranger.id}", body=b"{}"), 403)
    assert 204 == (await max_.delete(place)).status
    require_refusal(await running.admin.get(place), 410)
    require_refusal(await running.admin.get(made.headers["Location"]), 410)
    require_refusal(await running.admin.get(f"{made.headers['Location']}/tokens"), 404)
