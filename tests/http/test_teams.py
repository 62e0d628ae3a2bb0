"""Teams and their members over HTTP, in all the forms that clients use (section 4.5)."""

import asyncio
from typing import Any

import pytest

from service.http import documents
from tests.http.test_bad_input import MISSING, require_refusal
from tests.service import BASE_URL, Running

DEFAULT_TEAM = "4ac05ed8-9e3b-4159-96c0-ad19e3b93658"


def members(document: Any) -> list[str]:
    """The ids of the members that an answer shows."""
    return [user["uuid"] for user in document["_embedded"]["users"]]


async def test_a_team_is_made_read_changed_and_deleted(running: Running) -> None:
    """The life of a team; the answer to a write names no members, the answer to a read does."""
    sally = await running.person("Sally")
    made = await running.admin.post("/admin/teams", {"name": "A", "administratorUuids": [sally.id]})
    assert 201 == made.status, made.text
    place = f"/admin/teams/{made.json['uuid']}"
    assert f"{BASE_URL}{place}" == made.headers["Location"]
    assert {"administrators", "environments", "pacticipants"} == set(made.json["_embedded"])
    assert [sally.id] == [one["uuid"] for one in made.json["_embedded"]["administrators"]]
    read = (await running.admin.get(place)).json
    assert ([], 0) == (read["_embedded"]["members"], read["numberOfMembers"])
    alias = await running.admin.get(f"/teams/{made.json['uuid']}")
    assert read == alias.json
    changed = await running.admin.put(place, {"name": "A"})
    assert (200, []) == (changed.status, changed.json["_embedded"]["administrators"])
    assert 204 == (await running.admin.delete(place)).status
    require_refusal(await running.admin.get(place), 404)
    assert "A" == (await running.admin.get(f"{place}?as_of={made.position}")).json["name"]


async def test_members_are_replaced_added_patched_and_removed(running: Running) -> None:
    """Every form that the platform takes; each answers with who belongs to the team now."""
    sally, billy = await running.person("Sally"), await running.person("Billy")
    bot = await running.system_account("bot")
    place = f"/admin/teams/{await running.team('A')}/users"
    put = await running.admin.put(place, {"users": [sally.id, bot.id]})
    assert (200, {sally.id, bot.id}) == (put.status, set(members(put.json)))
    again = await running.admin.put(place, {"users": [sally.id, bot.id]})
    assert (200, put.position) == (again.status, again.position)
    post = await running.admin.post(place, {"users": [billy.id]})
    assert {sally.id, billy.id, bot.id} == set(members(post.json))
    patch = await running.admin.patch(
        place,
        [
            {"op": "remove", "path": "/users", "value": {"uuid": billy.id}},
            {"op": "remove", "path": "/users", "value": {"uuid": bot.id}},
        ],
    )
    assert (200, [sally.id]) == (patch.status, members(patch.json))
    mixed = await running.admin.ask(
        "PATCH",
        place,
        body=(
            f'[{{"op": "add", "path": "/users/-", "value": {{"uuid": "{bot.id}"}}}},'
            f'{{"op": "remove", "path": "/users", "value": {{"uuid": "{sally.id}"}}}}]'
        ).encode(),
        headers={"Content-Type": "application/json-patch+json"},
    )
    assert [bot.id] == members(mixed.json)
    assert 204 == (await running.admin.delete(place, {"users": [bot.id]})).status
    assert [] == members((await running.admin.get(place)).json)
    emptied = await running.admin.put(place, {"users": []})
    assert (200, []) == (emptied.status, members(emptied.json))
    nobody = await running.admin.post(place, {"users": []})
    assert (200, []) == (nobody.status, members(nobody.json))


