"""`effect`: what an order of the story did, by whichever of its records."""

from tests.cli.conftest import Terminal


def test_an_order_of_the_past_says_who_gained_and_lost_what(terminal: Terminal) -> None:
    """By position or id, for a person in lines and for a program whole; both are about the same order."""
    edits = terminal("audit", "--kind", "role.permissions_changed,team.members_changed", "--json").json
    told = 0
    for edit in edits["events"]:
        by_position = terminal("effect", str(edit["position"]))
        by_id = terminal("effect", edit["id"])
        assert (0, by_position.out) == (by_id.code, by_id.out)
        document = terminal("effect", edit["id"], "--json").json
        told += bool(document["groups"])
        assert bool(document["groups"]) is by_position.out.startswith("who")
    assert told


def test_what_is_no_such_order_has_no_effect(terminal: Terminal) -> None:
    """Exit 3 for what is not there or changed nobody's permissions, 2 for what is no event at all."""
    assert 3 == terminal("effect", "999999").code
    assert 3 == terminal("effect", "00000000-0000-4000-8000-000000000000").code
    nonsense = terminal("effect", "nonsense")
    assert 2 == nonsense.code
    assert "by its position" in nonsense.err
    published = terminal("audit", "--kind", "trail.read", "--json").json["events"]
    assert 3 == terminal("effect", published[-1]["id"]).code
