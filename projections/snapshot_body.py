"""A directory as octets and back: every version and every index, of each distinct value one.

The octets are sections: an outline, the values (`snapshot_values`), then the tables, which refer to values by number.
A table that is added to the directory is written without being named here; one of an unknown shape is a TypeError.
Whoever decodes has proved first that we wrote the octets: nothing is doubted here. Pure.
"""

from array import array
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import Any, Final

import msgspec

from projections import snapshot_values
from projections.directory import Directory
from projections.snapshot_values import (
    CONSTANTS,
    Group,
    Values,
    column,
    final,
    numbers,
    octets,
    picked,
    signed,
)
from projections.timeline import NEVER, Timeline

_JOURNAL: Final = "_journal"  # how to go back from a state is no part of the state


class Table(msgspec.Struct, array_like=True):
    """One attribute of the directory: a `value`, an `array`, or a `dict` or `list`, whose entries have a shape."""

    name: str
    shape: str
    entries: str = ""


class Outline(msgspec.Struct, array_like=True):
    """What follows, in order: each group's sections, then each table's."""

    groups: list[Group]
    tables: list[Table]


class _Columns(list[bytes | list[int]]):
    """The columns of a table: octets as they are, lists of numbers that are still provisional."""


def encode(directory: Directory) -> Iterator[bytes]:
    """The sections of a directory at its head, where no batch may be under way. Raises TypeError for unknown shapes."""
    values = Values()
    tables = [_table(name, state, values) for name, state in vars(directory).items() if name != _JOURNAL]
    groups, offsets = values.numbered()
    yield msgspec.msgpack.encode(Outline([group.outline for group in groups], [table for table, _ in tables]))
    for group in groups:
        yield from group.sections(offsets)
    for _, columns in tables:
        for one in columns:
            yield one if isinstance(one, bytes) else final(one, offsets)


def decode(sections: Iterator[bytes]) -> Directory:
    """The directory whose sections these are."""
    outline = msgspec.msgpack.decode(next(sections), type=Outline)
    values: list[Any] = [*CONSTANTS]
    for group in outline.groups:
        values += snapshot_values.read(group, sections, values)
    directory = Directory()
    positions: list[int] = []
    for table in outline.tables:
        if table.entries == "timelines" and not positions:
            positions = list(
                range(directory.position + 1)
            )  # one number object a position, shared as in a replay
        _read(directory, table, sections, values, positions)
    return directory


# -- writing -----------------------------------------------------------------------------------------------


def _table(name: str, state: Any, values: Values) -> tuple[Table, _Columns]:
    match state:
        case array(typecode="q"):
            return Table(name, "array"), _Columns([octets(state)])
        case dict():
            entries, columns = _entries(name, state.values(), values)
            return Table(name, "dict", entries), _Columns([[values.number(key) for key in state], *columns])
        case list():
            entries, columns = _entries(name, state, values)
            return Table(name, "list", entries), columns
        case _:
            return Table(name, "value"), _Columns([[values.number(state)]])


def _entries(name: str, state: Collection[Any], values: Values) -> tuple[str, _Columns]:
    """The shape of what a container holds, and its columns."""
    kinds = {type(entry) for entry in state}
    if kinds == {Timeline}:
        return "timelines", _timelines(state, values)
    if kinds == {list}:
        lengths = column(map(len, state))
        return "lists", _Columns([lengths, [values.number(member) for entry in state for member in entry]])
    if dict in kinds:
        return "sets", _sets(name, state, values)
    return "values", _Columns([[values.number(entry) for entry in state]])


def _timelines(state: Collection[Timeline[Any]], values: Values) -> _Columns:
    """The newest step of each; then which have another number of steps than one, how many, and the earlier ones."""
    steps = [list(timeline.steps()) for timeline in state]
    newest = [one[-1] if one else (0, None) for one in steps]
    others = [number for number, one in enumerate(steps) if len(one) != 1]
    earlier = [step for number in others for step in steps[number][:-1]]
    return _Columns(
        [
            column(position for position, _ in newest),
            [values.number(value) for _, value in newest],
            column(others),
            column(len(steps[number]) for number in others),
            octets(array("q", [position for position, _ in earlier])),
            [values.number(value) for _, value in earlier],
        ]
    )


def _sets(name: str, state: Collection[Any], values: Values) -> _Columns:
    """Sets of keys in their order, and now and then a bare value: its length is 0, where that of an empty set is 1."""
    if any(one is not None for entry in state if type(entry) is dict for one in entry.values()):
        raise TypeError(f"nobody said how to write the table {name}: its sets hold values")
    lengths = column(len(entry) + 1 if type(entry) is dict else 0 for entry in state)
    members = (entry if type(entry) is dict else (entry,) for entry in state)
    return _Columns([lengths, [values.number(one) for entry in members for one in entry]])


# -- reading -----------------------------------------------------------------------------------------------


def _read(
    directory: Directory, table: Table, sections: Iterator[bytes], values: list[Any], positions: list[int]
) -> None:
    """Fill one table of an empty directory, whose containers stay the ones that it made."""
    match table.shape:
        case "array":
            getattr(directory, table.name).extend(signed(next(sections)))
        case "value":
            setattr(directory, table.name, picked(values, next(sections))[0])
        case "dict":
            keys = picked(values, next(sections))
            container: dict[Any, Any] = getattr(directory, table.name)
            container.clear()
            container.update(zip(keys, _read_entries(table, sections, values, positions), strict=True))
        case "list":
            getattr(directory, table.name)[:] = _read_entries(table, sections, values, positions)
        case _:
            raise ValueError(f"the table {table.name} has the shape {table.shape}, which nobody reads")


def _read_entries(
    table: Table, sections: Iterator[bytes], values: list[Any], positions: list[int]
) -> Iterable[Any]:
    if table.entries == "values":
        return picked(values, next(sections))
    if table.entries == "timelines":
        return _read_timelines(sections, values, positions)
    lengths = numbers(next(sections))
    match table.entries:
        case "lists":
            listed = iter(picked(values, next(sections)))
            return (list(islice(listed, length)) for length in lengths)
        case "sets":
            members = iter(picked(values, next(sections)))
            return (
                dict.fromkeys(islice(members, length - 1)) if length else next(members) for length in lengths
            )
        case _:
            raise ValueError(f"the table {table.name} holds {table.entries}, which nobody reads")


def _read_timelines(
    sections: Iterator[bytes], values: list[Any], positions: list[int]
) -> list[Timeline[Any]]:
    made, newest = picked(positions, next(sections)), picked(values, next(sections))
    timelines: list[Timeline[Any]] = list(map(Timeline, made, newest))
    others, lengths = numbers(next(sections)), numbers(next(sections))
    earlier, held = signed(next(sections)), list(picked(values, next(sections)))
    start = 0
    for number, length in zip(others, lengths, strict=True):
        timeline = timelines[number]
        if not length:
            timeline.made = NEVER
            continue
        end = start + length - 1
        timeline.earlier_positions, timeline.earlier_values = earlier[start:end], held[start:end]
        start = end
    return timelines