async def test_one_member_is_shown_and_removed(running: Running) -> None:
    """By the address in a user's own document as well; somebody who is no member is 404."""
    sally = await running.person("Sally")
    team = await running.team("A")
    await running.admin.put(f"/admin/teams/{team}/users", {"users": [sally.id]})
    memberships = (await running.admin.get(f"/admin/users/{sally.id}")).json["_embedded"]["teams"]
    link = next(one for one in memberships if one["uuid"] == team)["_links"]["pf:membership"]["href"]
    assert sally.id == (await running.admin.get(link)).json["_embedded"]["user"]["uuid"]
    place = f"/admin/teams/{team}/users/{sally.id}"
    assert 204 == (await running.admin.delete(place)).status
    require_refusal(await running.admin.delete(place), 404)
    require_refusal(await running.admin.get(place), 404)


def operation(op: object = "add", path: object = "/users", value: object = None) -> dict[str, object]:
    """One operation of a JSON Patch."""
    return {"op": op, "path": path, "value": {"uuid": MISSING} if value is None else value}


@pytest.mark.parametrize(
    ("patch", "place"),
    [
        ({}, ""),
        ("add", ""),
        ([17], "0"),
        ([{}], "0.op"),
        ([operation(path="/teams")], "0.path"),
        ([operation(path="/users/0")], "0.path"),
        ([operation(path=17)], "0.path"),
        ([operation("move")], "0.op"),
        ([operation("ADD")], "0.op"),
        ([operation(None)], "0.op"),
        ([operation(value=MISSING)], "0.value"),
        ([operation(value={})], "0.value.uuid"),
        ([operation(value={"uuid": "x"})], "0.value.uuid"),
        ([operation(value={"uuid": None})], "0.value.uuid"),
        ([operation("remove"), operation()], "1.value.uuid"),
        ([operation("remove"), operation("remove", "/x")], "1.path"),
    ],
)
@pytest.mark.parametrize("content_type", ["application/json", "application/json-patch+json"])
async def test_a_bad_patch_changes_nothing(
    running: Running, patch: object, place: str, content_type: str
) -> None:
    """Section 4.5: every operation is checked before any is done, and the answer points to the one at fault."""
    team = await running.team("A")
    before = running.position
    answer = await running.admin.patch(
        f"/admin/teams/{team}/users", patch, headers={"Content-Type": content_type}
    )
    require_refusal(answer, 400)
    assert not place or [place] == list(answer.json["errors"])
    assert before == running.position


async def test_somebody_unknown_in_a_patch_is_pointed_to(running: Running) -> None:
    """All or nothing: whoever could join does not either."""
    bot = await running.system_account("bot")
    place = f"/admin/teams/{await running.team('A')}/users"
    good = operation(value={"uuid": bot.id})
    answer = await running.admin.patch(place, [good, operation("remove"), good, operation()])
    assert (400, ["3.value.uuid"]) == (answer.status, list(answer.json["errors"]))
    assert [] == members((await running.admin.get(place)).json)


async def test_which_applications_there_are_is_told_to_who_may_edit_the_team(running: Running) -> None:
    """403 comes first: whether a name means an application is nothing for somebody who may not order."""
    await running.admin.post("/pacticipants", {"name": "Foo"})
    nobody = await running.person("Nina", roles=[await running.role("Nothing")], teams=[])
    team = await running.team("A")
    for name in ("Foo", "Bar"):
        for answer in (
            await nobody.post("/admin/teams", {"name": "B", "pacticipantNames": [name]}),
            await nobody.put(f"/admin/teams/{team}", {"name": "B", "pacticipantNames": [name]}),
        ):
            require_refusal(answer, 403)


async def test_a_put_replaces_what_it_does_not_name(running: Running) -> None:
    """Section 7, point 3: without `environmentUuids` environments stay; absent lists empty the other two."""
    await running.admin.post("/pacticipants", {"name": "Foo"})
    made = await running.admin.post("/environments", {"name": "production", "production": True})
    lead, environment = await running.system_account("lead"), made.json["uuid"]
    full: dict[str, Any] = {
        "name": "A",
        "pacticipantNames": ["Foo"],
        "administratorUuids": [lead.id],
        "environmentUuids": [environment],
    }
    team = await running.team(**full)
    place = f"/admin/teams/{team}"

    def held(answer: Any) -> list[int]:
        embedded = answer.json["_embedded"]
        return [len(embedded[noun]) for noun in ("pacticipants", "administrators", "environments")]

    assert [0, 0, 1] == held(await running.admin.put(place, {"name": "A"}))
    assert [1, 1, 1] == held(await running.admin.put(place, full))
    nulls = {"name": "A", "pacticipantNames": None, "administratorUuids": None, "environmentUuids": None}
    assert [0, 0, 1] == held(await running.admin.put(place, nulls))
    older = {"name": "A", "_embedded": {"pacticipants": [{"name": "Foo"}]}, "environmentUuids": []}
    assert [1, 0, 0] == held(await running.admin.put(place, older))


