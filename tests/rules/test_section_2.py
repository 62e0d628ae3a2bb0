"""Section 2: the predefined roles, as an account has them on its first day."""

from typing import Any

import msgspec
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
from tests.given import GUEST, ORGANIZATION_ADMINISTRATOR, SCIM, SWAGGERHUB, TEST_MAINTAINER, VIEWER, Account
from tests.service import Running


class Predefined(msgspec.Struct, frozen=True):
    """What section 2 says of a role. Nothing that is predefined can be deleted."""

    name: str
    scopes: str
    editable: bool = True
    assignable: bool = True
    api_access: bool = True


PREDEFINED = {
    ADMINISTRATOR: Predefined(
        "Administrator",
        "authentication_settings:manage:* contract_data:bulk_delete:* contract_data:manage:*"
        " deployment_and_release:record:* environment:manage:* role:manage:* secret:manage:* system_account:manage:*"
        " system_preference:manage:* team:manage:* token:manage:own user:invite user:manage:* webhook:manage:*",
    ),
    USER: Predefined(
        "User",
        "ai:* contract_data:bulk_delete:own contract_data:bulk_delete:team contract_data:manage:own"
        " contract_data:manage:team contract_data:read:* environment:read:team* role:read:* secret:manage:team"
        " system_account:manage:team system_account:read:* team:read:* token:manage:own user:read:*"
        " webhook:manage:team",
    ),
    CI_CD: Predefined(
        "CI/CD",
        "contract_data:manage:own contract_data:manage:team contract_data:read:* deployment_and_release:record:*"
        " environment:read:*",
    ),
    TEAM_ADMINISTRATOR: Predefined("Team Administrator", "", editable=False, assignable=False),
    VIEWER: Predefined("Viewer", "contract_data:read:* read_token:manage:own team:read:* user:read:*"),
    GUEST: Predefined("Guest", "contract_data:read:*", editable=False, api_access=False),
    SWAGGERHUB: Predefined("SwaggerHub", "environment:read:* contract_data:read:*", editable=False),
    SCIM: Predefined(
        "SCIM",
        "team:manage:* user:invite:* user:manage:* user:manage_scim_attributes:*",
        editable=False,
    ),
    TEST_MAINTAINER: Predefined(
        "Test Maintainer",
        "contract_data:bulk_delete:own contract_data:manage:own contract_data:manage:team contract_data:read:*"
        " role:read:* secret:manage:* system_account:read:* team:read:* token:manage:own user:read:*"
        " webhook:manage:*",
    ),
    ORGANIZATION_ADMINISTRATOR: Predefined(
        "Organization Administrator",
        "authentication_settings:manage:* role:manage:* system_account:manage:* team:manage:* user:invite"
        " user:manage:*",
        editable=False,
        assignable=False,
        api_access=False,
    ),
}
BY_ROLE = pytest.mark.parametrize("role", sorted(PREDEFINED), ids=lambda role: PREDEFINED[role].name)
UUIDS = {
    "Administrator": "cf75d7c2-416b-11ea-af5e-53c3b1a4efd8",
    "User": "e9282e22-416b-11ea-a16e-57ee1bb61d18",
    "CI/CD": "c1878b8e-d09e-11ea-8fde-af02c4677eb7",
    "Team Administrator": "d635f960-88f2-4f13-8043-4641a02dffa0",
    "Viewer": "9fa50562-a42b-4771-aa8e-4bb3d623ae60",
    "Guest": "d6938de2-e37c-11eb-b80e-3f68328092ca",
}
"""What clients know; the UUIDs of the other roles are ours."""


@BY_ROLE
async def test_a_predefined_role_has_its_permissions_and_flags(running: Running, role: str) -> None:
    """Section 2 and seed 001: UUID, name, permissions to the letter, and what is told of it."""
    wanted = PREDEFINED[role]
    shown = (await running.admin.get(f"/admin/roles/{role}")).json
    assert (wanted.name, True) == (shown["name"], shown["systemDefined"])
    assert sorted(wanted.scopes.split()) == sorted(one["scope"] for one in shown["permissions"])
    flags = (not shown["locked"], shown["assignable"], shown["apiAccess"])
    # Team Administrator gives access to the API «through other roles» only: it is never held as a role.
    assert (wanted.editable, wanted.assignable, wanted.api_access) == flags
    assert UUIDS.get(wanted.name, role) == role


