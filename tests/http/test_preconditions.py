"""If-Match and If-None-Match (section 4.1; RFC 9110, section 13), and edits that carry neither."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.http.test_bad_input import require_refusal
from tests.service import Answer, Client, Running

PROBLEM = {"Accept": "application/problem+json"}


async def edited(client: Client, role: str, name: str, **headers: str) -> Answer:
    """A PUT of the role under conditions; `If_Match` is the header's name."""
    return await client.put(
        f"/admin/roles/{role}",
        {"name": name, "permissions": []},
        headers={key.replace("_", "-"): value for key, value in headers.items()},
    )


async def test_a_stale_edit_says_who_changed_what_since(running: Running) -> None:
    """412 with the records that changed the noun since the version decided on, newest last, and in plain words."""
    role = await running.role("First")
    tag = (await running.admin.get(f"/admin/roles/{role}")).headers["ETag"]
    decided_on = int(tag.strip('"').partition("-")[0])
    second = await edited(running.admin, role, "Second")
    third = await edited(running.admin, role, "Third")
    await running.role("Other")  # what did not touch the role is no part of it
    before = running.position
    stale = await edited(running.admin, role, "Mine", If_Match=tag, **PROBLEM)
    assert (412, before) == (stale.status, running.position)
    assert "application/problem+json;charset=utf-8" == stale.headers["Content-Type"]
    changes = stale.json["changes"]
    assert [second.position, third.position] == [one["position"] for one in changes]
    assert ["Administrator renamed the role First to Second.", "Administrator renamed the role Second to Third."] == [
        one["sentence"] for one in changes
    ]  # fmt: skip
    assert {"Administrator"} == {one["actor"] for one in changes}
    for one in changes:
        event = (await running.admin.get(f"/audit/{one['event']}")).json
        assert (one["position"], one["sentence"]) == (event["position"], event["sentence"])
    said = stale.json["detail"]
    assert f"you decided on version {decided_on}, it is at version {third.position}." in said
    plain = await edited(running.admin, role, "Mine", If_Match=tag)
    require_refusal(plain, 412)
    assert {"errors": [said]} == plain.json
    assert said.endswith(f"renamed the role Second to Third ({changes[1]['time']}).")
    fresh = (await running.admin.get(f"/admin/roles/{role}")).headers["ETag"]
    assert 200 == (await edited(running.admin, role, "Mine", If_Match=fresh)).status


async def test_what_was_changed_since_names_nothing_that_one_may_not_read(running: Running) -> None:
    """Who may only manage what they created learns neither the team that it came to nor what came with it."""
    own = await running.role("Own", "contract_data:manage:own")
    sally = await running.person("Sally", roles=[own], teams=[])
    made = await sally.post("/pacticipants", {"name": "Foo"})
    assert 201 == (await running.admin.post("/pacticipants", {"name": "Secret"})).status
    await running.team("Hidden", pacticipantNames=["Foo", "Secret"])
    conditions = {"If-Match": made.headers["ETag"], **PROBLEM}
    told = {}
    for name, client in (("sally", sally), ("admin", running.admin)):
        stale = await client.patch("/pacticipants/Foo", {"mainBranch": "main"}, headers=conditions)
        assert 412 == stale.status
        told[name] = stale.text
    assert [True, False, False] == [word in told["sally"] for word in ("Foo", "Secret", "Hidden")]
    assert [True, True, True] == [word in told["admin"] for word in ("Foo", "Secret", "Hidden")]


async def test_where_a_secret_or_a_webhook_came_from_is_not_told_to_whom_it_came(running: Running) -> None:
    """Section 3.7: who manages it in its team now learns what was done, and no team that they may not read by name."""
    away, here = await running.team("Hidden"), await running.team("Here")
    role = await running.role("Own", "secret:manage:team", "webhook:manage:team")
    sally = await running.person("Sally", roles=[role], teams=[here])
    request = {"method": "POST", "url": "https://ci.example.org/"}
    for path, made, body in (
        ("/secrets", {"name": "key", "value": "v"}, {"name": "key"}),
        ("/webhooks", {"request": request}, {"request": request}),
    ):
        first = await running.admin.post(path, {**made, "teamUuid": away})
        place = f"{path}/{first.json['uuid']}"
        assert 200 == (await running.admin.put(place, {**body, "teamUuid": here})).status
        conditions = {"If-Match": first.headers["ETag"], **PROBLEM}
        told = {}
        for name, client in (("sally", sally), ("admin", running.admin)):
            stale = await client.put(place, body, headers=conditions)
            assert 412 == stale.status
            told[name] = stale.text
        assert [True, False] == [word in told["sally"] for word in ("moved the", "Hidden")]
        assert [True, True] == [word in told["admin"] for word in ("moved the", "Hidden")]