async def test_a_team_that_is_sent_back_as_it_was_read_is_not_changed(running: Running) -> None:
    """Whoever reads a team, changes its name and sends it whole takes nobody's team away: `_embedded` counts."""
    await running.admin.post("/pacticipants", {"name": "Foo"})
    sally = await running.person("Sally")
    team = await running.team("A", pacticipantNames=["Foo"], administratorUuids=[sally.id])
    place = f"/admin/teams/{team}"
    read = (await running.admin.get(place)).json
    before = running.position
    assert 200 == (await running.admin.put(place, read)).status
    assert before == running.position
    renamed = (await running.admin.put(place, {**read, "name": "B"})).json
    assert ["Foo"] == [one["name"] for one in renamed["_embedded"]["pacticipants"]]
    assert [sally.id] == [one["uuid"] for one in renamed["_embedded"]["administrators"]]
    left = await running.admin.put(place, {**read, "administratorUuids": []})
    assert [] == left.json["_embedded"]["administrators"]
    for wrong in (MISSING, "nobody", None):
        body = {"name": "C", "_embedded": {"administrators": [{"uuid": sally.id}, {"uuid": wrong}]}}
        for answer in (await running.admin.put(place, body), await running.admin.post("/admin/teams", body)):
            assert 400 == answer.status
            assert ["_embedded.administrators.1.uuid"] == list(answer.json["errors"])


async def test_environments_are_attached_from_either_side(running: Running) -> None:
    """Section 3.2: by the environment's document or by the team's, and both show it."""
    made = await running.admin.post("/environments", {"name": "production", "production": True})
    environment = made.json["uuid"]
    team = await running.team("A")
    body = {"name": "production", "production": True, "teamUuids": [team]}
    assert 200 == (await running.admin.put(f"/environments/{environment}", body)).status
    shown = (await running.admin.get(f"/admin/teams/{team}")).json["_embedded"]["environments"]
    assert [(environment, True)] == [(one["uuid"], one["production"]) for one in shown]
    await running.admin.put(f"/admin/teams/{team}", {"name": "A", "environmentUuids": []})
    assert [] == (await running.admin.get(f"/environments/{environment}")).json["teamUuids"]


async def test_an_inactive_member_stays_and_the_team_can_be_changed(running: Running) -> None:
    """1.24.0, section 3.2: disabled people count, are shown as such, and hinder nothing."""
    sally = await running.person("Sally")
    team = await running.team("A")
    await running.admin.put(f"/admin/teams/{team}/users", {"users": [sally.id]})
    await running.admin.put(f"/admin/users/{sally.id}", {"active": False})
    again = await running.admin.put(f"/admin/teams/{team}/users", {"users": [sally.id]})
    assert (200, [False]) == (again.status, [one["active"] for one in again.json["_embedded"]["users"]])
    assert 200 == (await running.admin.put(f"/admin/teams/{team}", {"name": "B"})).status
    assert 1 == (await running.admin.get(f"/admin/teams/{team}")).json["numberOfMembers"]


