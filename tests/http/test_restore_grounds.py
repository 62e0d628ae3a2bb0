"""What an undo leaves out: nothing comes back without what it belongs to, and nobody is told that it is here."""

from tests.http.test_restore import PAIR, deleted, publish, restored
from tests.service import Client, Running


async def verified(client: Client, version: str, provider_version: str) -> str:
    """Publish a result of a version's content; its path."""
    contract = (await client.get(f"{PAIR}/version/{version}")).json
    place = str(contract["_links"]["pb:publish-verification-results"]["href"])
    path = "/pacts/" + place.split("/pacts/")[1]
    answer = await client.post(path, {"success": True, "providerApplicationVersion": provider_version})
    assert 201 == answer.status, answer.text
    return "/pacts/" + str(answer.json["_links"]["self"]["href"]).split("/pacts/")[1]


async def test_a_result_does_not_come_back_without_its_contract(running: Running) -> None:
    """Or it would count for whoever publishes the same content again: a result ends with what it is about."""
    admin = running.admin
    await publish(admin, "1", {"a": "1"})
    result = await verified(admin, "1", "p1")
    event = await deleted(running, result)
    contract = await deleted(running, f"{PAIR}/version/1")
    refused = await restored(admin, event)
    assert 409 == refused.status, refused.text
    assert "verification result of Bar (what it belongs to is not here)" in refused.text
    shown = (await admin.get(f"/history/{event}")).json["restorable"]
    assert (False, True) == (shown["now"], "what it belongs to is not here" in shown["because"])
    await publish(admin, "2", {"a": "1"})
    assert 404 == (await admin.get(result)).status
    # With a contract of that content the result has what it is about.
    assert 200 == (await restored(admin, contract)).status
    assert {"applications": 0, "contracts": 0, "facts": 1} == (await restored(admin, event)).json["restored"]
    assert 200 == (await admin.get(result)).status


async def test_a_deployment_does_not_come_back_without_its_version(running: Running) -> None:
    """Section 3.5 gives the right to record, W on the provider its versions: who has the first alone gets neither."""
    admin = running.admin
    await publish(admin, "1", {"a": "1"})
    await publish(admin, "1", {"a": "1"}, "/pacts/provider/Bar/consumer/Baz")
    await publish(admin, "1", {"a": "1"}, "/pacts/provider/Qux/consumer/Foo")
    foo = ["Foo"]
    team = (await admin.post("/admin/teams", {"name": "A", "pacticipantNames": foo})).json["uuid"]
    environment = (await admin.post("/environments", {"name": "live", "production": True})).json["uuid"]
    assert 201 == (await admin.put("/pacticipants/Bar/versions/9", {})).status
    place = f"/pacticipants/Bar/versions/9/deployed-versions/environment/{environment}"
    deployed = f"/deployed-versions/{(await admin.post(place, {})).json['uuid']}"
    event = await deleted(running)
    assert 404 == (await admin.get(deployed)).status
    scopes = ("contract_data:manage:team", "deployment_and_release:record:*", "environment:read:*")
    role = await running.role("Recorder", *scopes)
    billy = await running.person("Billy", roles=[role], teams=[team])
    answer = await restored(billy, event)
    assert 200 == answer.status, answer.text
    why = {(one["type"], one["application"], one["because"]) for one in answer.json["leftOut"]["first"]}
    gone = "it is not here any more, or what it belongs to is not"
    assert {("version", "Bar", "you may not change it"), ("deployment", "Bar", gone)} == why
    assert 404 == (await admin.get(deployed)).status
    again = await restored(billy, event)
    assert 409 == again.status, again.text
    assert "version of Bar (not by you)" in again.text
    assert 200 == (await restored(admin, event)).status
    assert [200, 200] == [(await admin.get(one)).status for one in (deployed, "/pacticipants/Bar/versions/9")]


async def test_a_tag_does_not_bring_its_deleted_version_back(running: Running) -> None:
    """What a branch had is undone with the branch; a version that somebody deleted since stays deleted."""
    admin = running.admin
    for version in ("1", "2"):
        assert 201 == (await admin.put(f"/pacticipants/Foo/branches/main/versions/{version}", {})).status
    event = await deleted(running, "/pacticipants/Foo/branches/main")
    await deleted(running, "/pacticipants/Foo/versions/1")
    answer = await restored(admin, event)
    assert 200 == answer.status, answer.text
    assert (1, 1) == (answer.json["restored"]["facts"], answer.json["leftOut"]["number"])
    found = [(await admin.get(f"/pacticipants/Foo/versions/{version}")).status for version in ("1", "2")]
    assert [404, 200] == found


