"""Publishing over HTTP as clients of a Pact Broker do it: PUT, PATCH, DELETE, GET and POST /contracts/publish."""

import asyncio
import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import postgres, service
from tests.service import BASE_URL, Answer, Client, Running

FOO_BAR = "/pacts/provider/Bar/consumer/Foo"
CONFLICT = (
    "Cannot change the content of the pact for Foo version 1 and provider Bar, as race conditions will cause"
)


def pact(*descriptions: str, consumer: str = "Foo", provider: str = "Bar") -> dict[str, Any]:
    return {
        "consumer": {"name": consumer},
        "provider": {"name": provider},
        "interactions": [{"description": one, "request": {"path": f"/{one}"}} for one in descriptions],
    }


def item(document: dict[str, Any], **more: object) -> dict[str, Any]:
    """One of `contracts`, as the Ruby and the Rust client send it."""
    return {
        "consumerName": document["consumer"]["name"],
        "providerName": document["provider"]["name"],
        "specification": "pact",
        "contentType": "application/json",
        "content": base64.b64encode(json.dumps(document).encode()).decode(),
        **more,
    }


def publication(*items: dict[str, Any], version: str = "1", **more: object) -> dict[str, Any]:
    """The body of POST /contracts/publish."""
    return {"pacticipantName": "Foo", "pacticipantVersionNumber": version, "contracts": items, **more}


async def put(client: Client, *descriptions: str, version: str = "1") -> Answer:
    return await client.put(f"{FOO_BAR}/version/{version}", pact(*descriptions))


async def described(client: Client, version: str = "1") -> list[str]:
    shown = await client.get(f"{FOO_BAR}/version/{version}")
    return [one["description"] for one in shown.json["interactions"]]


def texts(answer: Answer, kind: str = "") -> list[str]:
    return [one["text"] for one in answer.json["notices"] if kind in ("", one["type"])]


async def kinds(running: Running, *, after: int) -> list[str]:
    """The kinds of what was recorded beyond a position."""
    events = (await running.admin.get("/audit?pageSize=100")).json["events"]
    return [one["kind"] for one in events if one["position"] > after and one["kind"] != "trail.read"]


async def test_another_content_of_a_published_version_is_refused(running: Running) -> None:
    """A version's contract stays what was verified: 409 by PUT as by POST, in a Pact Broker's words, unrecorded."""
    await put(running.admin, "a")
    before = running.position
    other = await put(running.admin, "b")
    posted = await running.admin.post("/contracts/publish", publication(item(pact("b"))))

    assert (409, 409, before) == (other.status, posted.status, running.position)
    assert other.json["errors"][0].startswith(CONFLICT)
    assert ["error", "info"] == [one["type"] for one in posted.json["notices"]]
    assert [texts(posted, "error")] == list(posted.json["errors"].values())
    assert texts(posted, "error")[0].startswith(CONFLICT)
    assert '+      "description": "b",' in texts(posted, "info")[0].splitlines()
    assert ["a"] == await described(running.admin)


async def test_another_content_replaces_the_first_where_that_is_allowed(
    make_database: Callable[[], postgres.Database], tmp_path: Path
) -> None:
    """MUNIMENT_CONTRACT_CHANGES=allowed: the record says which content was replaced, and a notice warns."""
    async with service.running(make_database(), tmp_path, MUNIMENT_CONTRACT_CHANGES="allowed") as running:
        first, second = await put(running.admin, "a"), await put(running.admin, "b")
        events = (await running.admin.get("/audit?sort=-timestamp&kind=contract.published")).json["events"]
        warned = await running.admin.post("/contracts/publish", publication(item(pact("c"))))

        assert (201, 200) == (first.status, second.status)
        change = {"field": "content", "before": first.json["digest"], "after": second.json["digest"]}
        assert [change] == events[0]["changes"]
        assert texts(warned, "warning")[0].startswith(
            "Pact with changed content published over existing content"
        )
        assert ["c"] == await described(running.admin)


async def test_the_same_in_other_words_is_no_other_content(running: Running) -> None:
    """Another client's order, spaces and metadata change nothing: 200, and what was there first is shown."""
    await put(running.admin, "a", "b")
    before = running.position
    again = await running.admin.put(
        f"{FOO_BAR}/version/1", {"interactions": pact("b", "a")["interactions"], "metadata": {"client": 1}}
    )
    assert (200, before) == (again.status, again.position)
    assert ["a", "b"] == [one["description"] for one in again.json["interactions"]]
    assert "metadata" not in again.json


