"""Conditions over the properties of a request: typed, closed on every doubt, and nothing more than comparing."""

import string
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.catalogue import conditions
from service.catalogue.conditions import NO_FACTS, OPERATORS
from service.catalogue.own import Condition, Predicate, Reference
from tests.catalogue import naive

PATH: Final = "resource.properties.it"
OTHER: Final = "subject.properties.other"
NOON: Final = "2026-11-22T12:00:00Z"
SCALARS: Final = (True, False, 0, 1, 7, "", "1", "a", "true", NOON)


def predicate(operator: str, wanted: Any, path: str = PATH) -> Predicate:
    return Predicate(property=path, **{operator: wanted})


def facts(it: Any = ..., other: Any = ...) -> dict[str, dict[str, Any]]:
    """A request that says these two of its thing and its subject; an ellipsis is nothing said."""
    return {
        "subject": {"type": "user", "id": "sally", "properties": {} if other is ... else {"other": other}},
        "action": {"name": "read"},
        "resource": {"type": "record", "id": "1", "properties": {} if it is ... else {"it": it}},
        "context": {},
    }


def met(one: Predicate, request: conditions.Facts) -> bool:
    """Whether a condition of this one predicate holds; it says why not exactly where it does not."""
    condition = Condition(name="c", all=(one,))
    answer = conditions.holds(condition, request)
    assert answer == (conditions.unmet(condition, request) == "")
    return answer


# -- one operator after the other ------------------------------------------------------------------------


@pytest.mark.parametrize("operator", OPERATORS)
def test_what_is_not_said_meets_nothing(operator: str) -> None:
    """A property that is missing, or null, meets no operator, not_equals and none_of least of all."""
    wanted: Any = (1, "a") if operator in {"one_of", "none_of"} else 1
    for request in (facts(), facts(None), NO_FACTS, {"resource": {}}, {"resource": {"properties": [1]}}):
        assert not met(predicate(operator, wanted), request)


@pytest.mark.parametrize("operator", OPERATORS)
def test_a_reference_to_what_is_not_said_meets_nothing(operator: str) -> None:
    """Nothing is unlike what nobody said: both sides have to be there."""
    one = predicate(operator, Reference(property=OTHER))
    for it in (*SCALARS, [1], {"a": 1}):
        assert not met(one, facts(it))
        assert not met(one, facts(it, None))


@pytest.mark.parametrize("wanted", SCALARS)
def test_equal_is_the_same_type_and_value(wanted: bool | int | str) -> None:
    """True is no 1, the text "1" is no number, and no list or object equals anything."""
    for it in (*SCALARS, [wanted], {"it": wanted}, [], {}):
        same = type(it) is type(wanted) and it == wanted
        kin = type(it) is type(wanted)
        assert same == met(predicate("equals", wanted), facts(it)), it
        assert (kin and not same) == met(predicate("not_equals", wanted), facts(it)), it
        assert same == met(predicate("equals", Reference(property=OTHER)), facts(it, wanted)), it
        assert (kin and not same) == met(
            predicate("not_equals", Reference(property=OTHER)), facts(it, wanted)
        ), it


def test_a_number_is_a_number_however_json_writes_it() -> None:
    """1.0 is 1, and a fraction can be compared with whole numbers."""
    assert met(predicate("equals", 1), facts(1.0))
    assert met(predicate("not_equals", 1), facts(1.5))
    assert met(predicate("greater_than", 1), facts(1.5))
    assert not met(predicate("at_least", 2), facts(1.5))
    assert met(predicate("one_of", (1, 2)), facts(2.0))


def test_among_is_an_equal_one_and_not_among_is_unlike_every_one() -> None:
    """Not to be among numbers takes a number: text in its place would slip through whatever the list says."""
    assert met(predicate("one_of", ("draft", "active")), facts("active"))
    assert not met(predicate("one_of", ("draft", "active")), facts("archived"))
    assert not met(predicate("one_of", (1, 2)), facts(True))
    assert not met(predicate("one_of", (1, 2)), facts("1"))
    assert met(predicate("none_of", ("draft", "active")), facts("archived"))
    assert not met(predicate("none_of", ("draft", "active")), facts("draft"))
    unlike: tuple[object, ...] = ("1", "3", True, False, [3], {"a": 3})
    for it in unlike:
        assert not met(predicate("none_of", (1, 2)), facts(it)), it
    others: tuple[object, ...] = (3, True, ["x"], {})
    for it in others:
        assert not met(predicate("none_of", ("a",)), facts(it)), it


