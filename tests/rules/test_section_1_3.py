"""Section 1.3: where the documents differ, and what was chosen."""

import pytest

from service.catalogue.compiled import ADMINISTRATOR, CI_CD, USER
from tests.given import GUEST, TEST_MAINTAINER, VIEWER, Account
from tests.rules import deeds
from tests.rules.test_section_1_1 import DONE
from tests.service import Running

ALIASES = {
    "environment:read:team*": "environment:read:team",
    "user:invite:*": "user:invite",
    "authentication_settings:manage": "authentication_settings:manage:*",
}


def _scopes(account: Account, role: str) -> set[str]:
    return set(account.now.role(role).scopes)


@pytest.mark.parametrize("alias", sorted(ALIASES))
async def test_an_alias_is_taken_and_means_the_same(running: Running, alias: str) -> None:
    """Section 1.3, Q1 to Q3: the other spelling is accepted and decides as the canonical one does."""
    canonical = ALIASES[alias]
    compiled = running.app.replica.now().compiled
    assert compiled.masks((canonical,)) == compiled.masks((alias,))
    world = await deeds.world(running, alias)
    done = {name for name in deeds.DEEDS if (await world.tries(name)).status < 300}
    assert {*DONE[canonical], *deeds.ANYBODY} == done


def test_the_user_role_spells_as_the_seed_does() -> None:
    """Section 1.3, Q1: the predefined User role shows the seed's spelling, which means the canonical scope."""
    account = Account()
    assert "environment:read:team*" in _scopes(account, USER)
    assert "environment:read:team" == account.now.compiled.canonical("environment:read:team*")


async def test_a_scope_comes_back_as_it_was_spelt_and_is_held_once(running: Running) -> None:
    """Section 1.3, Q4: stored and returned to the letter; two spellings of one scope are one permission."""
    sent = ["user:invite:*", "authentication_settings:manage", "environment:read:team*", "user:invite"]
    role = await running.role("Spelt", *sent)
    shown = (await running.admin.get(f"/admin/roles/{role}")).json["permissions"]
    assert sent[:3] == [one["scope"] for one in shown]
    body = {"name": "Spelt", "permissions": [{"scope": "user:invite"}, {"scope": "user:invite:*"}]}
    changed = (await running.admin.put(f"/admin/roles/{role}", body)).json
    assert ["user:invite"] == [one["scope"] for one in changed["permissions"]]


async def test_the_spelling_alone_can_be_changed(running: Running) -> None:
    """Section 1.3, Q4: a client that sends another spelling is given that one back, or it would see a difference."""
    role = await running.role("Spelt", "user:invite:*")
    body = {"name": "Spelt", "permissions": [{"scope": "user:invite"}]}
    changed = (await running.admin.put(f"/admin/roles/{role}", body)).json
    assert ["user:invite"] == [one["scope"] for one in changed["permissions"]]


async def test_a_role_is_its_uuid(running: Running) -> None:
    """Section 1.3, Q5: names are labels, the seeds' by default; a custom role may bear a name of another profile."""
    named = {
        one["uuid"]: one["name"]
        for one in (await running.admin.get("/admin/roles")).json["_embedded"]["roles"]
    }
    assert ("Viewer", "Guest") == (named[VIEWER], named[GUEST])
    renamed = await running.admin.put(
        f"/admin/roles/{VIEWER}", {"name": "Onlooker", "permissions": [{"scope": "contract_data:read:*"}]}
    )
    assert (200, VIEWER, "Onlooker") == (renamed.status, renamed.json["uuid"], renamed.json["name"])
    assert renamed.json["systemDefined"]
    assert 403 == (await running.admin.delete(f"/admin/roles/{VIEWER}")).status


def test_a_guest_may_look_at_contract_data_alone() -> None:
    """Section 1.3, Q6: the seeds give contract data and nothing else."""
    assert {"contract_data:read:*"} == _scopes(Account(), GUEST)


def test_a_viewer_looks_at_contracts_teams_and_people() -> None:
    """Section 1.3, Q7: the list that the seeds lost, from the vendor's pages; and it may be edited."""
    account = Account()
    wanted = {"contract_data:read:*", "read_token:manage:own", "team:read:*", "user:read:*"}
    assert wanted == _scopes(account, VIEWER)
    assert not account.now.role(VIEWER).locked


