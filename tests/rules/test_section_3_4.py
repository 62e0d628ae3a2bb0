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
