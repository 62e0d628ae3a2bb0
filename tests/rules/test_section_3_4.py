"""Section 3.4: who may do what with contract data."""

from typing import Final

import pytest

from tests.service import Running

PAIRS: Final = (("ours", "shared"), ("shared", "hers"), ("theirs", "shared"), ("theirs", "ours"))
"""(consumer, provider) of every integration: `ours` is of Sally's team, `hers` she made, the others are neither."""
APPLICATIONS: Final = ("hers", "ours", "shared", "theirs")
READERS: Final = {
    "contract_data:read:*": APPLICATIONS,
    "contract_data:manage:*": APPLICATIONS,
    "contract_data:manage:team": ("ours",),
    "contract_data:manage:own": ("hers",),
    "contract_data:bulk_delete:*": (),
    "deployment_and_release:record:*": (),
}
"""What each scope alone reads."""


@pytest.mark.parametrize("scope", READERS)
async def test_reading_reaches_applications_and_the_integrations_they_take_part_in(
    running: Running, scope: str
) -> None:
    """Section 3.4: with `team` or `own` alone those applications, and integrations of which they are either side."""
    team = await running.team("Mine")
    makes = await running.role("Makes", "contract_data:manage:own")
    sally = await running.person("Sally", roles=[makes], teams=[])
    assert 201 == (await sally.post("/pacticipants", {"name": "hers"})).status
    for consumer, provider in PAIRS:
        made = await running.admin.put(f"/pacts/provider/{provider}/consumer/{consumer}/version/1", {})
        assert 201 == made.status
    await running.admin.put(f"/admin/teams/{team}", {"name": "Mine", "pacticipantNames": ["ours"]})
    await running.admin.post(f"/admin/teams/{team}/users", {"users": [sally.id]})
    role = await running.role("Under test", scope)
    assert 204 == (await running.admin.put(f"/admin/users/{sally.id}/roles", {"roles": [role]})).status

    read = READERS[scope]
    seen = [pair for pair in PAIRS if read and not set(pair).isdisjoint(read)]
    for place, allowed in (
        ("/pacticipants", bool(read)),
        ("/integrations", bool(read)),
        (f"/integrations/team/{team}", bool(read)),
        *((f"/pacticipants/{name}", name in read) for name in APPLICATIONS),
        *((f"/pacticipant/{name}/network", name in read) for name in APPLICATIONS),
        *((f"/pacts/provider/{p}/consumer/{c}/version/1", (c, p) in seen) for c, p in PAIRS),
        *((f"/pacts/provider/{p}/consumer/{c}/latest", (c, p) in seen) for c, p in PAIRS),
    ):
        assert (200 if allowed else 403) == (await sally.get(place)).status, place
    if read:
        applications = (await sally.get("/pacticipants")).json["_embedded"]["pacticipants"]
        assert list(read) == [one["name"] for one in applications]
        integrations = (await sally.get("/integrations")).json["_embedded"]["integrations"]
        assert sorted(seen) == [(one["consumer"]["name"], one["provider"]["name"]) for one in integrations]
        for one in integrations:
            sides = (one["consumer"], one["provider"])
            assert [side["name"] in read for side in sides] == ["self" in side["_links"] for side in sides]


async def test_a_network_shows_nothing_that_the_list_would_not(running: Running) -> None:
    """Section 3.4: whoever reads an application reads its integrations, and of the other side no more than the name."""
    team = await running.team("Mine")
    role = await running.role("Team's", "contract_data:manage:team")
    for consumer, provider in PAIRS:
        await running.admin.put(f"/pacts/provider/{provider}/consumer/{consumer}/version/1", {})
    await running.admin.put(f"/admin/teams/{team}", {"name": "Mine", "pacticipantNames": ["ours"]})
    sally = await running.person("Sally", roles=[role], teams=[team])
    network = (await sally.get("/pacticipant/ours/network")).json["integrations"]
    assert (await sally.get("/integrations")).json["_embedded"]["integrations"] == network
    assert [("ours", "shared"), ("theirs", "ours")] == [
        (one["consumer"]["name"], one["provider"]["name"]) for one in network
    ]


