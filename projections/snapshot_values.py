"""The distinct values of a directory as octets and back: each once, numbered, so that tables refer to them by number.

What holds no other values comes first (texts, times, numbers), then tuples and structs by how deep they nest. A column
is the numbers of one field in all structs of a kind: reading is a few calls for many values. Pure.
"""

import operator
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from projections.applications import Application
from projections.authentication import Authentication
from projections.contracts import Contract, Integration
from projections.environments import Environment
from projections.preferences import Preference
from projections.principals import Alias, Person, Principal
from projections.resources import Resource
from projections.roles import Role
from projections.secrets import Secret
from projections.teams import Team
from projections.tokens import Invitation, Token
from projections.webhooks import Webhook
from service.catalogue.compiled import Compiled, Masks
from service.catalogue.model import Catalogue
from service.catalogue.own import OwnCatalogue
from service.catalogue.route_tables import Needed, Route, RouteResource, RouteTable
from service.events.account import LogOpened
from service.events.preferences import Expiry
from service.events.webhooks import SealedValue, WebhookRequest, WebhookSettings
from service.vocabulary import Personal, Sealed

STRUCTS: Final = {
    kind.__name__: kind
    for kind in (
        *(Application, Authentication, Contract, Environment, Expiry, Integration, Invitation, LogOpened),
        *(Masks, Person, Personal, Preference, Principal, Role, Sealed, Team, Token),
        *(Alias, Resource, SealedValue, Secret, Webhook, WebhookRequest, WebhookSettings),
        *(Needed, Route, RouteResource, RouteTable),
    )
}
"""Every struct that a directory may hold. Nothing is looked up by a name that stands in the octets but in here."""
CONSTANTS: Final = (None, False, True)
"""The values with the first numbers."""
_GROUP_BITS: Final = 32
_PROGRESSION: Final = b"p"
_TABLE: Final = b"t"
_EACH: Final = b"e"
_TABLE_MAX: Final = 256
_TUPLE: Final = "tuple of "
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
        plain = self._plain.get(kind)
        if plain is not None:
            known = plain.get(value)
            if known is None:
                known = plain[value] = self._add(0, kind.__name__, value)
            return known
        if value is None or kind is bool:
            return CONSTANTS.index(value)
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
                known = self._tuples[members] = self._add_tuple(members)
            return known
        if kind is Compiled or kind is OwnCatalogue:
            return self._add(0, kind.__name__, value)
        if STRUCTS.get(kind.__name__) is not kind:
            raise TypeError(f"nobody said how to write a {kind.__name__}")
        if kind is Masks:
            return self._add(0, "Masks", value)
        numbers = list(map(self.number, msgspec.structs.astuple(value)))
        group = self._group(self._deeper(numbers), kind.__name__, kind.__struct_fields__)
        for column, number in zip(group.columns, numbers, strict=True):
            column.append(number)
        return group.next()

    def _add_tuple(self, members: tuple[int, ...]) -> int:
        """Tuples of one length are a kind: they are read many at a stroke."""
        group = self._group(self._deeper(members), f"{_TUPLE}{len(members)}")
        group.members += members
        return group.next()

    def _deeper(self, numbers: Sequence[int]) -> int:
        depths, deepest = self._depths, 0
        for one in numbers:
            depth = depths[one >> _GROUP_BITS]
            if depth > deepest:
                deepest = depth
        return 1 + deepest

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
                yield _encoder.encode([(member.catalogue, member.own) for member in members])
            case "OwnCatalogue":
                yield _encoder.encode(members)
            case "Masks":
                rows = (msgspec.structs.astuple(member) for member in members)
                yield _encoder.encode([[format(bits, "x") for bits in row] for row in rows])
            case kind if kind.startswith(_TUPLE):
                yield final(members, offsets)
            case _:
                for provisional in self.columns:
                    yield final(provisional, offsets)


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
            pairs = msgspec.msgpack.decode(
                next(sections), type=list[tuple[Catalogue, tuple[OwnCatalogue, ...]]]
            )
            return [Compiled(*pair) for pair in pairs]
        case "OwnCatalogue":
            return msgspec.msgpack.decode(next(sections), type=list[OwnCatalogue])
        case "Masks":
            rows = msgspec.msgpack.decode(next(sections), type=list[tuple[str, str, str, str]])
            return [Masks(*(int(text, 16) for text in row)) for row in rows]
        case kind if kind.startswith(_TUPLE):
            members = iter(picked(values, next(sections)))
            length = int(kind.removeprefix(_TUPLE))
            return list(zip(*[members] * length, strict=True)) if length else [()]
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


# -- columns: whole numbers in the shortest of a few forms ------------------------------------------------


def final(provisional: Iterable[int], offsets: list[int]) -> bytes:
    """A column of final numbers."""
    mask = (1 << _GROUP_BITS) - 1
    return column(offsets[one >> _GROUP_BITS] + (one & mask) for one in provisional)


def column(members: Iterable[int]) -> bytes:
    """A column of numbers from 0 to 2³² − 1: as a progression, by a small table, or each for itself.

    What is written in the order in which it was first met is a progression more often than not, and few of a kind are
    a table: both are read several times faster.
    """
    held = array("I", members)
    if len(held) > 1:
        step = held[1] - held[0]
        if held.tolist() == list(_progression(held[0], step, len(held))):
            return _PROGRESSION + octets(array("q", (held[0], step, len(held))))
    distinct = sorted({*held}) if len({*held[: _TABLE_MAX * 2]}) <= _TABLE_MAX else []
    if 0 < len(distinct) <= _TABLE_MAX:
        places = {number: place for place, number in enumerate(distinct)}
        table = octets(array("I", distinct))
        return _TABLE + bytes((len(distinct) - 1,)) + table + bytes(places[number] for number in held)
    return _EACH + octets(held)


def numbers(section: bytes) -> Sequence[int]:
    """The numbers of a column."""
    return picked(None, section)


def picked(values: Sequence[Any] | None, section: bytes) -> Sequence[Any]:
    """The values whose numbers a column holds, in few calls; without values the numbers themselves."""
    form = section[:1]
    if form == _PROGRESSION:
        start, step, length = signed(section[1:])
        wanted = _progression(start, step, length)
        if values is None:
            return wanted
        if not step:
            return [values[start]] * length
        return values[start : (wanted[-1] + step) if wanted[-1] + step >= 0 else None : step]
    if form == _TABLE:
        end = 2 + 4 * (section[1] + 1)
        table = _unsigned(section[2:end])
        named = table if values is None else [values[number] for number in table]
        return list(map(named.__getitem__, section[end:]))
    each = _unsigned(section[1:])
    if values is None:
        return each
    if len(each) < 2:
        return [values[number] for number in each]
    found: tuple[Any, ...] = operator.itemgetter(*each)(values)
    return found


def octets(members: "array[Any]") -> bytes:
    """An array, little-endian whatever the machine."""
    if sys.byteorder == "big":
        members = members[:]
        members.byteswap()
    return members.tobytes()


def signed(section: bytes) -> "array[int]":
    """What `octets` wrote of signed numbers of 64 bits."""
    return _array("q", section)


def _unsigned(section: bytes) -> "array[int]":
    return _array("I", section)


def _array(typecode: str, section: bytes) -> "array[int]":
    found: array[int] = array(typecode)
    found.frombytes(section)
    if sys.byteorder == "big":
        found.byteswap()
    return found


def _progression(start: int, step: int, length: int) -> Sequence[int]:
    return range(start, start + step * length, step) if step else [start] * length
