"""The provider itself: a plan that finds nothing would find something, and a crash would be one."""

import pytest

from tests.scenarios.terraform import documents
from tests.scenarios.terraform.client import Crashed, Failed, address, encoded, reason
from tests.scenarios.terraform.core import Configuration, Ref, Run
from tests.service import Running

TEAM: Configuration = {
    "pact_user.homer": {"name": "Homer", "email": "homer@example.org"},
    "pact_team.simpsons": {"name": "Simpsons", "users": [Ref("pact_user.homer", "uuid")]},
    "pact_role.own": {"name": "Own", "scopes": ["user:read:*"]},
    "pact_application.ui": {"name": "UI", "main_branch": "main"},
}


async def test_what_somebody_changed_by_hand_is_planned_back(running: Running, run: Run) -> None:
    """Names, scopes, members, a flag and a field that nobody configured: each is seen, and put right by an apply."""
    await run.apply(TEAM)
    team, homer, role = (
        run.state[one].id for one in ("pact_team.simpsons", "pact_user.homer", "pact_role.own")
    )
    admin, stranger = running.admin, await running.person("Stranger")
    for answer in (
        await admin.put(f"/admin/teams/{team}", {"name": "Flanders"}),
        await admin.post(f"/admin/teams/{team}/users", {"users": [stranger.id]}),
        await admin.put(f"/admin/users/{homer}", {"active": False}),
        await admin.put(f"/admin/roles/{role}", {"name": "Own", "permissions": [{"scope": "team:read:*"}]}),
        await admin.patch("/pacticipants/UI", {"mainBranch": "trunk"}),
    ):
        assert 200 == answer.status, answer.text
    planned = await run.plan(TEAM)
    assert {
        "pact_user.homer": {"active": (False, True)},
        "pact_team.simpsons": {
            "name": ("Flanders", "Simpsons"),
            "users": (frozenset({homer, stranger.id}), frozenset({homer})),
        },
        "pact_role.own": {"scopes": (frozenset({"team:read:*"}), frozenset({"user:read:*"}))},
        "pact_application.ui": {"main_branch": ("trunk", "main")},
    } == {one: change.differences for one, change in planned.items()}
    await run.apply(TEAM)
    assert {} == await run.plan(TEAM)


async def test_a_difference_in_what_cannot_change_makes_another(run: Run) -> None:
    """Another address is another person (`email` forces a new one): whoever refers to them is planned as well."""
    await run.apply(TEAM)
    before = run.state["pact_user.homer"].id
    moved = {**TEAM, "pact_user.homer": {"name": "Homer", "email": "homer@springfield.example.org"}}
    planned = await run.apply(moved)
    assert {"pact_user.homer": "replace", "pact_team.simpsons": "update"} == {
        one: change.action for one, change in planned.items()
    }
    assert before != run.state["pact_user.homer"].id
    assert {} == await run.plan(moved)


async def test_an_empty_answer_is_a_crash_where_a_document_is_expected(run: Run) -> None:
    """The client does not survive 204 where it decodes: so it notices where the service would answer too little."""
    await run.apply(TEAM)
    place = ("admin", "users", run.state["pact_user.homer"].id, "roles")
    with pytest.raises(Crashed, match="EOF"):
        await run.client.decoded(documents.User, "PUT", *place, body={"roles": []})
    with pytest.raises(Crashed, match="204"):
        await run.client.located("PUT", *place, body={"roles": []})


async def test_a_refusal_ends_the_run_with_its_reason(run: Run) -> None:
    """Nothing is tried twice; the three shapes of section 4.2 are read, and a plain sentence is not."""
    with pytest.raises(Failed) as refused:
        await run.apply({"pact_role.own": {"name": "Own", "scopes": ["role:view:*"]}})
    assert 400 == refused.value.status
    assert "permissions.0.scope" in refused.value.reason
    assert 1 == len(run.client.exchanges)
    assert "a: b, c" == reason(b'{"errors":{"a":["b","c"]}}')
    assert "a" == reason(b'{"errors":["a"]}')
    assert "a (b)" == reason(b'{"error":{"message":"a","reference":"b"}}')
    assert reason(b"Forbidden.") == reason(b'{"error":"a"}') == reason(b"")


def test_a_body_is_encoded_as_go_does() -> None:
    """Names with an ampersand arrive as an escape, which the service must read as what it stands for."""
    assert b'{"name":"R\\u0026D \xc3\xa9"}\n' == encoded({"name": "R&D é"})


def test_a_path_is_escaped_twice() -> None:
    """Section 5.1's example, and what Go leaves as it is in a segment and in a path."""
    assert "/pacticipants/foo%2520bar" == address("pacticipants", "foo bar")
    assert "/pacticipants/50%2525%252Fa&b%252C" == address("pacticipants", "50%/a&b,")