WRITERS: Final = {
    "contract_data:manage:*": ("hers", "ours", "theirs"),
    "contract_data:manage:team": ("ours",),
    "contract_data:manage:own": ("hers",),
    "contract_data:read:*": (),
    "contract_data:bulk_delete:*": (),
    "deployment_and_release:record:*": (),
}
"""Whose labels, versions, tags and branches each scope alone changes: W of the section."""
CHANGES: Final = (
    ("PUT", "versions/2", 201, 200),
    ("PATCH", "versions/2", 200, 200),
    ("PUT", "versions/2/tags/prod", 201, 200),
    ("DELETE", "versions/2/tags/prod", 204, 404),
    ("PUT", "branches/main/versions/2", 201, 200),
    ("DELETE", "branches/main/versions/2", 204, 404),
    ("DELETE", "branches/main", 204, 404),
    ("DELETE", "branches", 202, 202),
    ("PUT", "labels/web", 201, 200),
    ("DELETE", "labels/web", 204, 404),
    ("DELETE", "versions/2", 204, 404),
)
"""(method, what of the application, status, status where it is repeated at once)."""


@pytest.mark.parametrize("scope", WRITERS)
async def test_labels_versions_branches_and_tags_follow_their_application(
    running: Running, scope: str
) -> None:
    """Section 3.4: update and delete of each takes W on that application; a version needs no bulk permission."""
    team = await running.team("Mine")
    makes = await running.role("Makes", "contract_data:manage:own")
    sally = await running.person("Sally", roles=[makes], teams=[])
    assert 201 == (await sally.post("/pacticipants", {"name": "hers"})).status
    for consumer in ("hers", "ours", "theirs"):
        made = await running.admin.put(f"/pacts/provider/Partner/consumer/{consumer}/version/2", {})
        assert 201 == made.status
        assert 204 == (await running.admin.delete(f"/pacticipants/{consumer}/versions/2")).status
    await running.admin.put(f"/admin/teams/{team}", {"name": "Mine", "pacticipantNames": ["ours"]})
    await running.admin.post(f"/admin/teams/{team}/users", {"users": [sally.id]})
    role = await running.role("Under test", scope)
    assert 204 == (await running.admin.put(f"/admin/users/{sally.id}/roles", {"roles": [role]})).status

    for name in ("hers", "ours", "theirs"):
        for method, path, done, again in CHANGES:
            expected = (done, again) if name in WRITERS[scope] else (403, 403)
            place = f"/pacticipants/{name}/{path}"
            found = ((await sally.ask(method, place)).status, (await sally.ask(method, place)).status)
            assert expected == found, f"{method} {place}"
            assert 403 == (await sally.read_only().ask(method, place)).status, f"{method} {place}"
            if method == "DELETE" and path != "versions/2" and expected != (403, 403):
                back = {"branches/main": "branches/main/versions/2"}.get(path)
                assert back is None or 201 == (await running.admin.put(f"/pacticipants/{name}/{back}")).status


@pytest.mark.parametrize(
    ("scope", "status"),
    [
        ("contract_data:manage:*", 201),
        ("contract_data:manage:own", 201),
        ("contract_data:manage:team", 403),
        ("contract_data:read:*", 403),
    ],
)
async def test_naming_an_application_that_is_not_here_takes_the_right_to_make_one(
    running: Running, scope: str, status: int
) -> None:
    """Section 3.4: `manage:*` or `manage:own` make applications, `manage:team` alone never, by a label neither."""
    team = await running.team("Mine")
    sally = await running.person("Sally", roles=[await running.role("Under test", scope)], teams=[team])
    for number, path in enumerate(("versions/1", "versions/1/tags/t", "branches/b/versions/1", "labels/l")):
        made = await sally.put(f"/pacticipants/New{number}/{path}")
        assert status == made.status, path
        assert (200 if status == 201 else 404) == (
            await running.admin.get(f"/pacticipants/New{number}")
        ).status


@pytest.mark.parametrize("robot", [False, True], ids=["person", "system account"])
async def test_results_are_the_providers(running: Running, robot: bool) -> None:
    """Section 3.4: W on the provider to publish and to delete a verification result; the consumer's does not do."""
    made = await running.admin.put("/pacts/provider/Bar/consumer/Foo/version/1", {})
    results = f"/pacts/provider/Bar/consumer/Foo/pact-version/{made.json['digest']}/verification-results"
    body = {"success": True, "providerApplicationVersion": "5"}
    role = await running.role("Team's", "contract_data:manage:team")
    teams = {name: await running.team(name, pacticipantNames=[name]) for name in ("Foo", "Bar")}
    make = running.system_account if robot else running.person
    consumers = await make("of Foo", roles=[role], teams=[teams["Foo"]])
    providers = await make("of Bar", roles=[role], teams=[teams["Bar"]])

    denied = await consumers.post(results, body)
    assert 403 == denied.status
    assert "Missing: contract_data:manage on Bar." in denied.text
    published = await providers.post(results, body)
    assert 201 == published.status
    place = published.headers["Location"]
    assert 200 == (await consumers.get(place)).status
    assert 403 == (await consumers.delete(place)).status
    assert 403 == (await providers.read_only().delete(place)).status
    assert 204 == (await providers.delete(place)).status