async def test_the_trail_of_everybody_shows_a_deleted_team(running: Running) -> None:
    """Section 3.2: «event trail must show every effect», for a member, an application and an environment alike."""
    sally = await running.person("Sally")
    await running.admin.post("/pacticipants", {"name": "Foo"})
    made = await running.admin.post("/environments", {"name": "production", "production": True})
    team = await running.team(
        "A", pacticipantNames=["Foo"], environmentUuids=[made.json["uuid"]], administratorUuids=[sally.id]
    )
    await running.admin.put(f"/admin/teams/{team}/users", {"users": [sally.id]})
    assert 204 == (await running.admin.delete(f"/admin/teams/{team}", {"reason": "Merged"})).status
    for thing, expected in (
        (sally.id, "Administrator removed Sally from the administrators of team A."),
        ("application:Foo", "Administrator removed Foo from team A."),
        (made.json["uuid"], "Administrator removed production from team A."),
        (team, "Administrator deleted the team A."),
    ):
        last = (await running.admin.get(f"/audit?touches={thing}&sort=-timestamp&pageSize=1")).json["events"][
            0
        ]
        assert (expected, "Merged") == (last["sentence"], last["reason"])


async def test_many_patches_at_once_lose_nothing(running: Running) -> None:
    """A patch that adds and removes is decided on whoever belongs to the team then, and refused to nobody."""
    ids = [(await running.system_account(f"robot {number}")).id for number in range(24)]
    team = await running.team("A")
    place = f"/admin/teams/{team}/users"
    await running.admin.put(place, {"users": ids[:12]})

    def swap(out: str, into: str) -> list[dict[str, object]]:
        return [
            {"op": "remove", "path": "/users", "value": {"uuid": out}},
            {"op": "add", "path": "/users", "value": {"uuid": into}},
        ]

    answers = await asyncio.gather(
        *(running.admin.patch(place, swap(out, into)) for out, into in zip(ids[:12], ids[12:], strict=True))
    )
    assert {200} == {answer.status for answer in answers}
    assert set(ids[12:]) == set(members((await running.admin.get(place)).json))


async def test_the_last_operation_on_somebody_counts_and_a_patch_is_one_change(running: Running) -> None:
    """A patch is done whole, in one record, in the order of its operations."""
    ann, bob = [(await running.system_account(name)).id for name in ("Ann", "Bob")]
    team = await running.team("A")
    place = f"/admin/teams/{team}/users"
    await running.admin.put(place, {"users": [ann]})
    position = running.position
    steps = [("remove", ann), ("add", bob), ("remove", bob), ("add", bob), ("add", ann), ("remove", ann)]
    patch = [{"op": op, "path": "/users", "value": {"uuid": one}} for op, one in steps]
    answer = await running.admin.patch(place, patch)

    assert [bob] == members(answer.json)
    assert position + 1 == running.position


async def test_a_teams_administrator_changes_that_team_alone(running: Running) -> None:
    """Name and members of the own team yes; another team, making or deleting one no (section 3.2)."""
    nothing = await running.role("Reads users", "user:read:*")
    sally, billy = await running.person("Sally", roles=[nothing], teams=[]), await running.person("Billy")
    mine = await running.team("A", administratorUuids=[sally.id])
    other = await running.team("B")
    body = {"name": "A2", "administratorUuids": [sally.id]}
    assert 200 == (await sally.put(f"/admin/teams/{mine}", body)).status
    assert 200 == (await sally.put(f"/admin/teams/{mine}/users", {"users": [billy.id]})).status
    assert [mine] == [team["uuid"] for team in (await sally.get("/admin/teams")).json["teams"]]
    for answer in (
        await sally.put(f"/admin/teams/{other}", body),
        await sally.post("/admin/teams", {"name": "C"}),
        await sally.delete(f"/admin/teams/{mine}"),
        await sally.get(f"/admin/teams/{other}"),
    ):
        require_refusal(answer, 403)
    roles = (await sally.get("/user")).json["_embedded"]["roles"]
    held = next(role for role in roles if role["name"] == "Team Administrator")
    assert [f"team:manage:{mine}"] == [one["scope"] for one in held["permissions"]]


async def test_a_member_is_shown_only_as_far_as_the_reader_may(running: Running) -> None:
    """Whoever may read teams and not people sees who is there, and no e-mail address."""
    reader = await running.person("Rita", roles=[await running.role("Reads teams", "team:read:*")], teams=[])
    sally = await running.person("Sally")
    team = await running.team("A")
    await running.admin.put(f"/admin/teams/{team}/users", {"users": [sally.id]})
    (seen,) = (await reader.get(f"/admin/teams/{team}")).json["_embedded"]["members"]
    assert {"uuid", "name", "active", "type", "typeDescription", "_links"} == set(seen)
    (full,) = (await running.admin.get(f"/admin/teams/{team}")).json["_embedded"]["members"]
    assert "sally@example.org" == full["email"]


