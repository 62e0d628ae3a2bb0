"""Section 3.2: teams, who administers them, what belongs to them, and what their end leaves."""

from typing import Any

import pytest

from service.catalogue.compiled import DEFAULT_TEAM
from tests.rules import deeds
from tests.service import Client, Running


async def _environment(running: Running, name: str, *teams: str) -> str:
    body = {"name": name, "production": False, "teamUuids": list(teams)}
    made = await running.admin.post("/environments", body)
    assert 201 == made.status, made.text
    return str(made.json["uuid"])


async def _embedded(running: Running, team: str, what: str, key: str = "uuid") -> list[str]:
    document = (await running.admin.get(f"/admin/teams/{team}")).json
    return sorted(one[key] for one in document["_embedded"][what])


async def test_a_teams_name_is_unique(running: Running) -> None:
    """Section 3.2: another team of the same name is refused; a team may be sent its own name again."""
    team = await running.team("A")
    assert 409 == (await running.admin.post("/admin/teams", {"name": "A"})).status
    assert 200 == (await running.admin.put(f"/admin/teams/{team}", {"name": "A"})).status


async def test_what_belongs_to_a_team_and_to_many(running: Running) -> None:
    """Section 3.2: people and system accounts, administrators, applications, environments; each in many teams."""
    sally, robot = await running.person("Sally", teams=[]), await running.system_account("robot", teams=[])
    await running.admin.post("/pacticipants", {"name": "Foo"})
    environment = await _environment(running, "test")
    for name in ("A", "B"):
        team = await running.team(
            name, pacticipantNames=["Foo"], administratorUuids=[sally.id], environmentUuids=[environment]
        )
        put = await running.admin.put(f"/admin/teams/{team}/users", {"users": [sally.id, robot.id]})
        assert 200 == put.status
        assert sorted([sally.id, robot.id]) == await _embedded(running, team, "members")
        assert [sally.id] == await _embedded(running, team, "administrators")
        assert ["Foo"] == await _embedded(running, team, "pacticipants", "name")
        assert [environment] == await _embedded(running, team, "environments")


async def test_everybody_and_every_application_joins_the_default_team(running: Running) -> None:
    """Section 3.2: while it exists, each new person, system account and application, however it comes to be."""
    sally, robot = await running.person("Sally"), await running.system_account("robot")
    await running.admin.post("/pacticipants", {"name": "Foo"})
    await running.admin.put("/pacts/provider/Bar/consumer/Baz/version/1", {})
    members = await _embedded(running, DEFAULT_TEAM, "members")
    assert {sally.id, robot.id} <= set(members)
    assert ["Bar", "Baz", "Foo"] == await _embedded(running, DEFAULT_TEAM, "pacticipants", "name")


async def test_the_default_team_goes_once_there_is_another_and_nothing_is_joined_after(
    running: Running,
) -> None:
    """Section 3.2: 422 while it is the only team; afterwards nobody and nothing joins a team by itself."""
    assert 422 == (await running.admin.delete(f"/admin/teams/{DEFAULT_TEAM}")).status
    team = await running.team("A")
    assert 204 == (await running.admin.delete(f"/admin/teams/{DEFAULT_TEAM}")).status
    sally, robot = await running.person("Sally"), await running.system_account("robot")
    await running.admin.post("/pacticipants", {"name": "Foo"})
    for principal in (sally, robot):
        shown = (await running.admin.get(f"/admin/users/{principal.id}")).json
        assert [] == shown["_embedded"]["teams"]
    assert [] == await _embedded(running, team, "members")
    assert [] == await _embedded(running, team, "pacticipants", "name")
    assert 204 == (await running.admin.delete(f"/admin/teams/{team}")).status


async def test_an_administrator_is_no_member(running: Running) -> None:
    """Section 3.2: administering and belonging are two, neither brings the other, and `team` needs the latter."""
    role = await running.role("Team's own", "contract_data:manage:team", "user:read:*")
    sally = await running.person("Sally", roles=[role], teams=[])
    await running.admin.post("/pacticipants", {"name": "Foo"})
    team = await running.team("A", administratorUuids=[sally.id], pacticipantNames=["Foo"])
    assert [] == await _embedded(running, team, "members")
    assert [] == (await sally.get("/user")).json["_embedded"]["teams"]
    assert 403 == (await sally.patch("/pacticipants/Foo", {"displayName": "x"})).status
    billy = await running.person("Billy", teams=[team])
    assert [sally.id] == await _embedded(running, team, "administrators")
    assert [billy.id] == await _embedded(running, team, "members")