async def test_only_the_newest_changes_are_told(running: Running) -> None:
    """The list is bounded, the sentence more so; how many there were before is said."""
    role = await running.role("Name")
    tag = (await running.admin.get(f"/admin/roles/{role}")).headers["ETag"]
    for number in range(23):
        await edited(running.admin, role, f"Name {number}")
    stale = (await edited(running.admin, role, "Mine", If_Match=tag, **PROBLEM)).json
    assert (20, 3) == (len(stale["changes"]), stale["earlierChanges"])
    assert 5 == stale["detail"].count("renamed the role")
    assert "18 earlier changes" in stale["detail"]


async def test_a_change_from_the_other_side_is_told_too(running: Running) -> None:
    """Whoever joined a team, and whoever edited an environment through its team, changed that noun."""
    sally = await running.person("Sally")
    team = await running.team("A")
    made = await running.admin.post("/environments", {"name": "production", "production": True})
    place = f"/environments/{made.json['uuid']}"
    tags = {at: (await running.admin.get(at)).headers["ETag"] for at in (place, f"/admin/teams/{team}")}
    await running.admin.put(
        f"/admin/teams/{team}", {"name": "A", "environmentUuids": [made.json["uuid"]]}
    )  # both
    await running.admin.post(f"/admin/teams/{team}/users", {"users": [sally.id]})
    headers = {**PROBLEM, "If-Match": tags[f"/admin/teams/{team}"]}
    stale = (await running.admin.put(f"/admin/teams/{team}/users", {"users": []}, headers=headers)).json
    assert [
        "Administrator added production to team A.",
        "Administrator added Sally to team A.",
    ] == [one["sentence"] for one in stale["changes"]]
    body = {"name": "production", "production": False}
    stale = (await running.admin.put(place, body, headers={**PROBLEM, "If-Match": tags[place]})).json
    assert ["Administrator added production to team A."] == [one["sentence"] for one in stale["changes"]]


async def test_people_whom_the_caller_may_not_read_stay_unnamed(running: Running) -> None:
    """Whoever may edit roles and read nobody learns what changed, not who did it."""
    editor = await running.person("Erin", roles=[await running.role("Edits", "role:manage:*")], teams=[])
    role = await running.role("First")
    tag = (await editor.get(f"/admin/roles/{role}")).headers["ETag"]
    await edited(running.admin, role, "Second")
    await edited(editor, role, "Third")
    stale = (await edited(editor, role, "Mine", If_Match=tag, **PROBLEM)).json
    assert ["Somebody", "Erin"] == [one["actor"] for one in stale["changes"]]
    assert "Administrator" not in str(stale)


async def test_who_may_not_edit_learns_nothing_of_the_changes(running: Running) -> None:
    """403 comes before 412."""
    reader = await running.person("Rita", roles=[await running.role("Reads", "role:read:*")], teams=[])
    role = await running.role("First")
    tag = (await reader.get(f"/admin/roles/{role}")).headers["ETag"]
    await edited(running.admin, role, "Second")
    refused = await edited(reader, role, "Mine", If_Match=tag)
    require_refusal(refused, 403)
    assert "Second" not in refused.text


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("*", 200),
        ("{tag}", 200),
        ("  {tag} ", 200),
        ('"17", {tag}', 200),
        ('"with,a,comma",\t{tag}', 200),
        (', "17" , ,{tag},', 200),
        ('"17"', 412),
        ('"another-service"', 412),
        ('""', 412),
        ("W/{tag}", 412),
        ('"999999999999"', 412),
        ("17", 400),
        ('"unfinished', 400),
        ("{tag} {tag}", 400),
        ("*, {tag}", 400),
        ("w/{tag}", 400),
        ("", 400),
    ],
)
async def test_a_condition_is_read_as_http_says(running: Running, condition: str, status: int) -> None:
    """RFC 9110, section 13.1.1: a list of tags compared strongly, or anything; what is no list is told as such."""
    role = await running.role("First")
    tag = (await running.admin.get(f"/admin/roles/{role}")).headers["ETag"]
    answer = await edited(running.admin, role, "Second", If_Match=condition.replace("{tag}", tag))
    assert status == answer.status, answer.text
    if status == 400:
        assert ["If-Match"] == list(answer.json["errors"])


