"""Section 3.1: people and system accounts, and who gives them roles."""

import pytest

from service.catalogue.compiled import (
    ADMINISTRATOR,
    AUDITOR,
    CI_CD,
    DECISION_CLIENT,
    DEFAULT_TEAM,
    REGISTRAR,
    TEAM_ADMINISTRATOR,
    USER,
)
from tests.given import VIEWER
from tests.service import Running


async def test_what_a_person_is(running: Running) -> None:
    """Section 3.1: type 0, `User`, with the User role and in the Default team."""
    sally = await running.person("Sally")
    shown = (await running.admin.get(f"/admin/users/{sally.id}")).json
    assert (0, "User") == (shown["type"], shown["typeDescription"])
    assert [USER] == [one["uuid"] for one in shown["_embedded"]["roles"]]
    assert [DEFAULT_TEAM] == [one["uuid"] for one in shown["_embedded"]["teams"]]


async def test_what_a_system_account_is(running: Running) -> None:
    """Section 3.1: type 1, `System Account`, with the CI/CD role, in the Default team, with tokens from the start."""
    robot = await running.system_account("robot")
    shown = (await running.admin.get(f"/admin/users/{robot.id}")).json
    assert (1, "System Account") == (shown["type"], shown["typeDescription"])
    assert [CI_CD] == [one["uuid"] for one in shown["_embedded"]["roles"]]
    assert [DEFAULT_TEAM] == [one["uuid"] for one in shown["_embedded"]["teams"]]
    assert 200 == (await robot.get("/user")).status


async def test_a_system_account_never_signs_in(running: Running) -> None:
    """Section 3.1: it has its tokens and nothing else; inviting its address makes no code, for nobody."""
    body = {"name": "robot", "email": "robot@example.org"}
    assert 201 == (await running.admin.post("/admin/system-accounts", body)).status
    before = running.position
    invited = await running.admin.post("/admin/users/invite-user", body)
    assert (409, False) == (invited.status, "invitation" in invited.json)
    assert before == running.position


async def test_the_first_principal_is_user_and_administrator(running: Running) -> None:
    """Section 3.1: who opens the account holds both roles, and our own ones."""
    first = (await running.admin.get("/user")).json
    assert {ADMINISTRATOR, USER, AUDITOR, DECISION_CLIENT, REGISTRAR} == {
        one["uuid"] for one in first["_embedded"]["roles"]
    }


async def test_a_person_holds_several_roles(running: Running) -> None:
    """Section 3.1: any number of them, at the same time."""
    roles = {USER, VIEWER, CI_CD, await running.role("Custom")}
    sally = await running.person("Sally", roles=sorted(roles))
    assert roles == {one["uuid"] for one in (await sally.get("/user")).json["_embedded"]["roles"]}


@pytest.mark.parametrize(
    "request_",
    [
        ("PUT", "/admin/users/<me>/roles", {"roles": [VIEWER]}),
        ("PUT", "/admin/users/<me>/roles", {"roles": []}),
        ("PUT", f"/admin/users/<me>/roles/{VIEWER}", None),
        ("DELETE", f"/admin/users/<me>/roles/{ADMINISTRATOR}", None),
        ("PUT", "/admin/users/<me>/role/admin", {}),
        ("DELETE", "/admin/users/<me>/role/admin", {}),
    ],
    ids=lambda request: f"{request[0]} {request[1]} {request[2]}",
)
async def test_nobody_changes_their_own_roles(running: Running, request_: tuple[str, str, object]) -> None:
    """Section 3.1: neither singly nor in bulk nor by the older way, be it an Administrator or a system account."""
    method, path, body = request_
    first = (await running.admin.get("/user")).json["uuid"]
    robot = await running.system_account("robot", roles=[ADMINISTRATOR])
    for client, me in ((running.admin, first), (robot, robot.id)):
        before = (await running.admin.get(f"/admin/users/{me}")).json["_embedded"]["roles"]
        assert 403 == (await client.ask(method, path.replace("<me>", me), json=body)).status
        assert before == (await running.admin.get(f"/admin/users/{me}")).json["_embedded"]["roles"]


@pytest.mark.parametrize(
    ("scopes", "person", "account"),
    [
        (("user:manage:*",), 204, 403),
        (("system_account:manage:*",), 403, 204),
        (("system_account:manage:team",), 403, 403),
        (("user:invite", "user:read:*", "role:manage:*", "team:manage:*"), 403, 403),
    ],
)
async def test_who_gives_roles(running: Running, scopes: tuple[str, ...], person: int, account: int) -> None:
    """Section 3.1: people's roles need user:manage:*, system accounts' system_account:manage:*, in every form."""
    team = await running.team("Shared")
    sally = await running.person("Sally", roles=[await running.role("Gives", *scopes)], teams=[team])
    billy = await running.person("Billy", teams=[team])
    robot = await running.system_account("robot", teams=[team])
    for other, status in ((billy, person), (robot, account)):
        place = f"/admin/users/{other.id}/roles"
        assert status == (await sally.put(place, {"roles": [VIEWER]})).status
        assert status == (await sally.put(f"{place}/{CI_CD}")).status
        assert status == (await sally.delete(f"{place}/{CI_CD}")).status
        legacy = (await sally.put(f"/admin/users/{other.id}/role/admin", {})).status
        assert (200 if status == 204 else 403) == legacy


async def test_a_teams_administrator_changes_nobodys_roles(running: Running) -> None:
    """Section 3.1: administering a team gives no right over its members' roles, people's or system accounts'."""
    team = await running.team("A")
    reads = await running.role("Reads users", "user:read:*", "role:read:*")
    sally = await running.person("Sally", roles=[reads], teams=[team])
    billy, robot = (
        await running.person("Billy", teams=[team]),
        await running.system_account("r", teams=[team]),
    )
    body = {"name": "A", "administratorUuids": [sally.id]}
    assert 200 == (await running.admin.put(f"/admin/teams/{team}", body)).status
    assert TEAM_ADMINISTRATOR in {
        one["uuid"] for one in (await sally.get("/user")).json["_embedded"]["roles"]
    }
    for member in (billy, robot, sally):
        place = f"/admin/users/{member.id}/roles"
        assert 403 == (await sally.put(place, {"roles": [ADMINISTRATOR]})).status
        assert 403 == (await sally.put(f"{place}/{ADMINISTRATOR}")).status
        assert 403 == (await sally.put(f"/admin/users/{member.id}/role/admin", {})).status