@BY_ROLE
async def test_a_predefined_role_is_edited_where_it_may_be_and_never_deleted(
    running: Running, role: str
) -> None:
    """Section 2, seeds 001 and 004: a locked role stays as it is, no predefined one is deleted; `_actions` say so."""
    wanted, place = PREDEFINED[role], f"/admin/roles/{role}"
    before = (await running.admin.get(place)).json
    assert (["update"] if wanted.editable else []) == [one["name"] for one in before["_actions"]]
    kept = [{"scope": one["scope"]} for one in before["permissions"]]
    extra = [*kept, {"scope": "audit:read:*"}]
    for body in (
        {"name": wanted.name, "permissions": extra},
        {"name": f"{wanted.name} 2", "permissions": kept},
        {"name": wanted.name, "permissions": kept, "description": "Another"},
    ):
        answer = await running.admin.put(place, body)
        assert (200 if wanted.editable else 403) == answer.status, answer.text
    assert 403 == (await running.admin.delete(place)).status
    assert 200 == (await running.admin.get(place)).status


@BY_ROLE
async def test_a_predefined_role_is_given_where_it_may_be(running: Running, role: str) -> None:
    """Section 2: Team Administrator and Organization Administrator cannot be assigned, in no form; all others can."""
    sally = await running.person("Sally")
    place = f"/admin/users/{sally.id}/roles"
    assignable = PREDEFINED[role].assignable
    assert (204 if assignable else 400) == (await running.admin.put(place, {"roles": [role]})).status
    assert (204 if assignable else 400) == (await running.admin.put(f"{place}/{role}")).status
    held = {one["uuid"] for one in (await running.admin.get(f"/admin/users/{sally.id}")).json["roles"]}
    assert ({role} if assignable else {USER}) == held
    assert 204 == (await running.admin.delete(f"{place}/{role}")).status


@pytest.mark.parametrize(
    "role",
    [role for role, one in PREDEFINED.items() if one.assignable],
    ids=lambda role: PREDEFINED[role].name,
)
async def test_a_predefined_role_gives_access_to_the_api_or_not(running: Running, role: str) -> None:
    """Section 2, seeds 001 and 004: who holds this role alone may use the API, but not a Guest, by either token."""
    sally = await running.person("Sally", roles=[role], teams=[])
    for client in (sally, sally.read_only()):
        answer = await client.get("/user")
        assert (200 if PREDEFINED[role].api_access else 403) == answer.status


def test_no_role_is_there_but_the_documented_and_our_own() -> None:
    """Section 2: the seeds' ten roles; Auditor, Decision Client and Registrar are ours; No Access is left out."""
    assert {*PREDEFINED, AUDITOR, DECISION_CLIENT, REGISTRAR} == {role.id for role in Account().now.roles()}


async def test_who_is_given_which_role_without_asking(running: Running) -> None:
    """Section 2: the first principal Administrator, new people User, new system accounts CI/CD, nobody any other."""
    sally, robot = await running.person("Sally"), await running.system_account("robot")
    team = await running.team("A", administratorUuids=[sally.id])

    async def held(principal: str) -> list[str]:
        document = (await running.admin.get(f"/admin/users/{principal}")).json
        return sorted(one["name"] for one in document["_embedded"]["roles"])

    first = (await running.admin.get("/user")).json
    assert "Administrator" in [one["name"] for one in first["_embedded"]["roles"]]
    assert ["Team Administrator", "User"] == await held(sally.id)
    assert ["CI/CD"] == await held(robot.id)
    assert 204 == (await running.admin.delete(f"/admin/teams/{team}")).status
    assert ["User"] == await held(sally.id)


async def test_a_team_administrators_permissions_are_computed(running: Running) -> None:
    """Section 2: one `team:manage:{uuid}` for each administered team, and none in the role itself."""
    sally = await running.person("Sally")
    teams = [await running.team(name, administratorUuids=[sally.id]) for name in ("A", "B")]
    document = (await running.admin.get(f"/admin/users/{sally.id}")).json
    held = next(one for one in document["_embedded"]["roles"] if one["uuid"] == TEAM_ADMINISTRATOR)
    assert {f"team:manage:{team}" for team in teams} == {one["scope"] for one in held["permissions"]}
    assert [] == (await running.admin.get(f"/admin/roles/{TEAM_ADMINISTRATOR}")).json["permissions"]