async def test_api_access_is_a_flag_of_the_roles(running: Running) -> None:
    """Section 1.3, Q8: no scope says it; one role that has it is enough, and none has it is no access."""
    sally = await running.person("Sally", roles=[GUEST], teams=[])
    assert 403 == (await sally.get("/pacticipants")).status
    nothing = await running.role("Nothing")
    assert 204 == (await running.admin.put(f"/admin/users/{sally.id}/roles/{nothing}")).status
    assert 200 == (await sally.get("/pacticipants")).status
    assert 204 == (await running.admin.delete(f"/admin/users/{sally.id}/roles/{nothing}")).status
    assert 403 == (await sally.get("/pacticipants")).status
    assert 204 == (await running.admin.put(f"/admin/users/{sally.id}/roles", {"roles": []})).status
    assert 403 == (await sally.get("/user")).status


async def test_a_teams_manager_of_accounts_makes_changes_and_deletes_them(running: Running) -> None:
    """Section 1.3, Q9: within a team of one's own; a new account must name one, and without a team it is a 403."""
    world = await deeds.world(running, "system_account:manage:team")
    for deed, status in {
        "make an account for our team": 201,
        "make an account for their team": 403,
        "make an account for no team": 403,
        "change our account": 200,
        "change their account": 403,
        "delete our account": 204,
        "delete their account": 403,
    }.items():
        assert (deed, status) == (deed, (await world.tries(deed)).status)


def test_user_is_the_default_and_test_maintainer_a_role_of_its_own() -> None:
    """Section 1.3, Q10: new accounts have both, the known UUID is User's, and new people are given User."""
    account = Account()
    assert ("User", "Test Maintainer") == (
        account.now.role(USER).name,
        account.now.role(TEST_MAINTAINER).name,
    )
    assert {"secret:manage:*", "webhook:manage:*"} <= _scopes(account, TEST_MAINTAINER)
    assert {"secret:manage:team", "webhook:manage:team"} <= _scopes(account, USER)
    sally = account.person("Sally")
    assert (USER,) == account.principal(sally).roles


def test_a_test_maintainer_bulk_deletes_what_they_made_alone() -> None:
    """Section 1.3, Q11: the older role has no bulk deletion of the team's data, User has."""
    account = Account()
    assert "contract_data:bulk_delete:team" not in _scopes(account, TEST_MAINTAINER)
    assert "contract_data:bulk_delete:team" in _scopes(account, USER)


@pytest.mark.parametrize(
    "scope",
    [
        "role:view:*",
        "environment:view:*",
        "environment:view:team",
        "environment:manage:team",
        "environment:team:read",
        "webhooks:manage:team",
        "contract_data:mangage:*",
        "system_preferences:*",
    ],
)
async def test_a_scope_that_only_the_pages_name_is_refused(running: Running, scope: str) -> None:
    """Section 1.3, Q12: a misspelling of the vendor's pages is no scope."""
    answer = await running.admin.post("/admin/roles", {"name": "x", "permissions": [{"scope": scope}]})
    assert (400, ["permissions.0.scope"]) == (answer.status, list(answer.json["errors"]))


async def test_custom_roles_are_there_for_everybody(running: Running) -> None:
    """Section 1.3, Q13: made, changed and deleted through the API, with no plan to buy first."""
    role = await running.role("Custom", "role:read:*")
    assert 200 == (await running.admin.put(f"/admin/roles/{role}", {"name": "C", "permissions": []})).status
    assert 204 == (await running.admin.delete(f"/admin/roles/{role}")).status


def test_ai_is_the_users_and_not_the_administrators() -> None:
    """Section 1.3, Q15: User has `ai:*`, Administrator does not."""
    account = Account()
    assert "ai:*" in _scopes(account, USER)
    assert not any(scope.startswith("ai:") for scope in _scopes(account, ADMINISTRATOR))
    assert not any(scope.startswith("ai:") for scope in _scopes(account, CI_CD))


async def test_a_reset_leaves_custom_roles_alone(running: Running) -> None:
    """Section 1.3, Q14: whatever a tool's text says, a reset neither removes nor changes a custom role."""
    role = await running.role("Custom", "role:read:*")
    before = (await running.admin.get(f"/admin/roles/{role}")).json
    assert 200 == (await running.admin.post("/admin/roles/reset")).status
    assert before == (await running.admin.get(f"/admin/roles/{role}")).json
