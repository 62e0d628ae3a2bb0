"""`restore-deleted`: the demonstration's blunder, undone at the console."""

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