def test_a_referenced_list_is_one_of_the_requests() -> None:
    """Membership may be asked of a list that the request brings; what is no list has no members."""
    among = predicate("one_of", Reference(property=OTHER))
    outside = predicate("none_of", Reference(property=OTHER))
    assert (True, False) == (met(among, facts("a", ["a", "b"])), met(outside, facts("a", ["a", "b"])))
    assert (False, True) == (met(among, facts("c", ["a", "b"])), met(outside, facts("c", ["a", "b"])))
    assert (False, True) == (met(among, facts("c", [])), met(outside, facts("c", [])))
    for other in ("abc", {"a": 1}, 7, True):
        assert (False, False) == (met(among, facts("a", other)), met(outside, facts("a", other))), other
    assert (True, False) == (met(among, facts("a", ["a", 1])), met(outside, facts("a", ["a", 1])))
    assert (False, False) == (met(among, facts("c", ["a", 1])), met(outside, facts("c", ["a", 1])))


def test_containing_is_asked_of_a_list() -> None:
    """A text contains no other text, and an object no key: the property has to be a list with an equal member."""
    assert met(predicate("contains", "red"), facts(["blue", "red"]))
    assert met(predicate("contains", 1), facts([True, 1]))
    assert not met(predicate("contains", 1), facts([True, "1", [1]]))
    for it in ("red", {"red": 1}, [], ["redder"], 1):
        assert not met(predicate("contains", "red"), facts(it)), it
    assert met(predicate("contains", Reference(property=OTHER)), facts(["a", "b"], "b"))
    assert not met(predicate("contains", Reference(property=OTHER)), facts([["b"]], ["b"]))


ORDERS: Final = {
    "less_than": (True, False, False),
    "at_most": (True, True, False),
    "greater_than": (False, False, True),
    "at_least": (False, True, True),
}
"""What each answers of something before, at and after what it is compared with."""


@pytest.mark.parametrize("operator", ORDERS)
def test_numbers_and_times_have_an_order_and_nothing_else(operator: str) -> None:
    """Two numbers, or two RFC 3339 times; text is not ordered by its letters, true and false not at all."""
    assert ORDERS[operator] == tuple(met(predicate(operator, 5), facts(it)) for it in (4, 5, 6))
    times = ("2026-11-22T11:59:59.999Z", "2026-11-22T13:00:00+01:00", "2026-11-22T12:00:00.001-00:00")
    assert ORDERS[operator] == tuple(met(predicate(operator, NOON), facts(it)) for it in times)
    unordered: tuple[tuple[int | str, tuple[object, ...]], ...] = (
        (5, (NOON, "4", "6", True, False, [4], [6], {})),
        (NOON, ("2026-11-22", "a", "z", 1, 10**12, True)),
        ("m", ("a", "m", "z")),
    )
    for wanted, its in unordered:
        assert not any(met(predicate(operator, wanted), facts(it)) for it in its)


NO_TIMES: Final = (
    "2026-11-22T12:00:00",  # without an offset it is no moment
    "2026-11-22 12:00Z",
    "2026-W47-7T12:00:00Z",  # a week's day
    "2026-326T12:00:00+00:00",
    "20261122T120000+00:00",
    "2026-11-22T120000+00:00",
    "2026-11-22T12:00:00+00:00:30",
    "2026-11-22T12:00:00+01",
    "2026-11-22T12:00:00,5Z",
    "2026-11-31T12:00:00Z",
    "2026-11-22T25:00:00Z",
    "2026-11-22T12:00:60Z",
    "0000-01-01T00:00:00Z",
    "2026-11-22T12:00:00Z ",
    "２０２６-11-22T12:00:00Z",  # digits, but not those that RFC 3339 means
)


@pytest.mark.parametrize("text", NO_TIMES)
def test_what_rfc_3339_does_not_write_is_no_time(text: str) -> None:
    """What is no time is neither before nor after one."""
    assert conditions.instant_of(text) is None
    assert not any(met(predicate(operator, NOON), facts(text)) for operator in ORDERS)


@given(
    st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 12, 30)),  # noqa: DTZ001  # an offset is added
    st.integers(min_value=-23 * 60, max_value=23 * 60),
    st.integers(min_value=-90, max_value=90),
)
def test_times_compare_as_moments_whatever_their_offsets(at: datetime, offset: int, later: int) -> None:
    """The same moment is the same, wherever its clock hung."""
    moment = at.replace(tzinfo=UTC)
    then = moment + timedelta(minutes=later)
    sign, minutes = "-" if offset < 0 else "+", abs(offset)
    local = (then.replace(tzinfo=None) + timedelta(minutes=offset)).isoformat(timespec="microseconds")
    written = f"{local}{sign}{minutes // 60:02}:{minutes % 60:02}"
    plain = f"{at.isoformat(timespec='microseconds')}Z"
    assert then == conditions.instant_of(written)
    assert (later > 0) == met(predicate("greater_than", plain), facts(written))
    assert (later >= 0) == met(predicate("at_least", plain), facts(written))