async def test_what_a_teams_administrator_may(running: Running) -> None:
    """Section 3.2: name, administrators, members, applications and environments of that team; see its environments."""
    sally = await running.person("Sally", roles=[await running.role("Reads users", "user:read:*")], teams=[])
    billy = await running.person("Billy", teams=[])
    await running.admin.post("/pacticipants", {"name": "Foo"})
    team, environment = (
        await running.team("A", administratorUuids=[sally.id]),
        await _environment(running, "test"),
    )
    body = {
        "name": "A2",
        "administratorUuids": [sally.id, billy.id],
        "pacticipantNames": ["Foo"],
        "environmentUuids": [environment],
    }
    assert 403 == (await sally.get(f"/environments/{environment}")).status
    assert 200 == (await sally.put(f"/admin/teams/{team}", body)).status
    assert 200 == (await sally.get(f"/environments/{environment}")).status
    assert [environment] == [
        one["uuid"] for one in (await sally.get("/environments")).json["_embedded"]["environments"]
    ]
    users = f"/admin/teams/{team}/users"
    patch = [{"op": "add", "path": "/users", "value": {"uuid": billy.id}}]
    for answer in (
        await sally.put(users, {"users": [billy.id]}),
        await sally.post(users, {"users": [sally.id]}),
        await sally.patch(users, patch),
    ):
        assert 200 == answer.status
    assert 204 == (await sally.delete(f"{users}/{billy.id}")).status


async def test_what_a_teams_administrator_may_not(running: Running) -> None:
    """Section 3.2: neither make nor delete a team, the own one included, nor touch another one."""
    sally = await running.person("Sally", roles=[await running.role("Reads users", "user:read:*")], teams=[])
    team, other = await running.team("A", administratorUuids=[sally.id]), await running.team("B")
    for answer in (
        await sally.post("/admin/teams", {"name": "C"}),
        await sally.delete(f"/admin/teams/{team}"),
        await sally.put(f"/admin/teams/{other}", {"name": "B2"}),
        await sally.put(f"/admin/teams/{other}/users", {"users": [sally.id]}),
        await sally.get(f"/admin/teams/{other}"),
        await sally.post("/environments", {"name": "x", "production": False, "teamUuids": [team]}),
    ):
        assert 403 == answer.status


async def test_adding_members_takes_the_right_to_see_people(running: Running) -> None:
    """Section 3.2: a team's administrator without user:read:* adds nobody, by no form, and may still remove."""
    sally = await running.person("Sally", roles=[await running.role("Nothing")], teams=[])
    billy = await running.person("Billy", teams=[])
    team = await running.team("A", administratorUuids=[sally.id])
    users = f"/admin/teams/{team}/users"
    patch = [{"op": "add", "path": "/users", "value": {"uuid": billy.id}}]
    for answer in (
        await sally.put(users, {"users": [billy.id]}),
        await sally.post(users, {"users": [billy.id]}),
        await sally.patch(users, patch),
    ):
        assert 403 == answer.status
    assert 200 == (await running.admin.put(users, {"users": [billy.id]})).status
    assert 204 == (await sally.delete(f"{users}/{billy.id}")).status


@pytest.mark.parametrize("scopes", [("team:manage:*",), ("team:manage:*", "role:read:*")])
async def test_teams_are_made_and_deleted_by_who_manages_all(
    running: Running, scopes: tuple[str, ...]
) -> None:
    """Section 3.2: creating and deleting need team:manage:*, with which members are added without user:read too."""
    world = await deeds.world(running, *scopes)
    for deed in ("make a team", "add a member", "remove a member", "delete a team"):
        assert (await world.tries(deed)).status < 300, deed


async def test_a_teams_end_leaves_its_things(running: Running) -> None:
    """Section 3.2: members, applications and environments live on unlinked; its administrators lose what it gave."""
    role = await running.role("Team's own", "contract_data:manage:team")
    sally, billy = (
        await running.person("Sally", roles=[role], teams=[]),
        await running.person("Billy", teams=[]),
    )
    await running.admin.post("/pacticipants", {"name": "Foo"})
    team = await running.team("A", administratorUuids=[billy.id], pacticipantNames=["Foo"])
    await running.admin.put(f"/admin/teams/{team}/users", {"users": [sally.id]})
    environment = await _environment(running, "test", team)
    assert 200 == (await sally.patch("/pacticipants/Foo", {"displayName": "x"})).status
    assert 204 == (await running.admin.delete(f"/admin/teams/{team}")).status
    assert 403 == (await sally.patch("/pacticipants/Foo", {"displayName": "y"})).status
    assert 200 == (await running.admin.get("/pacticipants/Foo")).status
    assert [] == (await running.admin.get(f"/environments/{environment}")).json["teamUuids"]
    assert [] == (await sally.get("/user")).json["_embedded"]["teams"]
    held = (await billy.get("/user")).json["_embedded"]["roles"]
    assert ["User"] == [one["name"] for one in held]


