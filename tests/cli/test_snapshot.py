"""`muniment snapshot`: a start goes on from it, and the doctor says how old it is."""

from collections.abc import Callable

from tests.cli.conftest import Terminal


def lines(terminal: Terminal) -> dict[str, tuple[str, str]]:
    """What the doctor says, by what it looked at."""
    return {
        line["what"]: (line["outcome"], line["sentence"])
        for line in terminal("doctor", "--json").json["lines"]
    }


def test_a_snapshot_is_taken_and_started_from(writing: Terminal) -> None:
    """The doctor knows it from then on; the same questions have the same answers."""
    before = writing("who", "contract_data:bulk_delete", "integration:Foo/Bar")
    assert "none that fits this release" in lines(writing)["snapshot"][1]
    taken = writing("snapshot", "--json")
    assert 0 == taken.code, taken.err
    position = taken.json["position"]
    outcome, sentence = lines(writing)["snapshot"]
    assert "ok" == outcome
    assert f"at position {position}, 0 records behind the log" in sentence
    after = writing("who", "contract_data:bulk_delete", "integration:Foo/Bar")
    assert (before.code, before.out, after.err) == (after.code, after.out, before.err)
    same = writing("rebuild", "--check", "--json").json
    assert (taken.json["digest"], True) == (same["digest"], same["same"])


def test_words_for_a_person(writing: Terminal) -> None:
    """Without --json it is one sentence on stderr, and nothing for a program to misread."""
    printed = writing("snapshot")
    assert (0, "") == (printed.code, printed.out)
    assert printed.err.startswith("Took a snapshot at position ")


def test_there_is_nothing_to_keep_without_an_account(seated: Callable[[None], Terminal]) -> None:
    """Like every other command, it opens none."""
    printed = seated(None)("snapshot")
    assert 2 == printed.code
    assert "muniment serve" in printed.err