# -- where a property stands -----------------------------------------------------------------------------


def test_paths_lead_into_every_part_of_the_request() -> None:
    """Subject, action, resource and context, their ids and names, and as deep as objects go; into lists they do not."""
    request: conditions.Facts = {
        "subject": {"type": "user", "id": "sally", "properties": {"place": {"city": "Bern"}}},
        "action": {"name": "delete", "properties": {"soft": True}},
        "resource": {"type": "record", "id": "record-1", "properties": {"tags": ["a"], "a.b": 1}},
        "context": {"ip": "192.0.2.1", "device": {"trusted": False}},
    }
    for path, value in (
        ("subject.id", "sally"),
        ("subject.type", "user"),
        ("subject.properties.place.city", "Bern"),
        ("action.name", "delete"),
        ("action.properties.soft", True),
        ("resource.id", "record-1"),
        ("context.ip", "192.0.2.1"),
        ("context.device.trusted", False),
    ):
        assert met(predicate("equals", value, path), request), path
    for path in ("resource.properties.tags.0", "resource.properties.a.b", "subject.id.length", "nobody", ""):
        assert not met(predicate("not_equals", "x", path), request), path
        assert not met(predicate("equals", 1, path), request), path


def test_every_predicate_has_to_hold_and_the_first_that_does_not_is_told() -> None:
    """A condition is a conjunction. What the request said is not repeated: a reason may be read by others."""
    condition = Condition(
        name="own_archive", all=(predicate("equals", "archived"), predicate("equals", "admin", OTHER))
    )
    assert conditions.holds(condition, facts("archived", "admin"))
    assert "" == conditions.unmet(condition, facts("archived", "admin"))
    for request, path, why in (
        (facts("secret word", "admin"), PATH, "the request says otherwise"),
        (facts("archived", "secret word"), OTHER, "the request says otherwise"),
        (facts("archived"), OTHER, "the request does not say it"),
    ):
        told = conditions.unmet(condition, request)
        assert not conditions.holds(condition, request)
        assert (True, True, False) == (path in told, why in told, "secret word" in told), told


# -- against a naive evaluator ---------------------------------------------------------------------------

texts = st.sampled_from(
    ("a", "b", "1", "true", NOON, "2026-11-22T14:00:00+02:00", "2027-01-01T00:00:00Z", "")
)
numbers = st.integers(min_value=-2, max_value=2)
said = st.recursive(
    st.none() | st.booleans() | numbers | st.sampled_from((0.5, 1.0)) | texts,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("k", "it")), inner, max_size=2)
    ),
    max_leaves=5,
)
paths = st.sampled_from((PATH, OTHER, f"{PATH}.k", "subject.id", "context.it"))
references = paths.map(lambda path: Reference(property=path))
values = st.booleans() | numbers | texts | references
ordered = numbers | texts | references
listed = st.lists(numbers | texts, max_size=3).map(tuple) | references
WANTED: Final[dict[str, st.SearchStrategy[Any]]] = {
    "equals": values,
    "not_equals": values,
    "one_of": listed,
    "none_of": listed,
    "contains": ordered,
    **dict.fromkeys(ORDERS, ordered),
}
predicates = st.sampled_from(OPERATORS).flatmap(
    lambda operator: st.tuples(paths, st.just(operator), WANTED[operator])
)
requests = st.fixed_dictionaries(
    {
        "resource": st.fixed_dictionaries({"properties": st.dictionaries(st.just("it"), said)}),
        "subject": st.fixed_dictionaries(
            {"id": texts, "properties": st.dictionaries(st.just("other"), said)}
        ),
        "context": st.dictionaries(st.just("it"), said),
    }
)


@given(st.lists(predicates, min_size=1, max_size=3), requests)
def test_any_condition_of_any_request_is_what_a_naive_reading_says(
    all_: list[tuple[str, str, Any]], request: dict[str, Any]
) -> None:
    """Whatever is asked of whatever is said, nothing raises, and the answer is the documentation's."""
    condition = Condition(
        name="c", all=tuple(predicate(operator, wanted, path) for path, operator, wanted in all_)
    )
    expected = all(naive.met(path, operator, wanted, request) for path, operator, wanted in all_)
    assert expected == conditions.holds(condition, request)
    assert expected == (conditions.unmet(condition, request) == "")
    assert expected == conditions.holds(
        msgspec.json.decode(msgspec.json.encode(condition), type=Condition), request
    )


@given(st.text(alphabet=string.printable, max_size=30))
def test_no_text_breaks_a_comparison(text: str) -> None:
    """A request may say anything: it is a no, never a failure."""
    for operator in ORDERS:
        met(predicate(operator, NOON), facts(text))
