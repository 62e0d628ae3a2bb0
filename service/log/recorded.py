"""The envelope: one record of the log, its exact text, and nothing that could be read in two ways.

The text that `encode` returns is what Postgres stores, what the Merkle leaf hashes and what a proof shows.
It is never encoded again: a reader that needs the bytes uses the stored ones.
"""

import functools
from datetime import datetime
from typing import Protocol

import msgspec

from service import errors
from service.events import Event
from service.vocabulary import EventId, PrincipalId, RoleId, Sealed, TeamId, Thing, TokenId

VERSION = 1
ENTRY_BYTES_MAX = 65_535
"""An entry bundle of tlog-tiles frames each entry with a 16-bit length."""


class Actor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Who did it: a principal with the token it used, or a person at the console, or the service itself."""

    principal: PrincipalId | None = None
    token: TokenId | None = None
    on_behalf_of: PrincipalId | None = None
    console: Sealed | None = None
    """The operating system's user name of whoever sat at the console."""
    system: str = ""
    """The service's own reason to act (`first start`); empty for everybody else."""


class Source(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where it came from. Addresses and user agents lead to people, so they are sealed."""

    address: Sealed | None = None
    user_agent: Sealed | None = None
    request: str = ""
    traceparent: str = ""


class Authority(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why it was allowed: the permission that was needed, on what, and the grant that gave it.

    `source` is `role`, `team_administrator`, `own` (one's own account), `code` (an invitation), `console` or `opening`.
    """

    needed: str
    source: str
    on: Thing | None = None
    scope: str = ""
    role: RoleId | None = None
    team: TeamId | None = None


class Recorded(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One record. `data` is the event; its `kind` says which."""

    v: int
    position: int
    id: EventId
    recorded_at: datetime
    rule: int
    catalogue: int
    release: str
    actor: Actor
    data: Event
    source: Source = Source()
    authority: tuple[Authority, ...] = ()
    touches: tuple[Thing, ...] = ()
    correlation: EventId | None = None
    causation: EventId | None = None
    reason: Sealed | None = None
    ticket: str = ""


class Foldable(Protocol):
    """What folding needs of a record, and all that a replay decodes."""

    @property
    def position(self) -> int: ...
    @property
    def id(self) -> EventId: ...
    @property
    def recorded_at(self) -> datetime: ...
    @property
    def actor(self) -> Actor: ...
    @property
    def data(self) -> Event: ...
    @property
    def reason(self) -> Sealed | None: ...


BEHIND = ',"source":{'
"""How a text goes on behind the event, where somebody did it from somewhere.

No event holds this: the quotes of a text in it are escaped, and none has an object under that name.
"""


class Folded(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A record without what no fold reads. It is never encoded: the text that it came from is the record.

    Of a text that was cut `BEHIND` its event there is no `reason`.
    """

    position: int
    id: EventId
    recorded_at: datetime
    actor: Actor
    data: Event
    reason: Sealed | None = None


class _Kind(msgspec.Struct):
    kind: str


class _Outline(msgspec.Struct):
    position: int
    release: str
    data: _Kind


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Recorded)
_fold_decoder = msgspec.json.Decoder(Folded)
_outline = msgspec.json.Decoder(_Outline)


def encode(recorded: Recorded) -> bytes:
    """The record's exact text. Raises Invalid above 65,535 bytes, TypeError while a field is unsealed."""
    entry = _encoder.encode(recorded)
    if len(entry) > ENTRY_BYTES_MAX:
        raise errors.Invalid(f"The record would have {len(entry)} bytes; at most {ENTRY_BYTES_MAX} fit.")
    return entry


def decode(entry: bytes | str, position: int = 0) -> Recorded:
    """The record that a stored text holds. `position` is where it is stored; 0 where the caller says so itself.

    Raises Broken for a kind that this release does not know (naming the release that wrote it), or a text
    that is no record (naming its position and what tells more).
    """
    try:
        return _decoder.decode(entry)
    except (msgspec.DecodeError, UnicodeDecodeError) as failure:
        raise errors.Broken(_explain(entry, position, failure)) from failure


def decode_to_fold(entry: bytes | str, position: int = 0) -> Folded:
    """What folding needs of a stored text, in half the time. Raises Broken as `decode` does."""
    try:
        return _fold_decoder.decode(entry)
    except (msgspec.DecodeError, UnicodeDecodeError) as failure:
        raise errors.Broken(_explain(entry, position, failure)) from failure


def decode_all_to_fold(entries: str, after: int, records: int) -> list[Folded]:
    """What folding needs of texts that follow each other after a position, a line each, whole or cut `BEHIND` an event.

    Raises Broken as `decode` does, naming the first text that is no record of this release, or where there are not as
    many as there should be.
    """
    try:
        found = _fold_decoder.decode_lines(entries)
    except (msgspec.DecodeError, UnicodeDecodeError):
        found = [decode_to_fold(entry, after + number) for number, entry in enumerate(entries.split("\n"), 1)]
    if len(found) != records:
        raise errors.Broken(
            f"A text stored from position {after + 1} to {after + records} is not one record. Run `muniment verify`."
        )
    return found


def kind_of(event: Event) -> str:
    """The chosen string of the event's kind: `role.created`."""
    return kind_of_type(type(event))


@functools.cache
def kind_of_type(event: type[msgspec.Struct]) -> str:
    """The same for the type of an event."""
    tag = event.__struct_config__.tag
    assert isinstance(tag, str), "every event is tagged"
    return tag


def _explain(entry: bytes | str, position: int, failure: Exception) -> str:
    try:
        outline = _outline.decode(entry)
    except (msgspec.DecodeError, UnicodeDecodeError):
        if position:
            return (
                f"The text stored at position {position} is not a record: {failure}. Run `muniment verify`."
            )
        return f"A stored text is not a record: {failure}"
    return (
        f"Position {outline.position} ({outline.data.kind}) was written by muniment {outline.release} "
        f"and cannot be read by this release: {failure}"
    )
