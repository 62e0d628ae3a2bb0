"""What the seeds say of roles, teams, users, system accounts, tokens and preferences, where no section says it too."""

from typing import Any

import pytest

from service.catalogue.compiled import ADMINISTRATOR, DEFAULT_TEAM, USER
from tests.given import GUEST, SWAGGERHUB, TEST_MAINTAINER
from tests.rules import deeds
from tests.service import Client, Running


async def _may(running: Running, who: Client, action: str, type_: str, **properties: str) -> bool:
    """What the service answers about a thing that is about to be: of the team that is named, or of none."""
    body: dict[str, Any] = {
        "subject": {"type": "user", "id": who.id},
        "action": {"name": action},
        "resource": {"type": type_, "id": "one" if properties else "*", "properties": properties},
    }
    answer = await running.admin.post("/access/v1/evaluation", body)
    assert 200 == answer.status, answer.text
    return bool(answer.json["decision"])


async def test_roles_are_viewed_edited_and_created(running: Running) -> None:
    """Seed 000: existing roles can be seen and changed, predefined ones too, and new ones made for a use case."""
    assert 200 == (await running.admin.get("/admin/roles")).status
    role = await running.role("Secret Rotator", "secret:manage:team")
    shown = (await running.admin.get(f"/admin/roles/{role}")).json
    assert ("Secret Rotator", False) == (shown["name"], shown["systemDefined"])
    body = {"name": "CI/CD", "permissions": [{"scope": "contract_data:read:*"}]}
    assert 200 == (await running.admin.put("/admin/roles/c1878b8e-d09e-11ea-8fde-af02c4677eb7", body)).status


async def test_the_secrets_updater(running: Running) -> None:
    """Seed 000: role, system account and team together let it manage and view that team's secrets, and nothing else."""
    special, other = await running.team("SomeSpecialTeam"), await running.team("Another")
    rotator = await running.role("Secret Rotator", "secret:manage:team")
    updater = await running.system_account("SecretsUpdater", roles=[rotator], teams=[special])
    for action in ("secret:manage", "secret:read"):
        assert await _may(running, updater, action, "secret", team=special)
        assert not await _may(running, updater, action, "secret", team=other)
        assert not await _may(running, updater, action, "secret")
    assert not await _may(running, updater, "webhook:manage", "webhook", team=special)
    for path in (
        "/admin/roles",
        "/admin/teams",
        "/admin/users",
        "/pacticipants",
        "/environments",
        "/settings/tokens",
    ):
        assert 403 == (await updater.get(path)).status, path
    assert 200 == (await updater.get("/user")).status


EDITS = (
    "make a role",
    "change a role",
    "reset the roles",
    "make a team",
    "change a team",
    "add a member",
    "remove a member",
    "change a person",
    "give a person a role",
    "give the older administrator's role",
    "invite a person",
    "make a person",
    "change our account",
    "give our account a role",
    "make an account for our team",
    "delete our account",
    "delete a person",
    "delete a team",
    "delete a role",
)


async def test_every_edit_can_be_tried_first(running: Running) -> None:
    """Seed 000, a word of caution: roles, assignments, teams, accounts; a try says what comes of it, no more."""
    world = await deeds.world(running)
    for deed in EDITS:
        before = running.position
        tried = await world.does(running.admin, deeds.DEEDS[deed], "?dry_run=true")
        assert (200, True, before) == (tried.status, tried.json["dryRun"], running.position), deed
        assert {"groups", "warnings"} == set(tried.json["effect"])
        done = await world.does(running.admin, deeds.DEEDS[deed])
        assert done.status < 300, (deed, done.text)
        assert (running.position > before) == ("Muniment-Effect" in done.headers), deed