async def test_a_patch_adds_to_what_is_there(running: Running) -> None:
    """PATCH makes a contract (201), adds to one (200), and changes nothing where all is there already."""
    made = await running.admin.patch(f"{FOO_BAR}/version/1", pact("a"))
    added = await running.admin.patch(f"{FOO_BAR}/version/1", pact("b"))
    again = await running.admin.patch(f"{FOO_BAR}/version/1", pact("a"))

    assert (201, 200, 200) == (made.status, added.status, again.status)
    assert f"{BASE_URL}{FOO_BAR}/version/1" == made.headers["Location"]
    assert ["a", "b"] == [one["description"] for one in added.json["interactions"]]
    assert (added.position, added.json["digest"]) == (again.position, again.json["digest"])
    assert ["a", "b"] == await described(running.admin)


async def test_a_patch_that_contradicts_is_a_conflict(running: Running) -> None:
    """The same description and state with another request: 409, and what is there stays."""
    await put(running.admin, "a")
    contradicting = pact("a")
    contradicting["interactions"][0]["request"]["path"] = "/other"
    by_patch = await running.admin.patch(f"{FOO_BAR}/version/1", contradicting)
    by_post = await running.admin.post(
        "/contracts/publish", publication(item(contradicting, onConflict="merge"))
    )
    assert (409, 409) == (by_patch.status, by_post.status)
    assert ["a"] == await described(running.admin)


async def test_builds_that_publish_their_parts_at_once_lose_none(running: Running) -> None:
    """Sixteen that merge into one version at the same moment: all of it is there, each in one record or in none."""
    parts = [f"part-{number}" for number in range(16)]
    answers = await asyncio.gather(
        *(running.admin.patch(f"{FOO_BAR}/version/1", pact(part)) for part in parts[:8]),
        *(
            running.admin.post("/contracts/publish", publication(item(pact(part), onConflict="merge")))
            for part in parts[8:]
        ),
    )
    assert {200, 201} >= {one.status for one in answers}, [one.text for one in answers]
    assert sorted(parts) == sorted(await described(running.admin))


async def test_many_who_merge_large_parts_at_once_have_each_their_turn(running: Running) -> None:
    """Nobody is told to try again: contents that are compared beside the event loop are overtaken all the time."""
    parts = [f"part-{number}" for number in range(40)]
    large = [pact(part) for part in parts]
    for one in large:
        one["interactions"][0]["response"] = {"status": 200, "body": "x" * 20_000}
    answers = await asyncio.gather(
        *(running.admin.patch(f"{FOO_BAR}/version/1", one) for one in large[:20]),
        *(
            running.admin.post("/contracts/publish", publication(item(one, onConflict="merge")))
            for one in large[20:]
        ),
    )
    assert {200, 201} >= {one.status for one in answers}, [one.text for one in answers if one.status > 201]
    assert sorted(parts) == sorted(await described(running.admin))


async def test_several_contracts_are_one_order(running: Running) -> None:
    """All of the version's contracts have one correlation, and one request its records."""
    before = running.position
    both = publication(item(pact("a")), item(pact("a", provider="Baz")), branch="main")
    answer = await running.admin.post("/contracts/publish", both)
    events = (await running.admin.get("/audit?pageSize=100")).json["events"]
    made = [one for one in events if one["position"] > before and one["kind"] == "contract.published"]

    assert 200 == answer.status
    assert 2 == len(made)
    assert 1 == len({one["correlation"] for one in made})


async def test_a_conflict_in_one_contract_publishes_none(running: Running) -> None:
    """Refused as a whole: the other contract of the request is not published either, and every conflict is named."""
    await put(running.admin, "a")
    await running.admin.put("/pacts/provider/Baz/consumer/Foo/version/1", pact("a", provider="Baz"))
    before = running.position
    items = [item(pact("b", provider=provider)) for provider in ("New", "Bar", "Baz")]
    answer = await running.admin.post("/contracts/publish", publication(*items))

    assert (409, before) == (answer.status, running.position)
    assert 2 == len(answer.json["errors"]["contracts"]) == len(texts(answer, "error"))
    assert 404 == (await running.admin.get("/pacticipants/New")).status


