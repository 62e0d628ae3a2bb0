"""Bulk deletions over HTTP: what they answer, and what their dry runs tell."""

from typing import Any

import pytest

from tests.service import BASE_URL, Answer, Client, Running

FOO_BAR = "/pacts/provider/Bar/consumer/Foo"
PATHS = {
    "contracts": (f"{FOO_BAR}/versions", 204, {"contracts": 2}),
    "branch": (f"{FOO_BAR}/branch/main", 200, {"contracts": 1}),
    "integration": (
        "/integrations/provider/Bar/consumer/Foo",
        204,
        {"applications": 1, "contracts": 2, "versions": 2, "branchVersions": 1},
    ),
    "application": (
        "/pacticipants/Foo",
        204,
        {"applications": 1, "contracts": 3, "versions": 3, "branches": 1, "branchVersions": 1},
    ),
    "everything": (
        "/integrations",
        204,
        {"applications": 3, "contracts": 3, "versions": 3, "branches": 1, "branchVersions": 1},
    ),
}


async def company(running: Running) -> Client:
    """Foo has two contracts with Bar, one of them of the branch main, and one with Baz."""
    admin = running.admin
    for version, provider in (("2", "Bar"), ("3", "Baz")):
        path = f"/pacts/provider/{provider}/consumer/Foo/version/{version}"
        assert 201 == (await admin.put(path, {"interactions": [version]})).status
    item = {
        "consumerName": "Foo",
        "providerName": "Bar",
        "specification": "pact",
        "contentType": "application/json",
        "content": "e30=",
    }
    body = {
        "pacticipantName": "Foo",
        "pacticipantVersionNumber": "1",
        "branch": "main",
        "contracts": [item],
    }
    assert 200 == (await admin.post("/contracts/publish", body)).status
    return admin


def numbers(answer: Answer, part: str) -> dict[str, int]:
    return {kind: one["number"] for kind, one in answer.json[part].items()}


@pytest.mark.parametrize("kind", PATHS)
async def test_a_dry_run_tells_what_the_deletion_then_does(running: Running, kind: str) -> None:
    """Nothing is recorded by asking; the deletion takes that, and its effect says it again at any later time."""
    admin = await company(running)
    path, status, vanishing = PATHS[kind]
    before = running.position
    tried = await admin.delete(f"{path}?dry_run=true")
    assert (200, True, before) == (tried.status, tried.json["dryRun"], running.position)
    assert vanishing == numbers(tried, "vanishes")
    assert [] == tried.json["effect"]["groups"]
    assert "Muniment-Effect" not in tried.headers

    done = await admin.delete(path)
    assert status == done.status
    assert sum(one["records"] for one in tried.json["would"]) == done.position - before
    place = done.headers["Muniment-Effect"]
    assert place.startswith(f"{BASE_URL}/effects/")
    await admin.post("/pacticipants", {"name": "Foo"})  # another one under the old name
    told = await admin.get(place)
    assert (200, tried.json["vanishes"]) == (told.status, told.json["vanished"])


async def test_what_vanishes_and_what_stays_is_named(running: Running) -> None:
    """By application, version and why; so that a person can decide."""
    admin = await company(running)
    tried = await admin.delete("/integrations/provider/Bar/consumer/Foo?dry_run=true")
    gone, stays = tried.json["vanishes"], tried.json["stays"]
    assert ["Bar"] == [one["name"] for one in gone["applications"]["first"]]
    assert {("Foo", "Bar", "1"), ("Foo", "Bar", "2")} == {
        (one["consumer"], one["provider"], one["version"]) for one in gone["contracts"]["first"]
    }
    assert [("Foo", "1", "main")] == [
        (one["application"], one["version"], one["branch"]) for one in gone["branchVersions"]["first"]
    ]
    assert [("Foo", "takes part in 1 other integration and has 1 version in use")] == [
        (one["name"], one["because"]) for one in stays["applications"]["first"]
    ]
    assert [{"consumer": "Foo", "provider": "Baz", "contracts": 1}] == stays["integrations"]["first"]
    assert [("Foo", "3", "has a contract in another integration")] == [
        (one["application"], one["version"], one["because"]) for one in stays["versions"]["first"]
    ]


async def test_what_stays_and_may_not_be_read_is_counted_and_not_named(running: Running) -> None:
    """Whoever may delete learns what goes; of what stays only what it may read."""
    await company(running)
    cleaner = await running.role("Cleaner", "contract_data:bulk_delete:*")
    sally = await running.person("Sally", roles=[cleaner], teams=[])
    stays = (await sally.delete("/integrations/provider/Bar/consumer/Foo?dry_run=true")).json["stays"]
    assert {"applications": (1, 0), "integrations": (1, 0), "versions": (1, 0)} == {
        kind: (one["number"], len(one["first"])) for kind, one in stays.items()
    }


async def test_deleting_by_branch_answers_with_links(running: Running) -> None:
    """As a Pact Broker does: the index, and the newest contract that is left, if one is; again nothing happens."""
    admin = await company(running)
    left = await admin.delete(f"{FOO_BAR}/branch/main")
    assert {
        "index": {"href": f"{BASE_URL}/"},
        "pb:latest-pact-version": {
            "href": f"{BASE_URL}/pacts/provider/Bar/consumer/Foo/latest",
            "title": "Latest pact",
        },
    } == left.json["_links"]
    before = running.position
    again = await admin.delete(f"{FOO_BAR}/branch/main")
    assert (200, before) == (again.status, running.position)
    assert 200 == (await admin.delete(f"{FOO_BAR}/version/2")).status
    none: Any = (await admin.delete(f"{FOO_BAR}/branch/main")).json["_links"]
    assert ["index"] == list(none)


async def test_a_repeat_under_its_key_is_answered_alike(running: Running) -> None:
    """What is gone by then is no hindrance: whoever lost the answer gets it, and nothing happens twice."""
    admin = await company(running)
    for number, (path, status, _) in enumerate(PATHS.values()):
        key = {"Idempotency-Key": f"key-{number}"}
        first = await admin.delete(path, headers=key)
        if first.status == 404:  # an earlier one took it
            continue
        position = running.position
        again = await admin.delete(path, headers=key)
        assert (status, status, position) == (first.status, again.status, running.position)


async def test_what_is_not_there_cannot_be_deleted(running: Running) -> None:
    """404 in a Pact Broker's words for an application, and for an integration without contracts."""
    await running.admin.post("/pacticipants", {"name": "Foo"})
    missing = await running.admin.delete(f"{FOO_BAR}/branch/main")
    assert (404, {"error": "No pacticipant with name 'Bar' found"}) == (missing.status, missing.json)
    await running.admin.post("/pacticipants", {"name": "Bar"})
    for path in (f"{FOO_BAR}/versions", "/integrations/provider/Bar/consumer/Foo"):
        assert 404 == (await running.admin.delete(path)).status
