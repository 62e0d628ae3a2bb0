"""`audit`: the trail on a terminal."""

import pytest

from tests.cli.conftest import Terminal, Told


def test_reading_the_trail_is_recorded_first(writing: Terminal) -> None:
    """Who at the console read it, and with which filters, is in the record: ids only, never a name."""
    sally = writing("show", "user:sally", "--json").json["id"]
    writing("audit", "--actor", "sally", "--reason", "An incident", "--ticket", "SEC-1")
    read = writing("audit", "--kind", "trail.read", "--json").json["events"][-1]
    assert ("console", "An incident", "SEC-1") == (read["actor"]["kind"], read["reason"], read["ticket"])
    assert f"(actor {sally})" in read["sentence"]


def test_the_trail_of_the_wrong_deletion(writing: Terminal, told: Told) -> None:
    """It says who, when, with which grant, why, and what vanished."""
    at = told.played.marks["integration deleted"]
    events = writing("audit", "--touches", "integration:Foo/Bar", "--json").json["events"]
    parent = next(one for one in events if one["kind"] == "integration.deleted")
    child = next(one for one in events if one["kind"] == "contracts.removed")
    assert "Matt" == parent["actor"]["name"]
    assert "Removing the test integration before the demo" == parent["reason"]
    assert ["contract_data:bulk_delete:*"] == [authority["scope"] for authority in parent["authority"]]
    # The version that it took, too, is a child, which does not touch the integration.
    assert (parent["id"], at - 1) == (child["correlation"], child["position"])
    assert "Foo/Bar/1.0.0 and Foo/Bar/1.1.0" in child["sentence"]


def test_denied_attempts_can_be_asked_for(writing: Terminal) -> None:
    """The three refusals of the story, and nothing that happened."""
    events = writing("audit", "--outcome", "denied", "--json").json["events"]
    assert ["Sally", "Matt", "system account SecretsUpdater"] == [one["actor"]["name"] for one in events]
    assert {"attempt.denied"} == {one["kind"] for one in events}


def test_the_latest_come_last(writing: Terminal) -> None:
    """A limit keeps the newest records, shown in the order in which they happened, across pages."""
    all_of_them = writing("audit", "--limit", "1000", "--json").json["events"]
    positions = [one["position"] for one in all_of_them]
    assert list(range(1, positions[-1] + 1)) == positions
    assert [positions[-1] - 1, positions[-1], positions[-1] + 1] == [
        one["position"] for one in writing("audit", "--limit", "3", "--json").json["events"]
    ]


def test_a_range_is_inclusive(writing: Terminal) -> None:
    """Positions, times and events bound it alike."""
    events = writing("audit", "--since", "3", "--until", "5", "--json").json["events"]
    assert [3, 4, 5] == [one["position"] for one in events]
    for field in ("recordedAt", "id"):
        again = writing("audit", "--since", events[0][field], "--until", events[2][field], "--json")
        assert [3, 4, 5] == [one["position"] for one in again.json["events"]]


def test_things_that_are_gone_are_found_by_name(writing: Terminal, told: Told) -> None:
    """What was deleted can still be asked about by the name that it had last; what never was is not there."""
    before = str(told.played.marks["teams set up"] - 1)
    deleted = writing("audit", "--touches", "team:Default")
    assert (0, True) == (deleted.code, "deleted the default team Default" in deleted.out)
    assert 0 == writing("audit", "--touches", "team:Default", "--until", before).code
    assert 3 == writing("audit", "--touches", "team:Nobodys").code


def test_a_table_for_people(writing: Terminal) -> None:
    """Piped, every record is one line, however long."""
    lines = writing("audit", "--kind", "integration.deleted").out.splitlines()
    assert 2 == len(lines)
    assert "Matt deleted the integration Foo/Bar with 2 contracts." in lines[1]


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (2, ("--kind", "role.eaten")),
        (2, ("--since", "tomorrow")),
        (2, ("--limit", "0")),
        (2, ("--outcome", "maybe")),
        (3, ("--actor", "nobody")),
        (3, ("--touches", "application:Nothing")),
    ],
)
def test_what_cannot_be_searched(writing: Terminal, code: int, arguments: tuple[str, ...]) -> None:
    """A filter that means nothing is an error, and no reading is recorded."""
    assert code == writing("audit", *arguments).code
    assert [] == writing("audit", "--kind", "trail.read", "--actor", "console", "--json").json["events"]


@pytest.mark.parametrize("option", ["--since", "--until"])
@pytest.mark.parametrize("moment", ["yesterday", "1000000", "2999-01-01T00:00:00Z"])
def test_a_moment_that_is_none_names_its_option(terminal: Terminal, option: str, moment: str) -> None:
    """Whoever typed it is told which of the options cannot be read, by the name that it has here."""
    printed = terminal("audit", option, moment)
    assert 2 == printed.code
    assert printed.err.startswith(f"muniment: {option}")
    assert "as_of" not in printed.err
