"""Reading a request strictly: a body with JSON pointers to what is wrong, and the order that it makes.

Unknown fields are ignored, because clients send whole objects back. A NUL or a lone surrogate anywhere in the
body is refused even there, since nothing downstream could keep it.
"""

import asyncio
import re
from collections.abc import Iterator
from typing import Final, TypeVar

import msgspec
from aiohttp import http_exceptions, web

from service import errors
from service.commands import Command
from service.http import authenticate, decoding, preconditions, problems
from service.http.edge import Call
from service.orders import Order, Outcome
from service.queries import since
from service.vocabulary import NAME_LENGTH_MAX, REASON_LENGTH_MAX, line, paragraph, uuid_text

E = TypeVar("E")
BODY_BYTES_MAX: Final = 2 * 1024 * 1024
"""The most that a request may carry. Only a contract's own routes take more (`Route.body_bytes_max`)."""
BODY_SECONDS_MAX: Final = 30.0
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_JSON: Final = "application/json"
_BROKEN: Final = (web.RequestPayloadError, http_exceptions.BadHttpMessage)
_NOT_AS_SAID: Final = "The body does not arrive as its headers say."
_REHEARSING: Final = ("dry_run", "dryRun", "dry-run")


class Body:
    """A JSON object of the request. Every reader says where in the body the fault is (RFC 6901 pointer)."""

    __slots__ = ("_members", "_pointer")

    def __init__(self, members: dict[str, object], pointer: str = "") -> None:
        self._members = members
        self._pointer = pointer

    def has(self, field: str) -> bool:
        """Whether the field is there, be it null."""
        return field in self._members

    def given(self, field: str) -> object:
        """What stands there, of any type; None where the field is absent or null."""
        return self._members.get(field)

    def pointer(self, field: str) -> str:
        """Where the field stands, or would."""
        if "~" in field or "/" in field:
            field = field.replace("~", "~0").replace("/", "~1")
        return f"{self._pointer}/{field}"

    def text(self, field: str) -> str:
        """A string that must be there."""
        value = self._members.get(field)
        if not isinstance(value, str):
            what = "must be a string" if field in self._members else "is missing"
            raise errors.Invalid(f"The field {field!r} {what}.", self.pointer(field))
        return value

    def optional_text(self, field: str) -> str | None:
        """A string, or None where the field is absent or null."""
        return self.text(field) if self._members.get(field) is not None else None

    def text_if_named(self, field: str) -> str | msgspec.UnsetType | None:
        """A string; None for an explicit null, which takes a value away; UNSET where the field is absent."""
        return self.optional_text(field) if field in self._members else msgspec.UNSET

    def flag(self, field: str, default: bool | None = None) -> bool | None:
        """A boolean, or the default where the field is absent or null."""
        value = self._members.get(field)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise errors.Invalid(f"The field {field!r} must be true or false.", self.pointer(field))
        return value

    def ids(self, field: str) -> tuple[str, ...]:
        """A list of UUIDs that must be there."""
        return tuple(
            uuid_text(one, f"{self.pointer(field)}/{index}") for index, one in enumerate(self._list(field))
        )

    def optional_ids(self, field: str) -> tuple[str, ...] | None:
        """A list of UUIDs, or None where the field is absent or null."""
        return self.ids(field) if self._members.get(field) is not None else None

    def optional_id(self, field: str) -> str | None:
        """A UUID, or None where the field is absent or null."""
        value = self._members.get(field)
        return None if value is None else uuid_text(value, self.pointer(field))

    def texts(self, field: str) -> tuple[str, ...]:
        """A list of strings; empty where the field is absent or null."""
        found: list[str] = []
        for index, one in enumerate(self._list(field) if self._members.get(field) is not None else ()):
            if not isinstance(one, str):
                raise errors.Invalid("This must be a string.", f"{self.pointer(field)}/{index}")
            found.append(one)
        return tuple(found)

    def objects(self, field: str) -> Iterator["Body"]:
        """The objects of a list that must be there."""
        for index, one in enumerate(self._list(field)):
            yield _object(one, f"{self.pointer(field)}/{index}")

    def member(self, field: str) -> "Body":
        """An object; an empty one where the field is absent or null."""
        value, pointer = self._members.get(field), self.pointer(field)
        return Body({}, pointer) if value is None else _object(value, pointer)

    def required_member(self, field: str) -> "Body":
        """An object that must be there."""
        if self._members.get(field) is None:
            raise errors.Invalid(f"The field {field!r} is missing.", self.pointer(field))
        return self.member(field)

    def _list(self, field: str) -> list[object]:
        value = self._members.get(field)
        if not isinstance(value, list):
            what = "must be a list" if field in self._members else "is missing"
            raise errors.Invalid(f"The field {field!r} {what}.", self.pointer(field))
        return value


