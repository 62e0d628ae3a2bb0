"""Section 4.6: environments over HTTP, who lists, reads, changes and deletes which, and what their end leaves."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import pytest

from tests.service import Answer, Client, Running

BODY = {"name": "test", "production": False}


async def made(running: Running, name: str, *teams: str) -> str:
    body = {"name": name, "production": False, "teamUuids": list(teams)}
    answer = await running.admin.post("/environments", body)
    assert 201 == answer.status, answer.text
    return str(answer.json["uuid"])


async def holder(running: Running, name: str, *scopes: str, teams: Sequence[str] = ()) -> Client:
    role = await running.role(f"role of {name}", *scopes)
    return await running.person(name, roles=[role], teams=list(teams))


def names(answer: Answer) -> list[str]:
    assert 200 == answer.status, answer.text
    return [one["name"] for one in answer.json["_embedded"]["environments"]]


async def test_a_list_holds_what_may_be_read_and_a_name_finds_no_more(running: Running) -> None:
    """Section 4.6: by `*`, by team, by managing all, by administering a team; whoever has none of these is refused."""
    mine, other = await running.team("Mine"), await running.team("Other")
    ids = {
        "both": await made(running, "both", mine, other),
        "mine": await made(running, "mine", mine),
        "nobodys": await made(running, "nobodys"),
        "other": await made(running, "other", other),
    }
    leads = await holder(running, "Leads", "token:manage:own")
    await running.admin.put(f"/admin/teams/{other}", {"name": "Other", "administratorUuids": [leads.id]})
    readers = {
        ("both", "mine", "nobodys", "other"): (
            await holder(running, "Reads all", "environment:read:*"),
            await holder(running, "Manages all", "environment:manage:*"),
        ),
        ("both", "mine"): (
            await holder(running, "Reads", "environment:read:team", teams=[mine]),
            await holder(running, "Reads by the seed's spelling", "environment:read:team*", teams=[mine]),
        ),
        ("both", "other"): (leads,),
        (): (await holder(running, "Reads in no team", "environment:read:team"),),
    }
    for read, clients in readers.items():
        for client in clients:
            assert list(read) == names(await client.get("/environments"))
            for name, one in ids.items():
                assert [name] * (name in read) == names(await client.get(f"/environments?name={name}"))
                assert (200 if name in read else 403) == (await client.get(f"/environments/{one}")).status
    for nothing in (await holder(running, "Nobody", "contract_data:read:*", teams=[mine]),):
        assert 403 == (await nothing.get("/environments")).status
        assert 403 == (await nothing.get(f"/environments/{ids['mine']}")).status
    assert 404 == (await running.admin.get(f"/environments/{mine}")).status


async def test_only_who_manages_all_makes_changes_and_deletes(running: Running) -> None:
    """Section 4.6: `environment:manage:*`; no team, no administering of one and no read scope is enough for any."""
    team = await running.team("A")
    environment = await made(running, "test", team)
    scopes = ("environment:read:*", "environment:read:team", "team:manage:*")
    reads = await holder(running, "Reads", *scopes, teams=[team])
    edit = {"name": "A", "administratorUuids": [reads.id]}
    assert 200 == (await running.admin.put(f"/admin/teams/{team}", edit)).status
    place = f"/environments/{environment}"
    for client, statuses in (
        (reads, [403, 403, 403]),
        (await holder(running, "Manages", "environment:manage:*"), [201, 200, 204]),
    ):
        answers = (
            await client.post("/environments", {"name": "new", "production": True, "teamUuids": [team]}),
            await client.put(place, {**BODY, "production": True}),
            await client.delete(place),
        )
        assert statuses == [one.status for one in answers]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "test", "production": True}, 409),
        ({"name": "two words", "production": True}, 400),
        ({"name": "", "production": True}, 400),
        ({"name": "new"}, 400),
        ({"name": "new", "production": "yes"}, 400),
        ({"name": "new", "production": True, "teamUuids": ["00000000-0000-4000-8000-000000000000"]}, 400),
    ],
)
async def test_what_no_environment_can_be_is_refused(running: Running, body: Any, status: int) -> None:
    """Section 4.6: a name is unique without spaces, production is said, teams are there; also of one that is there."""
    await made(running, "test")
    other = await made(running, "other")
    before = running.position
    assert status == (await running.admin.post("/environments", body)).status
    assert status == (await running.admin.put(f"/environments/{other}", body)).status
    assert before == running.position


async def test_a_put_replaces_and_keeps_the_teams_that_it_does_not_name(running: Running) -> None:
    """Section 4.6: the name too, a display name is always text; absent teams stay, null and [] take them away."""
    team, other = await running.team("A"), await running.team("B")
    place = f"/environments/{await made(running, 'test', team)}"

    async def put(**body: Any) -> tuple[str, str, bool, list[str]]:
        answer = await running.admin.put(place, {**BODY, **body})
        assert 200 == answer.status, answer.text
        shown = answer.json
        held = [one["uuid"] for one in shown["_embedded"]["teams"]]
        assert held == shown["teamUuids"]
        assert held == (await running.admin.get(place)).json["teamUuids"]
        return shown["name"], shown["displayName"], shown["production"], held

    assert ("test", "Test", True, [team]) == await put(displayName="Test", production=True)
    assert ("staging", "staging", False, [team]) == await put(name="staging")
    assert ("test", "test", False, [team]) == await put(displayName=None)
    assert {team, other} == set((await put(teamUuids=[team, other, team]))[3])
    assert [other] == (await put(teamUuids=[other]))[3]
    assert [] == (await put(teamUuids=None))[3]
    await put(teamUuids=[other])
    assert [] == (await put(teamUuids=[]))[3]


def _worlds() -> Iterator[tuple[tuple[bool, ...], str]]:
    """Whether Sally is in A, whether she leads it, whether it has the environment; and which side attached it."""
    for world in product((False, True), repeat=3):
        yield from ((world, side) for side in ("environment", "team"))


@pytest.mark.parametrize("scope", ["environment:read:team", "environment:read:*", "token:manage:own"])
async def test_both_sides_attach_and_detach_the_same(running: Running, scope: str) -> None:
    """Section 4.6 with section 3.2: in every way in which somebody, a team and an environment belong together."""
    sally = await holder(running, "Sally", scope)
    team, environment = await running.team("A"), await made(running, "test")
    place, admin = f"/environments/{environment}", running.admin
    for (belongs, leads, has), side in _worlds():
        await admin.put(f"/admin/teams/{team}/users", {"users": [sally.id] if belongs else []})
        edit: dict[str, Any] = {"name": "A", "administratorUuids": [sally.id] if leads else []}
        if side == "team":
            edit["environmentUuids"] = [environment] if has else []
        else:
            await admin.put(place, {**BODY, "teamUuids": [team] if has else []})
        assert 200 == (await admin.put(f"/admin/teams/{team}", edit)).status
        reads = scope.endswith("read:*") or (has and (leads or (belongs and scope.endswith("read:team"))))
        assert (200 if reads else 403) == (await sally.get(place)).status
        listed = await sally.get("/environments")
        assert (["test"] if reads else []) == (names(listed) if listed.status == 200 else [])
        shown = (await admin.get(f"/admin/teams/{team}")).json["_embedded"]["environments"]
        assert ([team] if has else []) == (await admin.get(place)).json["teamUuids"]
        assert ([environment] if has else []) == [one["uuid"] for one in shown]


async def test_an_environments_end_takes_its_records_and_leaves_the_past(running: Running) -> None:
    """Section 4.6: no list shows what was deployed or released there; one made again by its name has nothing of it."""
    team, admin = await running.team("A"), running.admin
    environment = await made(running, "test", team)
    assert 201 == (await admin.put("/pacts/provider/Bar/consumer/Foo/version/1", {})).status
    where = f"/pacticipants/Foo/versions/1/{{}}-versions/environment/{environment}"
    made_there = {noun: (await admin.post(where.format(noun), {})).json for noun in ("deployed", "released")}
    sally = await holder(running, "Sally", "environment:read:team", "contract_data:read:*", teams=[team])
    before = running.position
    assert 204 == (await admin.delete(f"/environments/{environment}")).status
    lists = {
        "deployed": f"/environments/{environment}/deployed-versions/currently-deployed",
        "released": f"/environments/{environment}/released-versions/currently-supported",
    }
    for noun, path in lists.items():
        for gone in (path, where.format(noun), f"/{noun}-versions/{made_there[noun]['uuid']}"):
            assert 404 == (await admin.get(gone)).status, gone
            assert 200 == (await admin.get(f"{gone}?as_of={before}")).status, gone
            # What is gone belongs to no team: it takes the right to read every environment.
            assert 403 == (await sally.get(f"{gone}?as_of={before}")).status, gone
    assert [] == names(await admin.get("/environments"))
    assert ["test"] == names(await admin.get(f"/environments?as_of={before}"))
    assert [] == names(await sally.get(f"/environments?as_of={before}"))
    shown = (await admin.get(f"/admin/teams/{team}")).json["_embedded"]["environments"]
    assert [] == shown
    again = await made(running, "test", team)
    assert environment != again
    for noun, path in lists.items():
        listed = await admin.get(path.replace(environment, again))
        assert [] == listed.json["_embedded"][f"{noun}Versions"]
