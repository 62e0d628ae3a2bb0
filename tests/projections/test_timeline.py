"""One fact over time."""

import sys
import threading

from hypothesis import given
from hypothesis import strategies as st

from projections.timeline import Timeline

steps = st.lists(
    st.tuples(st.integers(1, 5), st.none() | st.integers(0, 9)), max_size=30
)  # (positions further, value)


@given(steps, st.integers(0, 160))
def test_a_timeline_answers_as_a_list_of_all_its_values_would(
    changes: list[tuple[int, int | None]], asked: int
) -> None:
    """`at` is the newest value at or before the position, and nothing before the first."""
    timeline: Timeline[int] = Timeline()
    every: list[int | None] = [None]
    position = 0
    for further, value in changes:
        every += [every[-1]] * (further - 1) + [value]
        position += further
        timeline.put(position, value)
    assert every[min(asked, position)] == timeline.at(asked)
    assert (changes[-1][1] if changes else None) == timeline.value


@given(steps)
def test_undoing_every_step_leaves_nothing(changes: list[tuple[int, int | None]]) -> None:
    """A timeline goes back exactly as it came."""
    timeline: Timeline[int] = Timeline()
    states = []
    for number, (_, value) in enumerate(changes, 1):
        states.append(list(timeline.steps()))
        timeline.put(number, value)
    for before in reversed(states):
        timeline.undo()
        assert before == list(timeline.steps())


def test_two_values_at_one_position_are_one_step() -> None:
    """A record changes a fact once: the later value of the same position replaces the earlier."""
    timeline: Timeline[str] = Timeline()
    assert timeline.put(3, "first")
    assert not timeline.put(3, "second")
    assert [(3, "second")] == list(timeline.steps())


def test_what_ended_had_existed() -> None:
    """After the end there is no value, but the fact that it had come to exist stays askable."""
    timeline: Timeline[str] = Timeline()
    assert not timeline.ever(9)
    timeline.put(3, "there")
    timeline.put(5, None)
    assert [None, "there", "there", None, None] == [timeline.at(position) for position in (2, 3, 4, 5, 9)]
    assert [False, True, True] == [timeline.ever(position) for position in (2, 3, 9)]


def test_since_names_the_position_that_made_the_value() -> None:
    """The version of a fact is the position that last changed it, then as now."""
    timeline: Timeline[str] = Timeline()
    timeline.put(3, "a")
    timeline.put(7, "b")
    assert [0, 3, 3, 7, 7] == [timeline.since(position) for position in (2, 3, 6, 7, 99)]


@given(steps, st.integers(0, 160))
def test_what_ended_is_found_as_it_last_was(changes: list[tuple[int, int | None]], asked: int) -> None:
    """`last_at` looks back over the ends of a fact to its last value."""
    timeline: Timeline[int] = Timeline()
    position = 0
    held: list[tuple[int, int | None]] = [(0, None)]
    for further, value in changes:
        position += further
        timeline.put(position, value)
        held.append((position, value))
    expected = [value for made, value in held if made <= asked and value is not None]
    assert (expected[-1] if expected else None) == timeline.last_at(asked)
    assert max(made for made, _ in held if made <= asked) == timeline.since(asked)


def test_readers_below_the_head_never_notice_that_a_thread_puts_and_undoes() -> None:
    """What stands above the committed head comes and goes; at and below it every answer stays what it was."""
    timeline: Timeline[int] = Timeline()
    for position in (2, 4, 6):
        timeline.put(position, position)
    stop = threading.Event()

    def drafts() -> None:
        while not stop.is_set():
            timeline.put(8, 8)
            timeline.put(9, None)
            timeline.undo()
            timeline.undo()

    expected = [(None, None, 0), (2, 2, 2), (2, 2, 2), (4, 4, 4), (4, 4, 4), (6, 6, 6), (6, 6, 6)]
    interval, writer = sys.getswitchinterval(), threading.Thread(target=drafts)
    sys.setswitchinterval(1e-6)
    try:
        writer.start()
        for _ in range(20_000):
            seen = [(timeline.at(at), timeline.last_at(at), timeline.since(at)) for at in range(1, 8)]
            assert expected == seen
    finally:
        stop.set()
        writer.join()
        sys.setswitchinterval(interval)
    assert [(2, 2), (4, 4), (6, 6)] == list(timeline.steps())
