"""Section 3.4: who may publish, merge and delete one contract, and tag or put its version on a branch beside it."""

import base64
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest

from tests.http.test_publishing import texts
from tests.service import Answer, Client, Running

WRITERS: Final = {
    "contract_data:manage:*": ("hers", "ours", "theirs"),
    "contract_data:manage:team": ("ours",),
    "contract_data:manage:own": ("hers",),
    "contract_data:read:*": (),
    "contract_data:bulk_delete:*": (),
    "deployment_and_release:record:*": (),
}
"""Whose contracts each scope alone publishes: W of the section, on the consumer."""
MAKERS: Final = ("contract_data:manage:*", "contract_data:manage:own")
Way = Callable[[Client, str, str, str], Awaitable[Answer]]


async def by_put(client: Client, consumer: str, provider: str, version: str) -> Answer:
    return await client.put(f"/pacts/provider/{provider}/consumer/{consumer}/version/{version}", {})


async def by_patch(client: Client, consumer: str, provider: str, version: str) -> Answer:
    return await client.patch(f"/pacts/provider/{provider}/consumer/{consumer}/version/{version}", {})


async def by_post(client: Client, consumer: str, provider: str, version: str, **more: Any) -> Answer:
    content = base64.b64encode(b"{}").decode()
    item = {"consumerName": consumer, "providerName": provider, "content": content}
    body = {"pacticipantName": consumer, "pacticipantVersionNumber": version, "contracts": [item], **more}
    return await client.post("/contracts/publish", body)


WAYS: Final[tuple[Way, ...]] = (by_put, by_patch, by_post)


async def person(running: Running, scope: str) -> Client:
    """Sally, of the team that has `ours` alone, who made `hers`; everything else is the administrator's."""
    team = await running.team("Mine")
    makes = await running.role("Makes", "contract_data:manage:own")
    sally = await running.person("Sally", roles=[makes], teams=[])
    assert 201 == (await sally.post("/pacticipants", {"name": "hers"})).status
    for name in ("ours", "theirs"):
        assert 201 == (await running.admin.post("/pacticipants", {"name": name})).status
    await running.admin.put(f"/admin/teams/{team}", {"name": "Mine", "pacticipantNames": ["ours"]})
    await running.admin.post(f"/admin/teams/{team}/users", {"users": [sally.id]})
    role = await running.role("Under test", scope)
    assert 204 == (await running.admin.put(f"/admin/users/{sally.id}/roles", {"roles": [role]})).status
    return sally


@pytest.mark.parametrize("scope", WRITERS)
async def test_one_contract_is_published_merged_and_deleted_by_w_on_the_consumer(
    running: Running, scope: str
) -> None:
    """Section 3.4: W on the consumer, by PUT, PATCH, POST and DELETE; the provider's teams and maker do not matter."""
    sally = await person(running, scope)
    for consumer, provider in (
        ("ours", "theirs"),
        ("theirs", "ours"),
        ("hers", "theirs"),
        ("theirs", "hers"),
    ):
        allowed = consumer in WRITERS[scope]
        for number, way in enumerate(WAYS):
            answer = await way(sally, consumer, provider, str(number))
            assert allowed == (answer.status in (200, 201)), (consumer, provider, way)
            assert allowed or f"Missing: contract_data:manage on {consumer}." in answer.text
            assert 403 == (await way(sally.read_only(), consumer, provider, f"r{number}")).status
        assert 201 == (await by_put(running.admin, consumer, provider, "d")).status
        place = f"/pacts/provider/{provider}/consumer/{consumer}/version/d"
        assert (200 if allowed else 403) == (await sally.delete(place)).status


async def test_a_tag_and_a_branch_beside_a_contract_are_the_consumer_s(running: Running) -> None:
    """Section 3.4: in the same publication W on the consumer suffices; without it nothing is tagged or published."""
    sally = await person(running, "contract_data:manage:team")
    more = {"tags": ["prod"], "branch": "main", "buildUrl": "https://ci.example.org/1"}
    allowed = await by_post(sally, "ours", "theirs", "1", **more)
    position = running.position
    denied = await by_post(sally, "theirs", "ours", "1", **more)

    assert (200, 403) == (allowed.status, denied.status)
    assert "Created ours version 1 with branch main and tags prod" == texts(allowed)[0]
    assert denied.text.endswith("required permissions. Missing: contract_data:manage on theirs.")
    assert position + 1 == running.position  # the attempt alone
    assert 200 == (await running.admin.get("/pacticipants/ours/versions/1/tags/prod")).status
    assert 404 == (await running.admin.get("/pacticipants/theirs/versions/1/tags/prod")).status


@pytest.mark.parametrize("scope", WRITERS)
@pytest.mark.parametrize("way", WAYS, ids=["PUT", "PATCH", "POST"])
async def test_a_contract_that_makes_an_application_takes_the_right_to_make_one(
    running: Running, scope: str, way: Way
) -> None:
    """Section 3.4: for a consumer and for a provider that is not here yet; `manage:team` alone never makes one."""
    sally = await person(running, scope)
    makes = scope in MAKERS
    known = "hers" if scope == "contract_data:manage:own" else "ours"
    for consumer, provider, missing in (("New", known, "New"), (known, "Newer", "Newer"), ("A", "B", "A")):
        answer = await way(sally, consumer, provider, "1")
        assert makes == (answer.status in (200, 201)), (consumer, provider, answer.text)
        if scope == "contract_data:manage:team":
            assert answer.text.endswith(f"Missing: contract_data:manage on {missing}.")
        for name in {consumer, provider} - {known}:
            assert (200 if makes else 404) == (await running.admin.get(f"/pacticipants/{name}")).status
