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