async def test_a_deleted_teams_secrets_and_webhooks_are_of_no_team(running: Running) -> None:
    """Section 3.2: they live on and take manage:* from then on; a name that is taken is kept in conflict (point 13)."""
    scopes = ("secret:manage:team", "webhook:manage:team")
    team, admin = await running.team("A"), running.admin
    sally = await running.person("Sally", roles=[await running.role("Team's own", *scopes)], teams=[team])
    webhook = {
        "description": "Build",
        "teamUuid": team,
        "request": {"method": "POST", "url": "https://ci.example.org/${user.Url}"},
    }
    secrets = ({"name": name, "value": name, "teamUuid": team} for name in ("Token", "Url"))
    made = [await sally.post("/secrets", one) for one in secrets] + [await sally.post("/webhooks", webhook)]
    assert [201, 201, 201] == [one.status for one in made], [one.text for one in made]
    token, url, build = (
        f"/{noun}/{one.json['uuid']}"
        for noun, one in zip(("secrets", "secrets", "webhooks"), made, strict=True)
    )
    wide = await admin.post("/secrets", {"name": "Token", "value": "of no team"})
    before = running.position
    tried = (await admin.delete(f"/admin/teams/{team}?dry_run=true")).json
    would = {one["kind"]: one["records"] for one in tried["would"]}
    assert (2, 1) == (would["secret.moved"], would["webhook.moved"])
    leaves = tried["leaves"]
    assert (2, 1, 1) == (
        *(leaves["secrets"][it] for it in ("number", "conflicting")),
        leaves["webhooks"]["number"],
    )
    assert {("Token", True), ("Url", False)} == {
        (one["name"], one.get("conflicting", False)) for one in leaves["secrets"]["first"]
    }
    assert ["Build"] == [one["description"] for one in leaves["webhooks"]["first"]]
    max_ = await running.person("Max", roles=[await running.role("Teams", "team:manage:*")], teams=[])
    blind = (await max_.delete(f"/admin/teams/{team}?dry_run=true")).json["leaves"]
    assert {"number": 2, "first": [{"uuid": token[9:]}, {"uuid": url[9:]}]} == blind["secrets"]
    assert {"number": 1, "first": [{"uuid": build[10:]}]} == blind["webhooks"]
    assert 204 == (await admin.delete(f"/admin/teams/{team}")).status
    for place in (token, url, build):
        assert 403 == (await sally.get(place)).status
        assert "teamUuid" not in (await admin.get(place)).json
        assert team == (await admin.get(f"{place}?as_of={before}")).json["teamUuid"]
        noun, _, id_ = place[1:].partition("/")
        newest = await admin.get(f"/audit?touches={noun[:-1]}:{id_}&sort=-timestamp&pageSize=1")
        assert f"{noun[:-1]}.moved" == newest.json["events"][0]["kind"]
        assert 403 == (await sally.delete(place)).status
    conflicts = {one["uuid"]: "conflicting" in one for one in await _secrets(admin)}
    assert {token[9:]: True, url[9:]: False, wide.json["uuid"]: False} == conflicts
    renamed = await admin.put(token, {"name": "OldToken"})
    assert (200, False) == (renamed.status, "conflicting" in renamed.json)
    assert 204 == (await admin.delete(build)).status


async def _secrets(client: Client) -> Any:
    return (await client.get("/secrets")).json["_embedded"]["secrets"]


async def test_the_trail_shows_every_effect_of_a_teams_end(running: Running) -> None:
    """Section 3.2: whoever belonged, administered, was owned or attached has the unlinking in the own trail."""
    sally, billy = await running.person("Sally", teams=[]), await running.person("Billy", teams=[])
    await running.admin.post("/pacticipants", {"name": "Foo"})
    team = await running.team("A", administratorUuids=[billy.id], pacticipantNames=["Foo"])
    await running.admin.put(f"/admin/teams/{team}/users", {"users": [sally.id]})
    environment = await _environment(running, "test", team)
    before = running.position
    assert 204 == (await running.admin.delete(f"/admin/teams/{team}")).status
    for thing, kind in {
        f"user:{sally.id}": "team.members_changed",
        f"user:{billy.id}": "team.administrators_changed",
        "application:Foo": "team.applications_changed",
        f"environment:{environment}": "team.environments_changed",
        f"team:{team}": "team.deleted",
    }.items():
        newest = (await running.admin.get(f"/audit?touches={thing}&sort=-timestamp&pageSize=1")).json[
            "events"
        ][0]
        assert (kind, True) == (newest["kind"], newest["position"] > before), thing