async def test_the_default_team_has_the_known_uuid(running: Running) -> None:
    """Section 2: clients know the Default team of a new account by its UUID."""
    assert "4ac05ed8-9e3b-4159-96c0-ad19e3b93658" == DEFAULT_TEAM
    assert "Default" == (await running.admin.get(f"/admin/teams/{DEFAULT_TEAM}")).json["name"]


async def test_administering_a_team_gives_no_access_by_itself(running: Running) -> None:
    """Section 2: Team Administrator uses the API through other roles; without any it has no access."""
    sally = await running.person("Sally", roles=[], teams=[])
    team = await running.team("A", administratorUuids=[sally.id])
    assert 403 == (await sally.get(f"/admin/teams/{team}")).status
    assert 403 == (await sally.put(f"/admin/teams/{team}", {"name": "B"})).status
    nothing = await running.role("Nothing")
    assert 204 == (await running.admin.put(f"/admin/users/{sally.id}/roles", {"roles": [nothing]})).status
    assert 200 == (await sally.get(f"/admin/teams/{team}")).status


async def test_a_reset_restores_predefined_roles_and_nothing_else(running: Running) -> None:
    """Section 2 and seeds 001 and 004: the defaults return; custom roles and who holds which role stay as they were."""
    custom = await running.role("Custom", "role:read:*")
    sally = await running.person("Sally", roles=[custom, VIEWER, TEST_MAINTAINER])
    shown = (await running.admin.get("/admin/roles")).json
    at_first = {one["uuid"]: _definition(one) for one in shown["_embedded"]["roles"]}
    for role, one in PREDEFINED.items():
        if one.editable and role != ADMINISTRATOR:
            body = {"name": f"{one.name} 2", "permissions": [{"scope": "audit:read:*"}]}
            assert 200 == (await running.admin.put(f"/admin/roles/{role}", body)).status
    answer = await running.admin.post(shown["_links"]["pf:reset"]["href"])
    assert 200 == answer.status
    restored = {one["uuid"]: _definition(one) for one in answer.json["_embedded"]["roles"]}
    assert at_first == restored
    held = {one["uuid"] for one in (await running.admin.get(f"/admin/users/{sally.id}")).json["roles"]}
    assert {custom, VIEWER, TEST_MAINTAINER} == held


async def test_the_way_to_a_reset_is_shown_to_who_may(running: Running) -> None:
    """Section 2 and seeds 001 and 004: index, then `pf:admin-roles`, then `pf:reset`, which others do not see."""
    for roles, sees in (([ADMINISTRATOR], True), ([USER], False)):
        client = await running.person(f"P{sees}", roles=roles)
        index = (await client.get("/")).json["_links"]
        listed = await client.get(index["pf:admin-roles"]["href"])
        assert 200 == listed.status
        assert sees == ("pf:reset" in listed.json["_links"])
        status = 200 if sees else 403
        assert status == (await client.post("/admin/roles/reset")).status
        assert status == (await client.post("/admin/roles/reset", {})).status
    looker = await running.person("Looker", roles=[VIEWER])
    assert "pf:admin-roles" not in (await looker.get("/")).json["_links"]


async def test_a_role_with_global_rights_gets_todays_set(running: Running) -> None:
    """Section 2 and seeds 001 and 004: the globally scoped User becomes the team scoped one by a reset."""
    everything = ("contract_data:manage:*", "secret:manage:*", "webhook:manage:*", "system_account:manage:*")
    body: dict[str, object] = {
        "name": "Test Maintainers",
        "permissions": [{"scope": scope} for scope in everything],
    }
    assert 200 == (await running.admin.put(f"/admin/roles/{USER}", body)).status
    answer = await running.admin.post("/admin/roles/reset", {})
    user = next(one for one in answer.json["_embedded"]["roles"] if one["uuid"] == USER)
    assert sorted(PREDEFINED[USER].scopes.split()) == sorted(one["scope"] for one in user["permissions"])
    assert "User" == user["name"]


def _definition(role: Any) -> tuple[str, str, list[str]]:
    return role["name"], role.get("description", ""), sorted(one["scope"] for one in role["permissions"])