async def test_the_notices_are_a_pact_broker_s(running: Running) -> None:
    """Clients print them: what became of the version and of each contract, and where it is; `logs` for older ones."""
    first = await running.admin.post("/contracts/publish", publication(item(pact("a"))))
    body = publication(item(pact("a")), item(pact("a", provider="Baz")), branch="main")
    second = await running.admin.post("/contracts/publish", body)
    merged = await running.admin.post(
        "/contracts/publish", publication(item(pact("b"), onConflict="merge"), branch="main")
    )
    place = f"  View the published pact at {BASE_URL}/pacts/provider"
    assert [
        "Created Foo version 1",
        "  Next steps:\n    Configure the version branch to be the value of your repository branch.",
        "Pact successfully published for Foo version 1 and provider Bar.",
        f"{place}/Bar/consumer/Foo/version/1",
    ] == texts(first)
    assert ["debug", "prompt", "success", "debug"] == [one["type"] for one in first.json["notices"]]
    assert [
        {"level": one["type"], "message": one["text"], "deprecationWarning": "Replaced by notices"}
        for one in first.json["notices"]
    ] == first.json["logs"]
    assert [
        "Updated Foo version 1 with branch main",
        "Pact successfully republished for Foo version 1 and provider Bar with no content changes.",
        f"{place}/Bar/consumer/Foo/version/1",
        "Pact successfully published for Foo version 1 and provider Baz.",
        f"{place}/Baz/consumer/Foo/version/1",
    ] == texts(second)
    assert ["Pact content merged with existing content for Foo version 1 and provider Bar."] == texts(
        merged, "success"
    )


async def test_tags_and_a_build_url_are_facts_of_the_version(running: Running) -> None:
    """In the same order as the contract, in one correlation; what is so already is not recorded again."""
    body = publication(
        item(pact("a")), branch="main", tags=["dev", "ö/1"], buildUrl="https://ci.example.org/1"
    )
    before = running.position
    first = await running.admin.post("/contracts/publish", body)
    assert [
        "application.created", "team.applications_changed", "application.created", "team.applications_changed",
        "version.created", "contract.published", "version.tagged", "version.tagged",
    ] == await kinds(running, after=before)  # fmt: skip
    assert "Created Foo version 1 with branch main and tags dev, ö/1" == texts(first)[0]
    position = running.position
    again = await running.admin.post("/contracts/publish", body)
    assert (200, position) == (again.status, again.position)
    more = publication(item(pact("a")), tags=["dev", "prod"], buildUrl="https://ci.example.org/2")
    third = await running.admin.post("/contracts/publish", more)
    assert ["version.edited", "version.tagged"] == await kinds(running, after=position)
    assert "Updated Foo version 1 with tags dev, prod" == texts(third)[0]
    late = publication(
        item(pact("a"), onConflict="overwrite"), version="2", buildUrl="https://ci.example.org/2"
    )
    await put(running.admin, "a", version="2")
    position = running.position
    await running.admin.post("/contracts/publish", late)
    assert ["version.edited"] == await kinds(running, after=position)


@pytest.mark.parametrize(
    "change",
    [{"tags": ["x" * 300]}, {"tags": "dev"}, {"tags": [""]}, {"buildUrl": "x" * 5_000}, {"buildUrl": "a\nb"}],
)
async def test_a_tag_or_build_url_that_cannot_be_one_publishes_nothing(
    running: Running, change: dict[str, Any]
) -> None:
    """400 points at it, and not even the contract is recorded."""
    before = running.position
    answer = await running.admin.post("/contracts/publish", publication(item(pact("a")), **change))

    assert (400, before) == (answer.status, running.position)
    assert next(iter(change)) == next(iter(answer.json["errors"])).partition(".")[0]


async def test_the_links_lead_to_what_was_published(running: Running) -> None:
    """The application, its version and each contract, with their names; the version is embedded too."""
    answer = await running.admin.post("/contracts/publish", publication(item(pact("a"))))
    links = answer.json["_links"]

    assert {"title": "Pacticipant", "name": "Foo", "href": f"{BASE_URL}/pacticipants/Foo"} == links[
        "pb:pacticipant"
    ]
    assert [
        {"title": "Pact", "name": "Pact between Foo (1) and Bar", "href": f"{BASE_URL}{FOO_BAR}/version/1"}
    ] == links["pb:contracts"]
    assert "Foo" == answer.json["_embedded"]["pacticipant"]["name"]
    assert "1" == answer.json["_embedded"]["version"]["number"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"specification": "graphql"}, "contracts.0.specification"),
        ({"onConflict": "ignore"}, "contracts.0.onConflict"),
        ({"consumerName": "Other"}, "contracts.0.consumerName"),
        ({"providerName": "Other"}, "contracts.0.content.provider.name"),
        ({"content": "???"}, "contracts.0.content"),
    ],
)
async def test_what_is_wrong_in_a_contract_is_pointed_to(
    running: Running, change: dict[str, str], field: str
) -> None:
    """400 names the field, and nothing is recorded."""
    before = running.position
    answer = await running.admin.post("/contracts/publish", publication({**item(pact("a")), **change}))

    assert (400, before) == (answer.status, running.position)
    assert [field] == list(answer.json["errors"])