async def test_a_try_says_who_would_lose_what(running: Running) -> None:
    """Seed 000, a word of caution: an incorrect set of permissions shows before a build fails, and after."""
    robot = await running.system_account("robot")
    body = {"name": "CI/CD", "permissions": [{"scope": "contract_data:read:*"}, {"scope": "role:read:*"}]}
    place = "/admin/roles/c1878b8e-d09e-11ea-8fde-af02c4677eb7"
    tried = (await running.admin.put(f"{place}?dry_run=true", body)).json["effect"]
    done = await running.admin.put(place, body)
    read = (await running.admin.get(done.headers["Muniment-Effect"])).json["effect"]
    for effect in (tried, read):
        (group,) = effect["groups"]
        assert [robot.id] == [one["uuid"] for one in group["principals"]]
        assert {"role:read:*"} == {one["permission"] for one in group["gains"]}
        assert {
            "contract_data:manage:own",
            "contract_data:manage:team",
            "deployment_and_release:record:*",
            "environment:read:*",
        } <= {one["permission"] for one in group["loses"]}


async def test_a_team_that_loses_its_last_administrator_is_warned_about(running: Running) -> None:
    """Seed 000, a word of caution: «lock you or your team out»: done, with a warning, since others can mend it."""
    sally = await running.person("Sally")
    team = await running.team("A", administratorUuids=[sally.id])
    for method, path, body in (
        ("PUT", f"/admin/teams/{team}", {"name": "A"}),
        ("PUT", f"/admin/users/{sally.id}", {"active": False}),
        ("DELETE", f"/admin/users/{sally.id}", None),
    ):
        tried = await running.admin.ask(method, f"{path}?dry_run=true", json=body)
        assert ["team_without_administrator"] == [one["code"] for one in tried.json["effect"]["warnings"]]


async def test_the_first_administrator_gives_the_role_to_others(running: Running) -> None:
    """Seeds 001 and 004: whoever signed up is Administrator, and may make others so."""
    held = {one["uuid"] for one in (await running.admin.get("/user")).json["_embedded"]["roles"]}
    assert ADMINISTRATOR in held
    sally = await running.person("Sally")
    assert 403 == (await sally.post("/admin/teams", {"name": "A"})).status
    assert 204 == (await running.admin.put(f"/admin/users/{sally.id}/roles/{ADMINISTRATOR}")).status
    assert 201 == (await sally.post("/admin/teams", {"name": "A"})).status


async def test_new_people_are_users_and_new_accounts_ci(running: Running) -> None:
    """Seeds 001 and 004: User for everybody new, CI/CD for every new system account."""
    sally, robot = await running.person("Sally"), await running.system_account("robot")
    names = [
        [
            role["name"]
            for role in (await running.admin.get(f"/admin/users/{one.id}")).json["_embedded"]["roles"]
        ]
        for one in (sally, robot)
    ]
    assert [["User"], ["CI/CD"]] == names


async def test_administering_a_team_is_how_one_gets_its_role(running: Running) -> None:
    """Seeds 001 and 004: given with the team's administration, by no other way, and gone with it."""
    role = "d635f960-88f2-4f13-8043-4641a02dffa0"
    sally = await running.person("Sally")
    place = f"/admin/users/{sally.id}/roles"
    assert 400 == (await running.admin.put(f"{place}/{role}")).status
    assert 400 == (await running.admin.put(place, {"roles": [USER, role]})).status
    team = await running.team("A", administratorUuids=[sally.id])
    assert 200 == (await running.admin.get(f"{place}/{role}")).status
    assert 204 == (await running.admin.put(place, {"roles": [USER, role]})).status
    assert 204 == (await running.admin.put(place, {"roles": [USER]})).status
    assert 200 == (await running.admin.get(f"{place}/{role}")).status
    assert 200 == (await running.admin.put(f"/admin/teams/{team}", {"name": "A"})).status
    assert 404 == (await running.admin.get(f"{place}/{role}")).status


async def test_the_user_role_works_with_teams(running: Running) -> None:
    """Seeds 001 and 004: `team`, not `*`, for whatever can belong to a team."""
    team, other = await running.team("Mine"), await running.team("Other")
    sally = await running.person("Sally", teams=[team])
    for action, type_ in (("secret:manage", "secret"), ("webhook:manage", "webhook")):
        assert await _may(running, sally, action, type_, team=team)
        assert not await _may(running, sally, action, type_, team=other)
        assert not await _may(running, sally, action, type_)
    await running.admin.delete(f"/admin/teams/{DEFAULT_TEAM}")
    for name, owner in (("Foo", team), ("Bar", other)):
        await running.admin.post("/pacticipants", {"name": name})
        await running.admin.put(f"/admin/teams/{owner}", {"name": f"Of {name}", "pacticipantNames": [name]})
    assert 200 == (await sally.patch("/pacticipants/Foo", {"displayName": "x"})).status
    assert 403 == (await sally.patch("/pacticipants/Bar", {"displayName": "x"})).status


