"""Who was ever there."""

from hypothesis import given
from hypothesis import strategies as st

from projections.index import Index

pairs = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(("one", "two", "three"))), max_size=12)


@given(pairs)
def test_an_index_holds_each_member_once_in_order_and_goes_back_as_it_came(
    added: list[tuple[str, str]],
) -> None:
    """Whether a key has one member or many, it answers as a list would, and an undo leaves no trace."""
    index: Index[str, str] = Index()
    naive: dict[str, list[str]] = {}
    states = []
    for key, member in added:
        states.append((dict(index), {one: index.of(one) for one in "abc"}))
        new = member not in naive.setdefault(key, [])
        naive[key] += [member] if new else []
        assert new == index.add(key, member)
        if not new:
            states.pop()
        assert {one: tuple(naive.get(one, ())) for one in "abc"} == {one: index.of(one) for one in "abc"}
    taken = list(dict.fromkeys(added))
    for (key, member), (_, before) in zip(reversed(taken), reversed(states), strict=True):
        index.take_back(key, member)
        assert before == {one: index.of(one) for one in "abc"}
    assert {} == index


def test_a_forgotten_member_is_nowhere() -> None:
    """Forgetting somebody leaves the others where they were."""
    index: Index[str, str] = Index()
    for key, member in (("a", "one"), ("a", "two"), ("b", "one"), ("c", "two")):
        index.add(key, member)
    index.forget("one")
    assert {"a": "two", "c": "two"} == index