async def test_who_may_change_nothing_of_it_is_told_so(running: Running) -> None:
    """Where no contract vanished either: 403 and an attempt in the trail, never that all of it is here."""
    admin = running.admin
    assert 201 == (await admin.put("/pacticipants/Foo/versions/1/tags/live", {})).status
    event = await deleted(running, "/pacticipants/Foo/versions/1")
    role = await running.role("Reader", "contract_data:read:*")
    reader = await running.person("Reader", roles=[role], teams=[])
    refused = await restored(reader, event)
    assert 403 == refused.status, refused.text
    assert "contract_data:manage" in refused.text
    shown = (await reader.get(f"/history/{event}")).json
    assert (False, False) == (shown["restorable"]["now"], "muniment:restore" in shown["_links"])
    denied = (await admin.get("/audit?kind=attempt.denied")).json["events"]
    assert any("restore" in str(one) for one in denied), denied
    assert 200 == (await restored(admin, event)).status


async def test_a_branch_without_versions_is_not_said_to_be_here(running: Running) -> None:
    """A branch comes back with its versions: of one that had none there is nothing to bring, and that is the answer."""
    admin = running.admin
    assert 201 == (await admin.put("/pacticipants/Foo/branches/main/versions/1", {})).status
    await deleted(running, "/pacticipants/Foo/versions/1")
    event = await deleted(running, "/pacticipants/Foo/branches/main")
    refused = await restored(admin, event)
    assert 409 == refused.status, refused.text
    assert "nothing that can be brought back: a branch without versions" in refused.text


async def test_a_deployment_that_had_ended_comes_back_ended(running: Running) -> None:
    """And a release whose support had ended unsupported: an undo deploys nothing."""
    admin = running.admin
    assert 201 == (await admin.put("/pacticipants/Foo/versions/1", {})).status
    environment = (await admin.post("/environments", {"name": "live", "production": True})).json["uuid"]
    for kind, ended in (("deployed", "currentlyDeployed"), ("released", "currentlySupported")):
        made = await admin.post(f"/pacticipants/Foo/versions/1/{kind}-versions/environment/{environment}", {})
        path = f"/{kind}-versions/{made.json['uuid']}"
        assert 200 == (await admin.patch(path, {ended: False})).status
        before = (await admin.get(path)).json
        event = await deleted(running, "/pacticipants/Foo/versions/1")
        assert 404 == (await admin.get(path)).status
        assert 200 == (await restored(admin, event)).status
        after = (await admin.get(path)).json
        assert (False, before) == (after[ended], after)


async def test_what_was_deployed_since_stays_deployed(running: Running) -> None:
    """An undo takes no other version off an environment: its deployment is left out, and that is said."""
    admin = running.admin
    environment = (await admin.post("/environments", {"name": "live", "production": True})).json["uuid"]
    place = f"versions/{{}}/deployed-versions/environment/{environment}"
    for version in ("1", "2"):
        assert 201 == (await admin.put(f"/pacticipants/Foo/versions/{version}", {})).status
    first = (await admin.post(f"/pacticipants/Foo/{place.format('1')}", {})).json["uuid"]
    event = await deleted(running, "/pacticipants/Foo/versions/1")
    second = (await admin.post(f"/pacticipants/Foo/{place.format('2')}", {})).json["uuid"]
    answer = await restored(admin, event)
    assert 200 == answer.status, answer.text
    left = [(one["type"], one["because"]) for one in answer.json["leftOut"]["first"]]
    assert [("deployment", "something else has its place")] == left
    found = [(await admin.get(f"/deployed-versions/{one}")).status for one in (first, second)]
    assert [404, 200] == found
    assert 200 == (await admin.get("/pacticipants/Foo/versions/1")).status


async def test_a_deployment_takes_both_conditions_to_come_back(running: Running) -> None:
    """Section 3.5: who may record everywhere but may not see the environment brings no deployment to it back."""
    admin = running.admin
    environment = (await admin.post("/environments", {"name": "live", "production": True})).json["uuid"]
    assert 201 == (await admin.put("/pacticipants/Foo/versions/1", {})).status
    place = f"/pacticipants/Foo/versions/1/deployed-versions/environment/{environment}"
    assert 201 == (await admin.post(place, {})).status
    event = await deleted(running, "/pacticipants/Foo/versions/1")
    role = await running.role("Blind", "contract_data:manage:*", "deployment_and_release:record:*")
    blind = await running.person("Blind", roles=[role], teams=[])
    answer = await restored(blind, event)
    assert 200 == answer.status, answer.text
    left = [(one["type"], one["because"]) for one in answer.json["leftOut"]["first"]]
    assert [("deployment", "you may not change it")] == left