async def body(call: Call) -> Body:
    """The request's JSON object; an empty one where there is no body. Raises Invalid, or Unfit (413, 415)."""
    document = await json_document(call)
    return Body({}) if document is None else _object(document, "")


async def json_document(call: Call) -> object:
    """The request's JSON value, or None where there is no body. Raises Invalid, or Unfit (413, 415)."""
    octets = await raw(call)
    if not octets:
        return None
    require_json(call)
    return await decoding.document(octets)


def require_json(call: Call) -> None:
    """Raise Unfit (415) for a body that says it is something else."""
    given = call.request.headers.get("Content-Type", _JSON)
    media_type = given if given == _JSON else call.request.content_type
    if media_type != _JSON and not re.fullmatch(r"application/[\w.-]+\+json", media_type):
        raise problems.Unfit(
            415, "The body must be JSON, with a Content-Type that says so (application/json)."
        )


async def raw(call: Call) -> bytes:
    """The request's body. Raises Unfit (413) above the route's bound, before more than that was kept."""
    octets = at_hand(call)
    if octets is None:
        try:
            async with asyncio.timeout(BODY_SECONDS_MAX):
                octets = await _arriving(call.request, call.progress.body_bytes_max)
        except TimeoutError as failure:
            raise problems.Unfit(408, f"The body did not arrive within {BODY_SECONDS_MAX:g} s.") from failure
        except _BROKEN as failure:
            raise errors.Invalid(_NOT_AS_SAID) from failure
        call.progress.body = octets
    return octets


def at_hand(call: Call) -> bytes | None:
    """The body where all of it is here, as most arrive with their head; None where it must be waited for.

    Raises as `raw` does.
    """
    progress = call.progress
    if progress.body is not None:
        return progress.body
    request, limit = call.request, progress.body_bytes_max
    if (request.content_length or 0) > limit:
        raise _too_large(limit)
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise problems.Unfit(415, "A compressed body is not taken.")
    if not request.content.is_eof():
        return None
    try:
        octets = request.content.read_nowait()
    except _BROKEN as failure:
        raise errors.Invalid(_NOT_AS_SAID) from failure
    if len(octets) > limit:
        raise _too_large(limit)
    progress.body = octets
    return octets


