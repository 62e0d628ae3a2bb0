"""The distinct values of a directory as octets and back: each once, numbered, so that tables refer to them by number.

What holds no other values comes first (texts, times, numbers), then tuples and structs by how deep they nest. A column
is the numbers of one field in all structs of a kind: reading is a few calls for many values. Pure.
"""

import operator
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final

import msgspec

from projections.applications import Application
from projections.contracts import Contract, Integration
from projections.environments import Environment
from projections.principals import Person, Principal
from projections.roles import Role
from projections.teams import Team
from projections.tokens import Invitation, Token
from service.catalogue.compiled import Compiled, Masks
from service.catalogue.model import Catalogue
from service.events.account import LogOpened
from service.vocabulary import Personal, Sealed

STRUCTS: Final = {
    kind.__name__: kind
    for kind in (
        *(Application, Contract, Environment, Integration, Invitation, LogOpened, Masks, Person),
        *(Personal, Principal, Role, Sealed, Team, Token),
    )
}
"""Every struct that a directory may hold. Nothing is looked up by a name that stands in the octets but in here."""
CONSTANTS: Final = (None, False, True)
"""The values with the first numbers."""
_GROUP_BITS: Final = 32
_encoder = msgspec.msgpack.Encoder()


class Group(msgspec.Struct, array_like=True):
    """Values of one kind at one depth, `count` of them; a struct kind's columns stand in the order of `fields`."""

    depth: int
    kind: str
    count: int
    fields: tuple[str, ...] = ()


class Values:
    """Every distinct value of a directory, in groups. A number is provisional: its group's in the upper bits."""

    def __init__(self) -> None:
        self._groups: dict[tuple[int, str], _Members] = {}
        self._depths = [0]
        self._plain: dict[type, dict[Any, int]] = {str: {}, datetime: {}, int: {}, bytes: {}}
        self._tuples: dict[tuple[int, ...], int] = {}
        self._same: dict[int, int] = {}

    def number(self, value: Any) -> int:
        """The provisional number of a value. Equal texts, times, numbers and tuples share one, a struct has its own.

        Raises TypeError for a value of a kind that nobody said how to write.
        """
        kind = type(value)
        if value is None or kind is bool:
            return CONSTANTS.index(value)
        plain = self._plain.get(kind)
        if plain is not None:
            known = plain.get(value)
            if known is None:
                known = plain[value] = self._add(0, kind.__name__, value)
            return known
        known = self._same.get(id(value))
        if known is None:
            known = self._same[id(value)] = self._compound(kind, value)
        return known

    def numbered(self) -> tuple[list["_Members"], list[int]]:
        """The groups in the order in which they are read, and what makes a number of each provisional group final."""
        found = [self._groups[key] for key in sorted(self._groups)]
        offsets, offset = [0] * len(self._depths), len(CONSTANTS)
        for group in found:
            offsets[group.first >> _GROUP_BITS] = offset
            offset += group.outline.count
        return found, offsets

    def _compound(self, kind: type, value: Any) -> int:
        if kind is tuple:
            members = tuple(map(self.number, value))
            known = self._tuples.get(members)
            if known is None:
                known = self._tuples[members] = self._add(self._deeper(members), "tuple", members)
            return known
        if kind is Compiled:
            return self._add(0, "Compiled", value)
        if STRUCTS.get(kind.__name__) is not kind:
            raise TypeError(f"nobody said how to write a {kind.__name__}")
        if kind is Masks:
            return self._add(0, "Masks", value)
        fields: tuple[str, ...] = kind.__struct_fields__
        numbers = [self.number(getattr(value, field)) for field in fields]
        group = self._group(self._deeper(numbers), kind.__name__, fields)
        for column, number in zip(group.columns, numbers, strict=True):
            column.append(number)
        return group.next()

    def _deeper(self, numbers: Sequence[int]) -> int:
        depths = self._depths
        return 1 + max((depths[one >> _GROUP_BITS] for one in numbers), default=0)

    def _add(self, depth: int, kind: str, member: Any) -> int:
        group = self._group(depth, kind)
        group.members.append(member)
        return group.next()

    def _group(self, depth: int, kind: str, fields: tuple[str, ...] = ()) -> "_Members":
        group = self._groups.get((depth, kind))
        if group is None:
            outline = Group(depth, kind, 0, fields)
            group = self._groups[depth, kind] = _Members(len(self._depths) << _GROUP_BITS, outline)
            self._depths.append(depth)
        return group