async def test_a_request_that_is_repeated_is_answered_as_before(running: Running) -> None:
    """Under its Idempotency-Key its own change does not make it stale."""
    role = await running.role("First")
    tag = (await running.admin.get(f"/admin/roles/{role}")).headers["ETag"]
    both = [
        await edited(running.admin, role, "Second", If_Match=tag, Idempotency_Key="once") for _ in range(2)
    ]
    assert [200, 200] == [answer.status for answer in both]
    assert both[0].position == both[1].position == running.position


async def test_the_head_of_an_answer_is_the_answer_s(running: Running) -> None:
    """HEAD is GET without the body, on every list and noun, conditions included (RFC 9110, section 9.3.2)."""
    role = await running.role("First")
    for place in ("/", "/admin/roles", f"/admin/roles/{role}", "/user"):
        whole, head = await running.admin.get(place), await running.admin.ask("HEAD", place)
        assert (200, b"") == (head.status, head.octets)
        for name in ("Content-Type", "Content-Length", "ETag", "Muniment-Position"):
            assert whole.headers.get(name) == head.headers.get(name), (place, name)
    tag = (await running.admin.get(f"/admin/roles/{role}")).headers["ETag"]
    seen = await running.admin.ask("HEAD", f"/admin/roles/{role}", headers={"If-None-Match": tag})
    assert 304 == seen.status


async def test_a_condition_on_what_is_not_there_is_not_found(running: Running) -> None:
    """A precondition is looked at only where the request would otherwise succeed (RFC 9110, section 13.2.1)."""
    answer = await edited(running.admin, "00000000-0000-4000-8000-000000000000", "x", If_Match="*")
    require_refusal(answer, 404)


async def test_a_read_that_was_seen_is_not_sent_again(running: Running) -> None:
    """304 for the very answer, weak or in a list, and for any; another answer is sent."""
    role = await running.role("First")
    place = f"/admin/roles/{role}"
    tag = (await running.admin.get(place)).headers["ETag"]
    for seen in (tag, f"W/{tag}", f'"17", {tag}', "*"):
        answer = await running.admin.get(place, headers={"If-None-Match": seen})
        assert (304, b"", tag) == (answer.status, answer.octets, answer.headers["ETag"]), seen
    assert 200 == (await running.admin.get(place, headers={"If-None-Match": '"17"'})).status
    assert 200 == (await running.admin.get(place, headers={"If-None-Match": "nonsense"})).status
    refused = await edited(running.admin, role, "Second", If_None_Match="*")
    require_refusal(refused, 400)


async def test_edits_at_once_follow_one_another(running: Running) -> None:
    """Ten edits in flight of one role, one team and one user: each succeeds, none is 409, and each is in the trail."""
    role, team, sally = await running.role("Role"), await running.team("Team"), await running.person("Sally")
    admin = running.admin
    edits: dict[str, tuple[str, Callable[[int], Awaitable[Answer]]]] = {
        "role.renamed": (role, lambda n: edited(admin, role, f"Role {n}")),
        "team.renamed": (team, lambda n: admin.put(f"/admin/teams/{team}", {"name": f"Team {n}"})),
        "principal.renamed": (
            sally.id,
            lambda n: admin.put(f"/admin/users/{sally.id}", {"name": f"Sally {n}"}),
        ),
    }
    for kind, (thing, edit) in edits.items():
        answers = await asyncio.gather(*(edit(number) for number in range(10)))
        assert {200} == {answer.status for answer in answers}
        events = (await admin.get(f"/audit?touches={thing}&kind={kind}")).json["events"]
        assert sorted(answer.position for answer in answers) == [one["position"] for one in events]