async def test_the_older_role_differs_in_webhooks_and_secrets(running: Running) -> None:
    """Seeds 001 and 004: Test Maintainer manages all of them, User those of the team; that is what replaced it."""
    team = await running.team("Mine")
    old = await running.person("Old", roles=[TEST_MAINTAINER], teams=[team])
    new = await running.person("New", roles=[USER], teams=[team])
    for action, type_ in (("secret:manage", "secret"), ("webhook:manage", "webhook")):
        assert await _may(running, old, action, type_)
        assert not await _may(running, new, action, type_)
        assert await _may(running, new, action, type_, team=team)


async def test_everybody_and_everything_is_in_the_default_team_at_first(running: Running) -> None:
    """Seed 002: a new account has one, system defined, with a role that publishes and tags what is in it."""
    sally, billy = await running.person("Sally"), await running.person("Billy")
    assert 201 == (await sally.put("/pacts/provider/Bar/consumer/Foo/version/1", {})).status
    assert 201 == (await billy.put("/pacts/provider/Bar/consumer/Foo/version/2", {})).status
    shown = (await running.admin.get(f"/admin/teams/{DEFAULT_TEAM}")).json
    assert "Default" == shown["name"]
    assert {"Foo", "Bar"} == {one["name"] for one in shown["_embedded"]["pacticipants"]}
    assert {sally.id, billy.id} <= {one["uuid"] for one in shown["_embedded"]["members"]}


async def test_administrators_make_teams_and_fill_them(running: Running) -> None:
    """Seed 002: create, delete, assign people and applications; the list says how many people a team has."""
    await running.admin.post("/pacticipants", {"name": "Foo"})
    people = [await running.person(name) for name in ("Ann", "Bob", "Cid")]
    team = await running.team("TeamAwesome", pacticipantNames=["Foo"])
    body = {"users": [one.id for one in people]}
    assert 200 == (await running.admin.put(f"/admin/teams/{team}/users", body)).status
    rows = {one["name"]: one for one in (await running.admin.get("/admin/teams")).json["teams"]}
    assert 3 == rows["TeamAwesome"]["numberOfMembers"]
    assert 204 == (await running.admin.delete(f"/admin/teams/{team}")).status


async def test_writing_and_deleting_follow_the_team(running: Running) -> None:
    """Seed 002: the default role of old publishes and deletes for applications of the own team, and for no others."""
    for name in ("Foo", "Baz", "Bar"):
        await running.admin.post("/pacticipants", {"name": name})
    team = await running.team("A", pacticipantNames=["Foo"])
    await running.admin.delete(f"/admin/teams/{DEFAULT_TEAM}")
    sally = await running.person("Sally", roles=[TEST_MAINTAINER], teams=[team])
    for name, written, deleted in (("Foo", 201, 200), ("Baz", 403, 403)):
        pact = f"/pacts/provider/Bar/consumer/{name}/version"
        assert written == (await sally.put(f"{pact}/1", {})).status
        assert 201 == (await running.admin.put(f"{pact}/2", {})).status
        assert deleted == (await sally.delete(f"{pact}/2")).status
        assert 200 == (await sally.get(f"/pacticipants/{name}")).status


async def test_an_administrator_acts_across_the_platform(running: Running) -> None:
    """Seed 002: without any team, on everybody's applications."""
    sally = await running.person("Sally")
    await sally.post("/pacticipants", {"name": "Foo"})
    kevin = await running.person("Kevin", roles=[ADMINISTRATOR], teams=[])
    assert 200 == (await kevin.patch("/pacticipants/Foo", {"displayName": "x"})).status
    assert 201 == (await kevin.put("/pacts/provider/Bar/consumer/Foo/version/1", {})).status
    assert 204 == (await kevin.delete("/integrations/provider/Bar/consumer/Foo")).status