async def test_a_disabled_member_stays_and_the_team_can_be_changed(running: Running) -> None:
    """Section 3.2: whoever is disabled stays a member; a change of the team that names them works."""
    sally, billy = await running.person("Sally", teams=[]), await running.person("Billy", teams=[])
    team = await running.team("A")
    users = f"/admin/teams/{team}/users"
    await running.admin.put(users, {"users": [sally.id]})
    assert 200 == (await running.admin.put(f"/admin/users/{sally.id}", {"active": False})).status
    assert [sally.id] == await _embedded(running, team, "members")
    assert 200 == (await running.admin.put(users, {"users": [sally.id, billy.id]})).status
    assert 200 == (await running.admin.put(f"/admin/teams/{team}", {"name": "A2"})).status
    assert sorted([sally.id, billy.id]) == await _embedded(running, team, "members")


async def test_an_environment_is_attached_from_either_side(running: Running) -> None:
    """Section 3.2: by the environment (environment:manage:*) or by the team (team:manage), with the same effect."""
    attaching = await running.person(
        "Ann", roles=[await running.role("Environments", "environment:manage:*")], teams=[]
    )
    managing = await running.person("Max", roles=[await running.role("Teams", "team:manage:*")], teams=[])
    team, environment = await running.team("A"), await _environment(running, "test")
    body = {"name": "test", "production": False}
    put = await attaching.put(f"/environments/{environment}", {**body, "teamUuids": [team]})
    assert 200 == put.status, put.text
    assert [environment] == await _embedded(running, team, "environments")
    assert 403 == (await managing.put(f"/environments/{environment}", {**body, "teamUuids": []})).status
    edit = {"name": "A", "environmentUuids": []}
    assert 403 == (await attaching.put(f"/admin/teams/{team}", edit)).status
    assert 200 == (await managing.put(f"/admin/teams/{team}", edit)).status
    assert [] == (await running.admin.get(f"/environments/{environment}")).json["teamUuids"]


async def test_a_team_that_is_sent_without_its_lists(running: Running) -> None:
    """Section 3.2 as section 7 settles it: absent environments stay, absent applications and administrators go."""
    sally = await running.person("Sally", teams=[])
    await running.admin.post("/pacticipants", {"name": "Foo"})
    environment = await _environment(running, "test")
    team = await running.team(
        "A", administratorUuids=[sally.id], pacticipantNames=["Foo"], environmentUuids=[environment]
    )
    assert 200 == (await running.admin.put(f"/admin/teams/{team}", {"name": "A"})).status
    assert [environment] == await _embedded(running, team, "environments")
    assert [] == await _embedded(running, team, "administrators")
    assert [] == await _embedded(running, team, "pacticipants", "name")


async def test_all_members_are_counted(running: Running) -> None:
    """Section 3.2 as section 7 settles it: system accounts and disabled people count, administrators do not."""
    sally, robot = await running.person("Sally", teams=[]), await running.system_account("robot", teams=[])
    billy = await running.person("Billy", teams=[])
    team = await running.team("A", administratorUuids=[billy.id])
    await running.admin.put(f"/admin/teams/{team}/users", {"users": [sally.id, robot.id]})
    await running.admin.put(f"/admin/users/{sally.id}", {"active": False})
    assert 2 == (await running.admin.get(f"/admin/teams/{team}")).json["numberOfMembers"]


async def test_sally_billy_and_kevin(running: Running) -> None:
    """Section 3.2 and seed 002: Sally manages Foo and Bar, Billy Bar and Baz, Kevin all; Sally's Baz is a 403."""
    for name in ("Foo", "Bar", "Baz"):
        await running.admin.post("/pacticipants", {"name": name})
    teams = {
        "A": await running.team("A", pacticipantNames=["Foo", "Bar"]),
        "B": await running.team("B", pacticipantNames=["Bar", "Baz"]),
    }
    await running.admin.delete(f"/admin/teams/{DEFAULT_TEAM}")
    roles = (await running.admin.get("/admin/roles")).json["_embedded"]["roles"]
    maintainer = next(one["uuid"] for one in roles if one["name"] == "Test Maintainer")
    sally = await running.person("Sally", roles=[maintainer], teams=[teams["A"]])
    billy = await running.person("Billy", roles=[maintainer], teams=[teams["B"]])
    administrator = next(one["uuid"] for one in roles if one["name"] == "Administrator")
    kevin = await running.person("Kevin", roles=[administrator], teams=[])

    async def published(client: Client) -> list[str]:
        found: list[str] = []
        for name in ("Foo", "Bar", "Baz"):
            answer: Any = await client.put(f"/pacts/provider/Qux/consumer/{name}/version/{client.id}", {})
            if answer.status in (200, 201):
                found.append(name)
            else:
                assert 403 == answer.status
                assert answer.text.startswith("Forbidden. Either you are using a read only token")
        return found

    await running.admin.post("/pacticipants", {"name": "Qux"})
    assert ["Foo", "Bar"] == await published(sally)
    assert ["Bar", "Baz"] == await published(billy)
    assert ["Foo", "Bar", "Baz"] == await published(kevin)
