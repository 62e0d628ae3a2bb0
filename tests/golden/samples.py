"""A sample of every event kind, filled in from its annotations, for the golden file.

`python -m tests.golden.samples` adds lines for kinds that have none. It never changes a line: what was written once
must be readable for ever.
"""

import types
import typing
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from service.events import Event
from service.log import recorded
from service.log.recorded import Actor, Authority, Recorded, Source
from service.vocabulary import EventId, KeyId, PrincipalId, RoleId, Sealed, TeamId, Thing, TokenId

FILE = Path(__file__).with_name("events.txt")
AT = datetime(2026, 11, 22, 9, 0, 0, 123_456, tzinfo=UTC)
_WORDS = {
    "name": "Zoë’s “Foo”\\Bar ✓",
    "digest": "ab" * 32,
    "field": "name",
    "kind": "application",
    "version": "1.0.0",
    "scope": "environment:read:team*",
    "verifier": "contracts.example.org/log+1a2b3c4d+AQAB",
}


def kinds() -> dict[str, type]:
    """Every event type by its kind."""
    return {str(one.__struct_config__.tag): one for one in typing.get_args(Event)}


def sample(event_type: type, position: int) -> Recorded:
    """A record of this kind in which every field holds something."""
    data = _filled(event_type, "")
    at = AT + timedelta(seconds=position)
    return Recorded(
        v=recorded.VERSION,
        position=position,
        id=EventId(_id("event")),
        recorded_at=at,
        rule=1,
        catalogue=1,
        release="0.1.0",
        actor=Actor(
            principal=PrincipalId(_id("principal")),
            token=TokenId(_id("token")),
            on_behalf_of=PrincipalId(_id("on_behalf_of")),
            console=_sealed(),
            system="first start",
        ),
        data=data,
        source=Source(
            address=_sealed(), user_agent=_sealed(), request="a-request", traceparent="00-aa-bb-01"
        ),
        authority=(
            Authority(
                needed="role:manage",
                source="role",
                on=Thing("role", _id("on"), _WORDS["name"]),
                scope="role:manage:*",
                role=RoleId(_id("role")),
                team=TeamId(_id("team")),
            ),
        ),
        touches=(Thing("role", _id("on"), _WORDS["name"]), Thing("user", _id("user"))),
        correlation=EventId(_id("correlation")),
        causation=EventId(_id("causation")),
        reason=_sealed(),
        ticket="OPS-1",
    )


def golden() -> dict[str, bytes]:
    """The file's entries by kind, as they stand."""
    lines = FILE.read_bytes().splitlines() if FILE.exists() else []
    return {kind.decode(): entry for kind, _, entry in (line.partition(b"\t") for line in lines)}


def _filled(annotation: object, field: str) -> typing.Any:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if isinstance(annotation, types.UnionType) or origin is typing.Union:
        if msgspec.UnsetType in arguments:
            return msgspec.UNSET  # what came later is not in what was written before it
        return _filled(next(one for one in arguments if one is not types.NoneType), field)
    if origin is typing.Literal:
        return arguments[0]
    if origin is tuple:
        return tuple(_filled(arguments[0], f"{field}{number}") for number in (1, 2))
    if origin is dict:
        return {"a": _filled(arguments[1], field), "b": _filled(arguments[1], field)}
    if isinstance(annotation, typing.NewType):
        if annotation.__name__ == "Scope":
            return _WORDS["scope"]
        return _id(field)
    if annotation is Sealed:
        return _sealed()
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        hints = typing.get_type_hints(annotation)
        return annotation(**{one: _filled(hints[one], one) for one in annotation.__struct_fields__})
    simple: dict[object, typing.Any] = {
        str: _WORDS.get(field, f"the {field}"),
        bool: True,
        int: 7,
        datetime: AT,
    }
    return simple[annotation]


def _id(field: str) -> str:
    return f"{sum(field.encode()) * 7919 % 16**8:08x}-1111-4222-8333-{len(field):012x}"


def _sealed() -> Sealed:
    return Sealed(key=KeyId(_id("key")), box="AAECAwQFBgcICQoLDA0ODw==")


def _missing() -> Iterator[bytes]:
    held = golden()
    for position, (kind, event_type) in enumerate(sorted(kinds().items()), 1):
        if kind not in held:
            yield kind.encode() + b"\t" + recorded.encode(sample(event_type, position)) + b"\n"


if __name__ == "__main__":
    with FILE.open("ab") as file:
        file.writelines(list(_missing()))