async def _arriving(request: web.Request, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.content.iter_any():
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
    return b"".join(parts)


class Rehearsed(Exception):
    """A dry run came to its end, which no surface can go on from by accident: there is nothing that it could show.

    `outcomes` has one for each order of the request. The frame answers with what they would have done.
    """

    def __init__(self, *outcomes: Outcome) -> None:
        super().__init__()
        self.outcomes = outcomes


async def handle(
    call: Call, command: Command, body: Body | None = None, version_of: tuple[str, str] | None = None
) -> Outcome:
    """Hand an order to the door for writing and note the position that it reached for the answer.

    `version_of` is the (noun, id) that If-Match is about; where None, one that names a version is refused. Raises
    what the door raises, where Stale says what changed since; and Rehearsed where it was a dry run.
    """
    return await handle_order(call, await order(call, command, body, version_of))


async def handle_order(call: Call, order: Order) -> Outcome:
    """`handle` for an order that was made by `order` and then amended."""
    try:
        outcome = await call.edge.handler.handle(order)
    except errors.Stale as stale:
        assert order.condition is not None, "only an order with a condition can be stale"
        raise await since.told(
            stale, order.condition, call.edge.reader, call.edge.replica, call.may_read, call.may_name
        ) from None
    if outcome.rehearsal is not None:
        raise Rehearsed(outcome)
    return reached(call, outcome)


def reached(call: Call, outcome: Outcome) -> Outcome:
    """Note for the answer's headers how far an order came, and where to read what it did to who may do what."""
    call.progress.position = outcome.position
    if outcome.records:
        call.progress.effects.append(outcome.records[0].id)
    return outcome


def event(outcome: Outcome, kind: type[E]) -> E:
    """The event of this kind that an order recorded. New ids stand there: a repeated request made its own first."""
    return next(record.data for record in outcome.records if isinstance(record.data, kind))


async def order(
    call: Call, command: Command, body: Body | None = None, version_of: tuple[str, str] | None = None
) -> Order:
    """The order that a request gives: its command with who, from where, why, and under which key and condition."""
    if call.asked("as_of") is not None:
        raise errors.Invalid("The past cannot be changed: `as_of` is for reading.", "as_of")
    if body is not None and (misplaced := next(filter(body.has, _REHEARSING), None)) is not None:
        # Unknown fields are ignored, but this one is known: whoever sends it means that nothing should be done.
        raise errors.Invalid("A dry run is asked for in the query: ?dry_run=true.", body.pointer(misplaced))
    key, fingerprint = await identified(call)
    ticket = call.request.headers.get("Muniment-Ticket", "")
    return Order(
        command=command,
        caller=call.caller,
        origin=authenticate.origin(call),
        reason=_reason(call, body),
        ticket=line(ticket, "Muniment-Ticket", "ticket", NAME_LENGTH_MAX) if ticket else "",
        idempotency_key=key,
        fingerprint=fingerprint,
        condition=preconditions.of(call, version_of),
        dry_run=call.dry_run,
    )


async def identified(call: Call) -> tuple[str, bytes]:
    """The request's idempotency key, and what tells another request under the same key apart; empty without a key.

    A dry run has none: it may be repeated as it is, and leaves the key to the request that it tries.
    """
    octets = await raw(call)
    key = call.request.headers.get("Idempotency-Key", "")
    if not key or call.dry_run:
        return "", b""
    if not _IDEMPOTENCY_KEY.fullmatch(key):
        raise errors.Invalid("It must be 1 to 255 visible ASCII characters.", "Idempotency-Key")
    asked = f"{call.request.method} {call.request.raw_path}\n".encode()
    return key, call.edge.keys.fingerprint(asked + octets)


def _reason(call: Call, body: Body | None) -> str:
    """From the header or the body's `reason`; both only if they say the same, as one alone would be recorded."""
    header = call.request.headers.get("Muniment-Reason", "")
    inside = (body.optional_text("reason") if body is not None else None) or ""
    if not header and not inside:
        return ""
    outside = paragraph(header, "Muniment-Reason", "reason", REASON_LENGTH_MAX)
    within = paragraph(inside, "/reason", "reason", REASON_LENGTH_MAX)
    if outside and within and outside != within:
        raise errors.Invalid("The header Muniment-Reason and the body give two different reasons.", "/reason")
    return outside or within


def _object(value: object, pointer: str) -> Body:
    if not isinstance(value, dict):
        raise errors.Invalid("This must be an object." if pointer else "The body must be an object.", pointer)
    return Body(value, pointer)


def _too_large(limit: int) -> problems.Unfit:
    return problems.Unfit(413, f"The body is larger than {limit} bytes.")