async def test_who_may_not_bulk_delete_is_told_why(running: Running) -> None:
    """Seed 002: neither in the team nor an Administrator, an integration stays; the 403 names what is missing."""
    for name in ("Foo", "Bar"):
        await running.admin.post("/pacticipants", {"name": name})
    await running.team("A", pacticipantNames=["Foo", "Bar"])
    await running.admin.delete(f"/admin/teams/{DEFAULT_TEAM}")
    await running.admin.put("/pacts/provider/Bar/consumer/Foo/version/1", {})
    matt = await running.person("Matt", teams=[])
    refused = await matt.delete("/integrations/provider/Bar/consumer/Foo")
    assert 403 == refused.status
    assert "contract_data:bulk_delete on Foo/Bar" in refused.text
    assert 200 == (await running.admin.get("/pacts/provider/Bar/consumer/Foo/version/1")).status


@pytest.mark.parametrize(("action", "type_"), [("secret:manage", "secret"), ("webhook:manage", "webhook")])
async def test_what_belongs_to_no_team_takes_the_wide_scope(
    running: Running, action: str, type_: str
) -> None:
    """Seed 003: with `team` only what is assigned to a team of one's own; with `*` also what belongs to none."""
    team, other = await running.team("Mine"), await running.team("Other")
    narrow = await running.person("N", roles=[await running.role("Narrow", f"{action}:team")], teams=[team])
    wide = await running.person("W", roles=[await running.role("Wide", f"{action}:*")], teams=[])
    outcomes = {
        who: [
            await _may(running, client, action, type_, team=team),
            await _may(running, client, action, type_, team=other),
            await _may(running, client, action, type_),
        ]
        for who, client in (("narrow", narrow), ("wide", wide))
    }
    assert {"narrow": [True, False, False], "wide": [True, True, True]} == outcomes


async def test_a_teams_system_accounts_are_managed_by_the_team(running: Running) -> None:
    """Seed 003: with system_account:manage:team created, read, updated and deleted within the own team alone."""
    team, other = await running.team("Mine"), await running.team("Other")
    role = await running.role("Team's accounts", "system_account:manage:team")
    sally = await running.person("Sally", roles=[role], teams=[team])
    made = await sally.post("/admin/system-accounts", {"name": "ci", "teamUuid": team})
    assert 201 == made.status, made.text
    place = f"/admin/users/{made.json['uuid']}"
    assert 200 == (await sally.get(place)).status
    assert 200 == (await sally.put(place, {"name": "ci 2"})).status
    assert 204 == (await sally.delete(place)).status
    stranger = await running.system_account("stranger", teams=[other])
    for answer in (
        await sally.get(f"/admin/users/{stranger.id}"),
        await sally.put(f"/admin/users/{stranger.id}", {"name": "mine"}),
        await sally.delete(f"/admin/users/{stranger.id}"),
        await sally.post("/admin/system-accounts", {"name": "ci", "teamUuid": other}),
        await sally.post("/admin/system-accounts", {"name": "ci"}),
    ):
        assert 403 == answer.status


async def test_system_accounts_are_managed_with_a_team_or_none(running: Running) -> None:
    """Seed 003: with system_account:manage:* a new account has a team, or none once there is no Default team."""
    team = await running.team("Any")
    await running.admin.delete(f"/admin/teams/{DEFAULT_TEAM}")
    role = await running.role("All accounts", "system_account:manage:*")
    max_ = await running.person("Max", roles=[role], teams=[])
    for body, teams in (({"name": "a", "teamUuid": team}, [team]), ({"name": "b"}, [])):
        made = await max_.post("/admin/system-accounts", body)
        assert 201 == made.status
        assert teams == [one["uuid"] for one in made.json["_embedded"]["teams"]]