class _Members:
    """The members of a group. A struct's numbers go into `columns`, everything else into `members`."""

    def __init__(self, first: int, outline: Group) -> None:
        self.first = first
        self.outline = outline
        self.members: list[Any] = []
        self.columns = [array("q") for _ in outline.fields]

    def next(self) -> int:
        """The number of the member that was just added."""
        self.outline.count += 1
        return self.first + self.outline.count - 1

    def sections(self, offsets: list[int]) -> Iterator[bytes]:
        """The group's sections, with final numbers."""
        members = self.members
        match self.outline.kind:
            case "str" | "datetime" | "bytes":
                yield _encoder.encode(members)
            case "int":
                yield _encoder.encode(
                    [format(member, "x") for member in members]
                )  # there is no bound to them
            case "Compiled":
                yield _encoder.encode([member.catalogue for member in members])
            case "Masks":
                rows = (msgspec.structs.astuple(member) for member in members)
                yield _encoder.encode([[format(bits, "x") for bits in row] for row in rows])
            case "tuple":
                yield column(map(len, members))
                yield final((number for member in members for number in member), offsets)
            case _:
                for numbers in self.columns:
                    yield final(numbers, offsets)


def read(group: Group, sections: Iterator[bytes], values: list[Any]) -> list[Any]:
    """The values of a group, which refers to those of the groups before it."""
    match group.kind:
        case "str":
            return msgspec.msgpack.decode(next(sections), type=list[str])
        case "datetime":
            return msgspec.msgpack.decode(next(sections), type=list[datetime])
        case "bytes":
            return msgspec.msgpack.decode(next(sections), type=list[bytes])
        case "int":
            return [int(text, 16) for text in msgspec.msgpack.decode(next(sections), type=list[str])]
        case "Compiled":
            return [Compiled(one) for one in msgspec.msgpack.decode(next(sections), type=list[Catalogue])]
        case "Masks":
            rows = msgspec.msgpack.decode(next(sections), type=list[tuple[str, str, str]])
            return [Masks(*(int(text, 16) for text in row)) for row in rows]
        case "tuple":
            lengths = numbers(next(sections))
            members = iter(picked(values, next(sections)))
            return [tuple(islice(members, length)) for length in lengths]
        case kind:
            columns = [picked(values, next(sections)) for _ in group.fields]
            return list(map(_maker(STRUCTS[kind], group.fields), *columns))


def _maker(kind: type, fields: tuple[str, ...]) -> Callable[..., Any]:
    """Makes one struct of its fields in their order: a call by keywords, which structs demand, spelt out once."""
    if fields != kind.__struct_fields__:  # type: ignore[attr-defined]  # msgspec adds it to every struct
        raise ValueError(f"a {kind.__name__} has other fields here")
    names = [f"f{number}" for number in range(len(fields))]
    call = ", ".join(f"{field}={name}" for field, name in zip(fields, names, strict=True))
    made: Callable[..., Any] = eval(f"lambda {', '.join(names)}: kind({call})", {"kind": kind})  # noqa: S307  # our own struct's own field names
    return made


# -- columns: unsigned numbers of 32 bits, little-endian --------------------------------------------------


def final(provisional: Iterable[int], offsets: list[int]) -> bytes:
    """A column of final numbers."""
    mask = (1 << _GROUP_BITS) - 1
    return column(offsets[one >> _GROUP_BITS] + (one & mask) for one in provisional)


def column(members: Iterable[int]) -> bytes:
    """A column of plain numbers."""
    return octets(array("I", members))


def octets(members: "array[Any]") -> bytes:
    """An array in the order of octets that every machine reads."""
    if sys.byteorder == "big":
        members = members[:]
        members.byteswap()
    return members.tobytes()


def numbers(section: bytes, typecode: str = "I") -> "array[Any]":
    """What `column` or `octets` wrote."""
    found: array[Any] = array(typecode)
    found.frombytes(section)
    if sys.byteorder == "big":
        found.byteswap()
    return found


def picked(values: Sequence[Any], section: bytes) -> Sequence[Any]:
    """The values whose numbers a column holds, in one call."""
    wanted = numbers(section)
    if len(wanted) < 2:
        return [values[number] for number in wanted]
    found: tuple[Any, ...] = operator.itemgetter(*wanted)(values)
    return found