async def test_a_result_is_ones_own_by_its_provider(running: Running) -> None:
    """Section 3.4: `own` reaches results of providers that the caller created, not of consumers."""
    owns = await running.role("Own", "contract_data:manage:own")
    maker = await running.person("Maker", roles=[owns], teams=[])
    assert 201 == (await maker.post("/pacticipants", {"name": "Mine"})).status
    for consumer, provider, expected in (("Theirs", "Mine", 201), ("Mine", "Other", 403)):
        path = f"/pacts/provider/{provider}/consumer/{consumer}"
        made = await running.admin.put(f"{path}/version/1", {})
        results = f"{path}/pact-version/{made.json['digest']}/verification-results"
        answer = await maker.post(results, {"success": False, "providerApplicationVersion": "5"})
        assert expected == answer.status


async def test_what_is_to_be_verified_is_asked_with_a_read_only_token(running: Running) -> None:
    """Section 3.4: POST …/for-verification is a READ although POST: a read-only token asks, nothing is recorded."""
    await running.admin.put("/pacts/provider/Bar/consumer/Foo/version/1", {})
    reads = await running.person(
        "Rita", roles=[await running.role("Reads", "contract_data:read:*")], teams=[]
    )
    before = running.position
    body = {"consumerVersionSelectors": [{"latest": True}], "includePendingStatus": True}
    asked = await reads.read_only().post("/pacts/provider/Bar/for-verification", body)
    assert 200 == asked.status
    [pact] = asked.json["_embedded"]["pacts"]
    assert 200 == (await reads.read_only().get(pact["_links"]["self"]["href"])).status
    nobody = await running.person("Nobody", roles=[], teams=[])
    assert 403 == (await nobody.post("/pacts/provider/Bar/for-verification", body)).status
    assert not [kind for kind in await _kinds(running, before) if kind.startswith("attempt")]


async def _kinds(running: Running, position: int) -> list[str]:
    async with running.app.reader.connection() as connection:
        rows = await connection.fetch("select kind from log where position > $1 order by position", position)
    return [row["kind"] for row in rows]


async def test_reading_the_past_takes_the_right_of_now(running: Running) -> None:
    """Section 3.4: whose application was taken out of their team does not read it as of when it was there."""
    team = await running.team("Mine")
    made = await running.admin.put("/pacts/provider/Bar/consumer/Foo/version/1", {})
    assert 201 == made.status
    await running.admin.put(f"/admin/teams/{team}", {"name": "Mine", "pacticipantNames": ["Foo"]})
    role = await running.role("Team's", "contract_data:manage:team")
    sally = await running.person("Sally", roles=[role], teams=[team])
    then = running.position
    places = (
        "/pacticipants/Foo",
        "/pacticipants/Foo/versions/1",
        "/pacticipant/Foo/network",
        "/pacts/provider/Bar/consumer/Foo/version/1",
    )
    for pacticipants, status in ((["Foo"], 200), ([], 403), (["Foo"], 200)):
        await running.admin.put(f"/admin/teams/{team}", {"name": "Mine", "pacticipantNames": pacticipants})
        for place in places:
            assert status == (await sally.get(f"{place}?as_of={then}")).status, place


async def test_where_a_version_is_takes_reading_both_the_application_and_the_environment(
    running: Running,
) -> None:
    """Sections 3.4 and 3.5: whoever may see the environment alone is not told which versions are there."""
    assert 201 == (await running.admin.put("/pacts/provider/Bar/consumer/Foo/version/1", {})).status
    made = await running.admin.post("/environments", {"name": "test", "production": False})
    place = f"/pacticipants/Foo/versions/1/{{}}-versions/environment/{made.json['uuid']}"
    scopes = ("environment:read:*", "contract_data:read:*")
    for held, status in ((scopes[:1], 403), (scopes[1:], 403), (scopes, 200)):
        role = await running.role(f"With {len(held)} {held[0]}", *held)
        reader = await running.person(f"Reader {len(held)} {held[0]}", roles=[role], teams=[])
        for noun in ("deployed", "released"):
            assert status == (await reader.get(place.format(noun))).status, (held, noun)