async def test_swapping_everything_for_the_team_by_hand(running: Running) -> None:
    """Seed 003: edited so, the older role manages no secret and no webhook without a team any more."""
    team = await running.team("Mine")
    old = await running.person("Old", roles=[TEST_MAINTAINER], teams=[team])
    place = f"/admin/roles/{TEST_MAINTAINER}"
    role = (await running.admin.get(place)).json
    swapped = {"secret:manage:*": "secret:manage:team", "webhook:manage:*": "webhook:manage:team"}
    scopes = [swapped.get(one["scope"], one["scope"]) for one in role["permissions"]]
    body = {"name": role["name"], "permissions": [{"scope": scope} for scope in scopes]}
    assert 200 == (await running.admin.put(place, body)).status
    for action, type_ in (("secret:manage", "secret"), ("webhook:manage", "webhook")):
        assert not await _may(running, old, action, type_)
        assert await _may(running, old, action, type_, team=team)


async def test_new_accounts_have_the_team_scopes_from_the_start(running: Running) -> None:
    """Seed 003: the built-in role that everybody new is given carries secrets, webhooks and accounts of the team."""
    shown = (await running.admin.get(f"/admin/roles/{USER}")).json
    scopes = {one["scope"] for one in shown["permissions"]}
    assert {"secret:manage:team", "webhook:manage:team", "system_account:manage:team"} <= scopes
    assert not {"secret:manage:*", "webhook:manage:*", "system_account:manage:*"} & scopes


async def test_a_team_has_its_view_of_the_integrations(running: Running) -> None:
    """Seed 002: of many integrations a team's view shows those that its applications take part in."""
    for consumer, provider in (("Foo", "Bar"), ("Bar", "Baz"), ("Qux", "Baz")):
        made = await running.admin.put(f"/pacts/provider/{provider}/consumer/{consumer}/version/1", {})
        assert 201 == made.status
    team = await running.team("Pactflow Demos", pacticipantNames=["Foo"])
    sally = await running.person("Sally", teams=[team])
    links = (await sally.get("/user")).json["_embedded"]["teams"][0]["_links"]
    shown = (await sally.get(links["pf:integrations"]["href"])).json["_embedded"]["integrations"]
    assert [("Foo", "Bar")] == [(one["consumer"]["name"], one["provider"]["name"]) for one in shown]
    assert 3 == len((await sally.get("/integrations")).json["_embedded"]["integrations"])


@pytest.mark.parametrize("scopes", [[], ["contract_data:read:*", "token:manage:own"]], ids=["fewer", "more"])
async def test_a_guest_stays_a_guest(running: Running, scopes: list[str]) -> None:
    """Seeds 001 and 004: contract data in a browser, no access to the API, and the permissions are not modified."""
    guest = await running.person("Guest", roles=[GUEST], teams=[])
    body = {"name": "Guest", "permissions": [{"scope": scope} for scope in scopes]}
    assert 403 == (await running.admin.put(f"/admin/roles/{GUEST}", body)).status
    assert 403 == (await guest.get("/pacticipants")).status
    assert await _may_read_contracts(running, guest)


async def test_a_swaggerhub_role_stays_as_it_is(running: Running) -> None:
    """Seeds 001 and 004: its holder provides a token that reads contracts; the permissions are not modified."""
    hub = await running.person("Hub", roles=[SWAGGERHUB], teams=[])
    body = {"name": "SwaggerHub", "permissions": [{"scope": "contract_data:manage:*"}]}
    assert 403 == (await running.admin.put(f"/admin/roles/{SWAGGERHUB}", body)).status
    (token,) = (await hub.get("/settings/tokens")).json["_embedded"]["items"]
    assert 200 == (await running.client(token["value"]).get("/pacticipants")).status
    assert 403 == (await running.client(token["value"]).post("/pacticipants", {"name": "Foo"})).status


async def _may_read_contracts(running: Running, who: Client) -> bool:
    await running.admin.post("/pacticipants", {"name": "Foo"})
    body = {
        "subject": {"type": "user", "id": who.id},
        "action": {"name": "contract_data:read"},
        "resource": {"type": "application", "id": "Foo"},
    }
    return bool((await running.admin.post("/access/v1/evaluation", body)).json["decision"])
