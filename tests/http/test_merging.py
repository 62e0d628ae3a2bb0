"""Two contents of one contract: when they say the same, and what both say together."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http import merging

TEXTS = st.text(alphabet="abü", max_size=3)
REQUESTS = st.fixed_dictionaries({"method": st.sampled_from(["GET", "PUT"]), "path": TEXTS})
INTERACTIONS = st.fixed_dictionaries(
    {"description": TEXTS, "request": REQUESTS, "response": st.fixed_dictionaries({"status": st.integers(200, 204)})},
    optional={"providerState": TEXTS},
)  # fmt: skip


def known_by(interaction: dict[str, Any]) -> str:
    return json.dumps([interaction["description"], interaction.get("providerState")])


PACTS = st.lists(INTERACTIONS, max_size=4, unique_by=known_by)


def content(*interactions: dict[str, Any], **more: object) -> bytes:
    return json.dumps({"interactions": interactions, **more}).encode()


@given(PACTS)
def test_merging_what_is_there_changes_nothing(pact: list[dict[str, Any]]) -> None:
    """Idempotent: the held bytes come back as they are."""
    assert content(*pact) == merging.merged(content(*pact), content(*reversed(pact)))


@given(st.lists(INTERACTIONS, max_size=6, unique_by=known_by), st.integers(0, 6))
def test_what_has_nothing_in_common_is_merged_either_way(pact: list[dict[str, Any]], at: int) -> None:
    """Commutative on disjoint interactions, and once merged nothing more is to be merged."""
    first, second = content(*pact[:at]), content(*pact[at:])
    one, other = merging.merged(first, second), merging.merged(second, first)
    assert one is not None
    assert other is not None
    assert merging.says_the_same(one, other)
    assert merging.says_the_same(one, content(*pact))
    assert one == merging.merged(one, second) == merging.merged(one, first)


@given(PACTS, PACTS)
def test_both_are_in_what_was_merged(held: list[dict[str, Any]], given_: list[dict[str, Any]]) -> None:
    """Whatever the given content says stands in the result, and of the held one whatever it does not speak of."""
    result = merging.merged(content(*held), content(*given_))
    contradicts = any(
        one["request"] != other["request"]
        for one in held
        for other in given_
        if known_by(one) == known_by(other)
    )
    assert contradicts == (result is None)
    if result is not None:
        spoken_of = {known_by(one) for one in given_}
        expected = [*given_, *(one for one in held if known_by(one) not in spoken_of)]
        assert merging.says_the_same(result, content(*expected))


def test_order_spelling_and_who_wrote_it_are_no_part_of_what_is_said() -> None:
    """Two builds that publish the same by two clients publish the same; another specification is another contract."""
    one, other = {"description": "a", "request": {"path": "/"}}, {"description": "b"}
    first = content(
        one, other, metadata={"pactSpecification": {"version": "2.0.0"}, "client": {"version": "1"}}
    )
    swapped = {"request": {"path": "/"}, "description": "a", "_id": "given by a broker"}
    metadata = {"metadata": {"pactSpecificationVersion": "2.0.0"}, "consumer": {"name": "Foo"}}
    assert merging.says_the_same(first, json.dumps({**metadata, "interactions": [other, swapped]}).encode())
    assert not merging.says_the_same(first, content(one, other))
    assert not merging.says_the_same(content(one), content(one, messages=[other]))
    assert not merging.says_the_same(b'{"a": 1}', b'{"a": 2}')


def test_what_contradicts_or_is_no_pact_is_not_merged() -> None:
    """The same description and states with another request, or as a message with another content; no lists at all."""
    asked = {"description": "a", "request": {"path": "/1"}}
    assert merging.merged(content(asked), content({**asked, "request": {"path": "/2"}})) is None
    message = {"description": "m", "contents": 1}
    held = json.dumps({"messages": [message]}).encode()
    assert merging.merged(held, json.dumps({"messages": [{**message, "contents": 2}]}).encode()) is None
    for pair in (
        (b"{}", content(asked)),
        (content(asked), b"{}"),
        (content(asked), b'{"interactions": [1]}'),
    ):
        assert merging.merged(*pair) is None


def test_messages_are_merged_like_interactions() -> None:
    """Also where the one content has messages and the other has interactions."""
    asked, message = {"description": "a", "request": {"path": "/1"}}, {"description": "m", "contents": 1}
    merged = merging.merged(content(asked), json.dumps({"messages": [message]}).encode())
    assert merged is not None
    assert {"interactions": [asked], "messages": [message]} == json.loads(merged)


@pytest.mark.parametrize("states", ["providerState", "provider_state", "providerStates"])
def test_another_provider_state_is_another_interaction(states: str) -> None:
    """Under whatever name a client writes it."""
    one, other = {"description": "a", states: "x"}, {"description": "a", states: "y"}
    merged = merging.merged(content(one), content(other))
    assert merged is not None
    assert [one, other] == json.loads(merged)["interactions"]


def test_the_difference_is_told_line_by_line_and_cut_where_it_is_long() -> None:
    """For whoever reads it in a terminal."""
    held, given_ = content({"description": "a"}), content({"description": "b"})
    told = merging.difference(held, given_).splitlines()
    assert {'-      "description": "a"', '+      "description": "b"'} <= set(told)
    long = content(*({"description": str(one)} for one in range(500)))
    assert merging.difference(held, long).splitlines()[-1].startswith("… and ")


def test_long_contents_are_compared_around_the_place_where_they_part() -> None:
    """However long and however different: all of it line by line would hold the service up for minutes."""
    alike = list(range(20_000))
    held = {"a": [*alike, *(value for one in alike for value in (one, -1))]}
    given_ = {"a": [*alike, *alike]}
    told = merging.difference(json.dumps(held).encode(), json.dumps(given_).encode()).splitlines()
    assert "-    -1," in told
    assert "     19999," in told
    assert 201 == len(told)
    assert told[-1].startswith("… and ")
    long = merging.difference(b'{"a": "b"}', json.dumps({"a": "c" * 100_000}).encode())
    assert len(long) < 2_000
