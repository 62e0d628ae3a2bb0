"""`restore-deleted`: the demonstration's blunder, undone at the console."""

from pathlib import Path

from tests import postgres, service
from tests.cli.conftest import Terminal


def blunder(terminal: Terminal) -> dict[str, object]:
    """The deletion of the integration Foo/Bar, as the trail has it: Matt's, before the demo (seed 002)."""
    events = terminal("audit", "--kind", "integration.deleted", "--json").json["events"]
    found: dict[str, object] = events[0]
    assert "Matt deleted the integration Foo/Bar with 2 contracts" in str(found["sentence"])
    return found


def test_a_deletion_is_undone_with_its_reason(writing: Terminal) -> None:
    """Tried, done, told in the trail, and harmless a second time."""
    event = blunder(writing)
    tried = writing("restore-deleted", str(event["position"]), "--dry-run", "--json")
    # Sally has published the newer one of the two again since, with the same content.
    assert (0, True, 1) == (tried.code, tried.json["dryRun"], tried.json["contracts"])
    assert "deletion.restored" not in writing("audit", "--kind", "deletion.restored", "--json").out
    done = writing("restore-deleted", str(event["id"]), "--reason", "It was the real one")
    assert 0 == done.code, done.err
    assert "Here again: 1 contract, at position" in done.err
    (told,) = writing("audit", "--kind", "deletion.restored", "--json").json["events"]
    assert ("It was the real one", event["id"]) == (told["reason"], told["causation"])
    again = writing("restore-deleted", str(event["id"]), "--reason", "Twice")
    assert (0, "All of it is here already: nothing changed.\n") == (again.code, again.err)


def test_it_says_why_or_does_nothing(writing: Terminal) -> None:
    """A restoration needs its reason, a deletion that there was, and an event that can be one."""
    event = str(blunder(writing)["position"])
    assert (2, True) == ((without := writing("restore-deleted", event)).code, "--reason" in without.err)
    assert 2 == writing("restore-deleted", "nonsense", "--reason", "x").code
    assert 3 == writing("restore-deleted", "1", "--reason", "x").code
    assert 3 == writing("restore-deleted", "999999", "--reason", "x").code


async def without_the_provider(database: postgres.Database, place: Path) -> str:
    """The deletion of an application that a webhook names."""
    async with service.running(database, place) as running:
        admin = running.admin
        assert 201 == (await admin.put("/pacts/provider/Till/consumer/Shop/version/1", {})).status
        body = {
            "description": "Build Till",
            "provider": {"name": "Till"},
            "events": [{"name": "contract_published"}],
            "request": {"method": "POST", "url": "https://ci.example.org/"},
        }
        made = await admin.post("/webhooks", body)
        assert 201 == made.status, made.text
        assert 204 == (await admin.delete("/pacticipants/Till")).status
        trail = await admin.get("/audit?kind=application.deleted&sort=-timestamp&pageSize=1")
        return str(trail.json["events"][0]["uuid"])


def test_webhooks_that_stay_gone_are_named(writing: Terminal, tmp_path: Path) -> None:
    """The contract comes back, the webhook that named the application does not: before, and when it is done."""
    event = postgres.run(without_the_provider(writing.database, tmp_path))
    for rest, begins in ((["--dry-run"], "Would come back"), (["--reason", "Too much"], "Here again")):
        done = writing("restore-deleted", event, *rest)
        assert 0 == done.code, done.err
        assert begins in done.err
        assert "Left out: the webhook Build Till of Till: what it sent left the vault with it" in done.err
    again = writing("restore-deleted", event, "--reason", "Once more")
    assert 0 != again.code
    assert "webhook of Till (its request left the vault)" in again.err
