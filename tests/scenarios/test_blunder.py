"""Seed 002's blunder: the real integration is deleted in place of the test one. Who was it, and how is it undone?"""

from tests.service import Running

PAIR = "/pacts/provider/Bar/consumer/Foo"


async def test_the_wrong_integration_is_deleted_found_and_brought_back(running: Running) -> None:
    """The trail names who deleted what and why; whoever may publish for the consumer brings all of it back."""
    admin = running.admin
    team = await running.team("Awesome")
    sally = await running.person("Sally", teams=[team])
    cleaner = await running.role("Cleaner", "contract_data:bulk_delete:*", "contract_data:read:*")
    matt = await running.person("Matt", roles=[cleaner], teams=[])
    for version in ("1.0.0", "1.1.0"):
        published = await sally.put(f"{PAIR}/version/{version}", {"interactions": [{"version": version}]})
        assert 201 == published.status, published.text
    assert (await sally.put("/pacticipants/Foo/versions/1.1.0/tags/prod", {})).status in (200, 201)
    await admin.put(f"/admin/teams/{team}", {"name": "Awesome", "pacticipantNames": ["Foo", "Bar"]})
    before = running.position

    blunder = await matt.delete(
        "/integrations/provider/Bar/consumer/Foo",
        headers={"Muniment-Reason": "Removing the test integration"},
    )
    assert 204 == blunder.status
    assert 404 == (await sally.get(f"{PAIR}/version/1.1.0")).status

    (found,) = (await admin.get("/audit?kind=integration.deleted")).json["events"]
    assert found["sentence"].startswith("Matt deleted the integration Foo/Bar with 2 contracts")
    assert "Removing the test integration" == found["reason"]

    denied = await matt.post(f"/history/{found['uuid']}/restore")
    assert 403 == denied.status
    assert denied.text.startswith("Forbidden. Either you are using a read only token")
    foretold = await admin.post(f"/history/{found['uuid']}/restore?dry_run=true")
    assert 2 == foretold.json["restored"]["contracts"]
    restored = await admin.post(
        f"/history/{found['uuid']}/restore", headers={"Muniment-Reason": "It was the real one"}
    )
    assert 200 == restored.status, restored.text
    assert 0 == restored.json["leftOut"]["number"]

    for version in ("1.0.0", "1.1.0"):
        shown = await sally.get(f"{PAIR}/version/{version}")
        assert [{"version": version}] == shown.json["interactions"]
    assert 200 == (await sally.get("/pacticipants/Foo/versions/1.1.0/tags/prod")).status
    # Sally's team has its applications again, so that she goes on where she was.
    again = await sally.put(f"{PAIR}/version/1.2.0", {"interactions": []})
    assert 201 == again.status, again.text
    statuses = [
        (await admin.get(f"{PAIR}/version/1.1.0?as_of={moment}")).status
        for moment in (before, blunder.position, running.position)
    ]
    assert [200, 404, 200] == statuses
    (told,) = (await admin.get("/audit?kind=deletion.restored")).json["events"]
    assert ("It was the real one", found["uuid"]) == (told["reason"], told["causation"])