async def test_the_default_team_goes_only_when_another_is_there(running: Running) -> None:
    """422 while it is the only one; afterwards nobody joins it any more (seed 002, section 3.2)."""

    async def offered() -> list[str]:
        shown = (await running.admin.get(f"/admin/teams/{DEFAULT_TEAM}")).json
        return [action["name"] for action in shown["_actions"]]

    assert ["update"] == await offered()
    refused = await running.admin.delete(f"/admin/teams/{DEFAULT_TEAM}")
    require_refusal(refused, 422)
    assert ["team"] == list(refused.json["errors"])
    await running.team("A")
    assert ["update", "delete"] == await offered()
    assert 204 == (await running.admin.delete(f"/admin/teams/{DEFAULT_TEAM}")).status
    sally = await running.person("Sally")
    assert [] == (await sally.get("/user")).json["_embedded"]["teams"]


async def test_the_default_team_is_itself_under_another_name(running: Running) -> None:
    """It can be renamed and goes on receiving everybody: identity is the id, the name a label (sections 1.3, 3.2)."""
    renamed = await running.admin.put(f"/admin/teams/{DEFAULT_TEAM}", {"name": "Everybody"})
    assert (200, "Everybody") == (renamed.status, renamed.json["name"])
    sally = await running.person("Sally")
    assert ["Everybody"] == [team["name"] for team in (await sally.get("/user")).json["_embedded"]["teams"]]
    require_refusal(await running.admin.delete(f"/admin/teams/{DEFAULT_TEAM}"), 422)
    again = await running.team("Default")
    billy = await running.person("Billy")
    assert [DEFAULT_TEAM] == [team["uuid"] for team in (await billy.get("/user")).json["_embedded"]["teams"]]
    assert 0 == (await running.admin.get(f"/admin/teams/{again}")).json["numberOfMembers"]


async def test_members_of_many_are_counted_with_a_breath(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However they are counted, system accounts and disabled people included, the number is the same (section 7)."""
    ids = [(await running.system_account(f"robot {number}")).id for number in range(3)]
    team = await running.team("A")
    await running.admin.put(f"/admin/teams/{team}/users", {"users": ids})
    await running.admin.put(f"/admin/users/{ids[0]}", {"active": False})
    for many in (1, 1_000):
        monkeypatch.setattr(documents, "_MANY", many)
        shown = (await running.admin.get("/admin/teams?q=A")).json["teams"]
        assert {"A": 3} == {one["name"]: one["numberOfMembers"] for one in shown if one["uuid"] == team}
        assert 3 == (await running.admin.get(f"/admin/teams/{team}")).json["numberOfMembers"]


async def test_teams_are_found_by_a_part_of_their_name(running: Running) -> None:
    """`q` narrows the list, whatever the case, with the number of members."""
    await running.team("Blue whales")
    found = (await running.admin.get("/admin/teams?q=WHALE")).json["teams"]
    assert [("Blue whales", 0)] == [(team["name"], team["numberOfMembers"]) for team in found]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x", "pacticipantNames": ["Nothing"]}, "pacticipantNames.0"),
        (
            {"name": "x", "_embedded": {"pacticipants": [{"name": "Nothing"}]}},
            "_embedded.pacticipants.0.name",
        ),
        ({"name": "x", "administratorUuids": [MISSING]}, "administratorUuids.0"),
        ({"name": "x", "environmentUuids": ["x"]}, "environmentUuids.0"),
    ],
)
async def test_a_team_that_makes_no_sense_is_refused_with_its_place(
    running: Running, body: object, field: str
) -> None:
    """400 with the field, and no team comes of it."""
    before = running.position
    answer = await running.admin.post("/admin/teams", body)
    require_refusal(answer, 400)
    assert [field] == list(answer.json["errors"])
    assert before == running.position
