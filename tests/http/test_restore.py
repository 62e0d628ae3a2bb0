"""What one deletion removed is published again: seed 002's blunder, undone."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from service import app as composition
from service.log import verify
from service.retention import Retention
from tests.service import Answer, Client, Running

PAIR = "/pacts/provider/Bar/consumer/Foo"
INTEGRATION = "/integrations/provider/Bar/consumer/Foo"


async def publish(client: Client, version: str, content: object, pair: str = PAIR) -> None:
    published = await client.put(f"{pair}/version/{version}", content)
    assert published.status in (200, 201), published.text


async def deleted(running: Running, path: str = INTEGRATION, client: Client | None = None) -> str:
    """The deletion's event, as the trail names it."""
    answer = await (client or running.admin).delete(path)
    assert answer.status in (200, 204), answer.text
    trail = (await running.admin.get("/audit?sort=-timestamp")).json["events"]
    return str(next(one["correlation"] for one in trail if one["kind"].endswith((".deleted", "_deleted"))))


async def contents(running: Running, *versions: str) -> list[tuple[int, Any]]:
    """(status, what the test published) of each version."""
    answers = [await running.admin.get(f"{PAIR}/version/{version}") for version in versions]
    return [(one.status, one.json.get("a")) for one in answers]


def named(integrations: Answer) -> list[tuple[str, str, int]]:
    """Integrations as a client calls them, each with how many contracts it has."""
    listed = integrations.json["_embedded"]["integrations"]
    return [(one["consumer"]["name"], one["provider"]["name"], one["contracts"]) for one in listed]


async def restored(client: Client, event: str, rest: str = "", **more: Any) -> Answer:
    return await client.post(f"/history/{event}/restore{rest}", **more)


async def test_a_deletion_is_undone_and_the_record_says_by_whom_and_of_what(running: Running) -> None:
    """Everything is there again as it was; the trail names the deletion as the cause, with the reason given."""
    for version in ("1", "2"):
        await publish(running.admin, version, {"a": version})
    before = await running.admin.get("/integrations")
    event = await deleted(running)
    gone = await running.admin.get("/integrations")
    assert [] == gone.json["_embedded"]["integrations"]
    answer = await restored(running.admin, event, headers={"Muniment-Reason": "The wrong one"})
    assert 200 == answer.status, answer.text
    assert {"applications": 2, "contracts": 2, "facts": 2} == answer.json["restored"]
    assert (False, {"number": 0, "first": []}) == (answer.json["alreadyThere"], answer.json["leftOut"])
    assert [(200, "1"), (200, "2")] == await contents(running, "1", "2")
    told = (await running.admin.get(f"/audit/{answer.json['event']}")).json
    assert ("deletion.restored", event, "The wrong one") == (told["kind"], told["causation"], told["reason"])
    assert (
        "restored what a deletion had removed: 2 applications, 2 contracts and 2 other facts"
        in told["sentence"]
    )
    after = await running.admin.get("/integrations")
    named = [
        [
            (one["consumer"]["name"], one["provider"]["name"], one["contracts"])
            for one in each.json["_embedded"]["integrations"]
        ]
        for each in (before, after)
    ]
    assert named[0] == named[1]


async def test_every_moment_answers_as_it_was(running: Running) -> None:
    """Before the deletion, between it and its undoing, and afterwards."""
    await publish(running.admin, "1", {"a": "1"})
    before = running.position
    event = await deleted(running)
    between = running.position
    await restored(running.admin, event)
    statuses = [
        (await running.admin.get(f"{PAIR}/version/1{moment}")).status
        for moment in (f"?as_of={before}", f"?as_of={between}", "")
    ]
    assert [200, 404, 200] == statuses


async def test_a_child_or_a_position_names_the_deletion_as_well(running: Running) -> None:
    """Whoever finds any record of the deletion can undo it from there."""
    await publish(running.admin, "1", {"a": "1"})
    event = await deleted(running)
    trail = (await running.admin.get("/audit?kind=contracts.removed")).json["events"]
    for named in (trail[0]["uuid"], str(trail[0]["position"]), event):
        assert event == (await running.admin.get(f"/history/{named}")).json["event"]
    assert event == (await restored(running.admin, trail[0]["uuid"])).json["deletion"]