async def test_the_versions_are_listed_newest_first(running: Running) -> None:
    """GET …/versions: each version's contract with its link, in pages where one asks for them."""
    for version in ("1", "3", "2"):
        await put(running.admin, version, version=version)
    answer = await running.admin.get(f"{FOO_BAR}/versions")
    page = await running.admin.get(f"{FOO_BAR}/versions?page=2&size=2")

    numbers = [one["_embedded"]["consumerVersion"]["number"] for one in answer.json["_embedded"]["pacts"]]
    assert ["2", "3", "1"] == numbers
    assert [f"{BASE_URL}{FOO_BAR}/version/{one}" for one in numbers] == [
        one["href"] for one in answer.json["_links"]["pact-versions"]
    ]
    assert 1 == len(page.json["_embedded"]["pacts"])
    assert 3 == page.json["page"]["totalElements"]


async def test_the_latest_of_a_tag_is_of_the_newest_version_that_carries_it(running: Running) -> None:
    """GET …/latest/{tag}, now and as it was; 404 where no version of the pair carries it."""
    positions = []
    for version, tags in (("1", ["dev"]), ("2", ["dev", "a/b"]), ("3", ["other"])):
        await running.admin.post(
            "/contracts/publish", publication(item(pact(version)), version=version, tags=tags)
        )
        positions.append(running.position)
    newest = await running.admin.get(f"{FOO_BAR}/latest/dev")
    earlier = await running.admin.get(f"{FOO_BAR}/latest/dev?as_of={positions[0]}")
    slashed = await running.admin.get(f"{FOO_BAR}/latest/a%2Fb")
    missing = await running.admin.get(f"{FOO_BAR}/latest/none")

    assert ["2", "1", "2"] == [one.headers["X-Pact-Consumer-Version"] for one in (newest, earlier, slashed)]
    assert 404 == missing.status


async def test_a_contract_leads_to_what_can_be_done_next(running: Running) -> None:
    """Clients take `pb:latest-pact-version` for where the newest is; a reader finds no way to change anything."""
    reader = await running.person("Reader", roles=[await running.role("R", "contract_data:read:*")], teams=[])
    made = await put(running.admin, "a")
    read = await reader.get(f"{FOO_BAR}/version/1")
    latest = await reader.get(f"{FOO_BAR}/latest")

    links = made.json["_links"]
    assert next(one for one in links if "latest" in one and "version" in one) == "pb:latest-pact-version"
    assert f"{BASE_URL}{FOO_BAR}/versions" == links["pb:all-pact-versions"]["href"]
    assert {
        "title": "Pact",
        "name": "Pact between Foo (1) and Bar",
        "href": f"{BASE_URL}{FOO_BAR}/version/1",
    } == (links["self"])
    changing = {"pb:tag-version", "pb:tag-prod-version", "pb:publish-verification-results"}
    assert set() == changing & set(read.json["_links"])
    assert "1" == latest.headers["X-Pact-Consumer-Version"]


async def test_a_contract_s_own_members_stay_beside_ours(running: Running) -> None:
    """What was published under names that we use too is replaced by ours; everything else comes back as it was."""
    strange = {**pact("a"), "_links": {"self": 1}, "createdAt": 5, "metadata": {"n": 1.50, "u": "ü"}}
    answer = await running.admin.put(f"{FOO_BAR}/version/1", strange)

    assert strange["metadata"] == answer.json["metadata"]
    assert isinstance(answer.json["createdAt"], str)
    assert "pb:provider" in answer.json["_links"]


async def test_a_deletion_leads_to_what_is_left(running: Running) -> None:
    """200 with the index, and the newest contract while there is one; a repeat under the key is answered the same."""
    await put(running.admin, "a", version="1")
    await put(running.admin, "a", version="2")
    key = {"Idempotency-Key": "d"}
    first = await running.admin.delete(f"{FOO_BAR}/version/1", headers=key)
    last = await running.admin.delete(f"{FOO_BAR}/version/2")
    again = await running.admin.delete(f"{FOO_BAR}/version/1", headers=key)

    assert {"index", "pb:latest-pact-version"} == set(first.json["_links"])
    assert {"index"} == set(last.json["_links"])
    assert (200, first.octets) == (again.status, again.octets)


async def test_a_large_contract_is_compared_and_merged_too(running: Running) -> None:
    """Where comparing would hold others up it is done beside the event loop, with the same outcome."""
    many = [f"{number}" for number in range(2_000)]
    made = await running.admin.put(f"{FOO_BAR}/version/1", pact(*many))
    merged = await running.admin.patch(f"{FOO_BAR}/version/1", pact(*many[:5], "one more"))
    refused = await running.admin.put(f"{FOO_BAR}/version/1", pact(*many))

    assert (201, 200, 409) == (made.status, merged.status, refused.status)
    assert len(many) + 1 == len(merged.json["interactions"])