async def test_a_dry_run_tells_what_would_come_back_and_does_nothing(running: Running) -> None:
    """The same refusals, the same counts, and no record."""
    await publish(running.admin, "1", {"a": "1"})
    event = await deleted(running)
    before = running.position
    tried = await restored(running.admin, event, "?dry_run=true")
    assert 200 == tried.status, tried.text
    assert (True, before) == (tried.json["dryRun"], running.position)
    assert {"applications": 2, "contracts": 1, "facts": 1} == tried.json["restored"]
    would = sum(one["records"] for one in tried.json["would"])
    done = await restored(running.admin, event)
    assert would == done.position - before
    assert tried.json["restored"] == done.json["restored"]


async def test_a_second_time_nothing_is_recorded(running: Running) -> None:
    """Whoever repeats it is told that all of it is here; under the same key the first answer is given again."""
    await publish(running.admin, "1", {"a": "1"})
    event = await deleted(running)
    first = await restored(running.admin, event, headers={"Idempotency-Key": "once"})
    position = running.position
    again = await restored(running.admin, event)
    assert (200, True, None) == (again.status, again.json["alreadyThere"], again.json["event"])
    replayed = await restored(running.admin, event, headers={"Idempotency-Key": "once"})
    assert first.json == replayed.json
    assert position == running.position
    tried = await restored(running.admin, event, "?dry_run=true")
    assert (True, []) == (tried.json["alreadyThere"], tried.json["would"])


async def test_what_was_published_otherwise_since_is_named(running: Running) -> None:
    """409 for all of it, and nothing else comes back."""
    for version in ("1", "2"):
        await publish(running.admin, version, {"a": version})
    event = await deleted(running)
    await publish(running.admin, "2", {"a": "another"})
    refused = await restored(running.admin, event)
    assert 409 == refused.status
    assert "Foo/Bar/2" in refused.text
    assert [(404, None), (200, "another")] == await contents(running, "1", "2")
    shown = (await running.admin.get(f"/history/{event}")).json
    assert (False, True) == (shown["restorable"]["now"], "Foo/Bar/2" in shown["restorable"]["because"])


async def test_who_may_not_publish_may_not_restore(running: Running) -> None:
    """The sentence of seed 002, with the permission and the consumer; the attempt stands in the trail."""
    await publish(running.admin, "1", {"a": "1"})
    event = await deleted(running, f"{PAIR}/versions")
    role = await running.role("Cleaner", "contract_data:bulk_delete:*", "contract_data:read:*")
    billy = await running.person("Billy", roles=[role], teams=[])
    denied = await restored(billy, event)
    assert 403 == denied.status
    assert denied.text.startswith("Forbidden. Either you are using a read only token")
    assert "contract_data:manage on Foo" in denied.text
    trail = (await running.admin.get("/audit?outcome=denied&sort=-timestamp")).json["events"]
    assert "tried to restore what a deletion removed" in trail[0]["sentence"]
    shown = (await billy.get(f"/history/{event}")).json
    assert (False, False) == (shown["restorable"]["now"], "muniment:restore" in shown["_links"])
    read_only = await restored(running.admin.read_only(), event)
    assert read_only.status in (401, 403)


async def test_a_refusal_names_nothing_that_may_not_be_read(running: Running) -> None:
    """A record is found by its number: whoever may read nothing learns no name of what was deleted from a refusal."""
    await publish(running.admin, "1", {"a": "1"})
    event = await deleted(running)
    for scope in ("contract_data:manage:own", "token:manage:own"):
        stranger = await running.person(f"With {scope}", roles=[await running.role(scope, scope)], teams=[])
        for query in ("", "?dry_run=true"):
            denied = await restored(stranger, event, query)
            assert 403 == denied.status
            assert "Foo" not in denied.text
            assert denied.text.endswith("Missing: contract_data:manage.")
        assert 403 == (await stranger.get(f"/history/{event}")).status


async def test_teams_that_the_caller_may_not_change_are_listed(running: Running) -> None:
    """An application made again joins only the teams that whoever restores it may change."""
    await publish(running.admin, "1", {"a": "1"})
    team = await running.team("Secret", pacticipantNames=["Foo"])
    role = await running.role("Publisher", "contract_data:manage:*", "contract_data:bulk_delete:*")
    billy = await running.person("Billy", roles=[role], teams=[])
    event = await deleted(running, client=billy)
    answer = await restored(billy, event)
    assert 200 == answer.status, answer.text
    assert {
        "number": 1,
        "first": [{"type": "team", "uuid": team, "application": "Foo", "because": "you may not change it"}],
    } == answer.json["leftOut"]
    seen = await restored(running.admin, await deleted(running))
    assert 0 == seen.json["leftOut"]["number"]


async def test_what_a_deletion_removed_can_be_read(running: Running) -> None:
    """Names and numbers of what vanished, for whoever may read it, and whether it could come back."""
    await publish(running.admin, "1", {"a": "1"})
    event = await deleted(running)
    shown = (await running.admin.get(f"/history/{event}")).json
    assert ("integration.deleted", {"now": True}) == (shown["kind"], shown["restorable"])
    assert ["Bar", "Foo"] == [one["name"] for one in shown["removed"]["applications"]["first"]]
    assert {
        "number": 1,
        "first": [{"consumer": "Foo", "provider": "Bar", "version": "1"}],
    } == shown["removed"]["contracts"]
    role = await running.role("Nobody", "token:manage:own")
    stranger = await running.person("Stranger", roles=[role], teams=[])
    assert 403 == (await stranger.get(f"/history/{event}")).status


@pytest.mark.parametrize(("event", "status"), [("nonsense", 400), ("999999", 404), ("1", 404)])
@pytest.mark.parametrize("rest", ["", "/restore"])
async def test_what_is_no_deletion_leads_nowhere(
    running: Running, event: str, rest: str, status: int
) -> None:
    """A word, a position that was never reached, and a record that removed nothing."""
    ask = running.admin.post if rest else running.admin.get
    assert status == (await ask(f"/history/{event}{rest}")).status


def later(running: Running, days: float) -> Retention:
    """What a replica does so many days later, of deletions that are kept for thirty."""
    app = running.app
    return Retention(app.replica, app.handler, lambda: composition.clock() + timedelta(days=days), 30)


async def vault(running: Running) -> int:
    async with running.app.reader.connection() as connection:
        return int(await connection.fetchval("select count(*) from vault"))


async def findings(running: Running) -> tuple[object, ...]:
    """What `verify` finds."""
    connection = await running.app.connected("test")
    try:
        report = await verify.verify(connection, running.app.keys, lambda _done, _all: None)
    finally:
        await connection.close()
    return report.findings


async def test_after_its_time_a_body_leaves_the_vault_and_that_is_said(running: Running) -> None:
    """Kept for as many days as the setting says, then gone, by a record that names it; what lives keeps its body."""
    await publish(running.admin, "1", {"a": "1"})
    await publish(running.admin, "2", {"a": "2"})
    await publish(running.admin, "9", {"a": "2"}, "/pacts/provider/Bar/consumer/Baz")
    before, rows = running.position, await vault(running)
    event = await deleted(running)
    assert 0 == await later(running, 29.9).once()
    assert 1 == await later(running, 30.1).once()
    assert rows - 1 == await vault(running)
    assert 0 == await later(running, 30.1).once()
    forgotten = (await running.admin.get("/audit?kind=contract_bodies.forgotten")).json["events"]
    assert ["The service forgot 1 body of contracts that nothing held any longer."] == [
        one["sentence"] for one in forgotten
    ]
    assert () == await findings(running)
    lost = await running.admin.get(f"{PAIR}/version/1?as_of={before}")
    assert 410 == lost.status
    assert "left the vault" in lost.text
    assert 200 == (await running.admin.get(f"{PAIR}/version/2?as_of={before}")).status
    refused = await restored(running.admin, event)
    assert 410 == refused.status
    assert "The body of Foo/Bar/1 left the vault" in refused.text
    shown = (await running.admin.get(f"/history/{event}")).json["restorable"]
    assert (False, "Foo/Bar/1" in shown["because"]) == (shown["now"], True)


async def test_what_was_forgotten_can_be_published_anew(running: Running) -> None:
    """The same content again gets a row of its own, and then the deletion can be undone after all."""
    for version in ("1", "2"):
        await publish(running.admin, version, {"a": version})
    event = await deleted(running)
    assert 2 == await later(running, 31).once()
    for version in ("1", "2"):
        await publish(running.admin, f"{version}-again", {"a": version})
    assert 200 == (await restored(running.admin, event)).status
    assert [(200, "1"), (200, "2")] == await contents(running, "1", "2")
    assert () == await findings(running)


async def test_what_is_restored_is_held_again(running: Running) -> None:
    """The time begins anew with the next deletion; what lives is never forgotten."""
    await publish(running.admin, "1", {"a": "1"})
    await restored(running.admin, await deleted(running))
    assert 0 == await later(running, 400).once()
    await deleted(running)
    assert 1 == await later(running, 31).once()


async def test_two_replicas_that_forget_at_once_do_no_harm(running: Running) -> None:
    """Each looks for itself; one record says what went, and the rows match what the log says."""
    for version in ("1", "2", "3"):
        await publish(running.admin, version, {"a": version})
    await deleted(running)
    both = await asyncio.gather(later(running, 31).once(), later(running, 32).once())
    assert 3 == sum(both)
    assert () == await findings(running)


async def test_zero_days_keep_for_good(running: Running) -> None:
    """Whoever wants to be able to undo any deletion says 0."""
    await publish(running.admin, "1", {"a": "1"})
    await deleted(running)
    app = running.app
    ever = Retention(app.replica, app.handler, lambda: composition.clock() + timedelta(days=9_000), 0)
    assert 0 == await ever.once()


async def test_a_version_comes_back_with_all_that_it_had(running: Running) -> None:
    """Its build, tags, branch, contract, its result as a provider and where it was deployed: each since when it was."""
    admin = running.admin
    await publish(admin, "1", {"a": "1"})
    await publish(admin, "2", {"a": "2"})
    version = "/pacticipants/Foo/versions/1"
    assert (await admin.put(version, {"buildUrl": "https://ci.example.org/1"})).status in (200, 201)
    assert (await admin.put(f"{version}/tags/prod", {})).status in (200, 201)
    assert (await admin.put("/pacticipants/Foo/branches/main/versions/1", {})).status in (200, 201)
    environment = (await admin.post("/environments", {"name": "live", "production": True})).json["uuid"]
    deployed = await admin.post(f"{version}/deployed-versions/environment/{environment}", {})
    assert 201 == deployed.status, deployed.text
    places = (
        version,
        f"{version}/tags/prod",
        "/pacticipants/Foo/branches/main/versions/1",
        f"{PAIR}/version/1",
        f"/deployed-versions/{deployed.json['uuid']}",
    )
    before = {place: (await admin.get(place)).json for place in places}
    at = running.position
    assert 204 == (await admin.delete(version)).status
    event = str(running.position)
    assert {404} == {(await admin.get(place)).status for place in places}
    tried = await restored(admin, event, "?dry_run=true")
    done = await restored(admin, event)
    assert 200 == done.status, done.text
    assert tried.json["restored"] == done.json["restored"]
    assert (1, 4) == (done.json["restored"]["contracts"], done.json["restored"]["facts"])
    for place in places:
        after, then = await admin.get(place), await admin.get(f"{place}?as_of={at}")
        assert (200, 200) == (after.status, then.status), place
        assert before[place]["createdAt"] == after.json["createdAt"], place
    assert "https://ci.example.org/1" == (await admin.get(version)).json["buildUrl"]
    again = await restored(admin, event)
    assert (True, running.position) == (again.json["alreadyThere"], done.position)
    shown = (await admin.get(f"/history/{event}")).json
    assert {"number": 1} == shown["removed"]["tags"]
    told = (await admin.get("/audit?kind=facts.restored")).json["events"]
    assert "thereby restored 1 version, 1 tag, 1 branch membership and 1 deployment" in told[0]["sentence"]


async def test_only_who_may_record_brings_deployments_back(running: Running) -> None:
    """Section 3.5: everything else of the version is here again, and the answer says what is not."""
    admin = running.admin
    await publish(admin, "1", {"a": "1"})
    environment = (await admin.post("/environments", {"name": "live", "production": True})).json["uuid"]
    place = f"/pacticipants/Foo/versions/1/deployed-versions/environment/{environment}"
    deployed = (await admin.post(place, {})).json["uuid"]
    assert 204 == (await admin.delete("/pacticipants/Foo/versions/1")).status
    event = str(running.position)
    role = await running.role("Publisher", "contract_data:manage:*")
    billy = await running.person("Billy", roles=[role], teams=[])
    answer = await restored(billy, event)
    assert 200 == answer.status, answer.text
    assert 1 == answer.json["leftOut"]["number"], answer.text
    (left,) = answer.json["leftOut"]["first"]
    assert ("deployment", "Foo", "you may not change it") == (
        left["type"],
        left["application"],
        left["because"],
    )
    assert 404 == (await admin.get(f"/deployed-versions/{deployed}")).status
    more = await restored(admin, event)
    assert {"applications": 0, "contracts": 0, "facts": 1} == more.json["restored"]
    assert 200 == (await admin.get(f"/deployed-versions/{deployed}")).status
