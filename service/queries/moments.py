"""Which moment a question is about: now, a position, a time, or an event; and how fresh the answer must be."""

import re
from datetime import UTC, datetime, timedelta

import msgspec

from projections.replica import Replica
from projections.view import View
from service import errors
from service.log import reader as log_reader
from service.queries.reading import Reader
from service.vocabulary import EventId, is_uuid

WAIT_SECONDS_MAX = 5.0
SETTLES_AFTER = timedelta(seconds=40)
"""A large append is refused more than 15 s behind the database's clock, one that takes more than 20 s to be sent is
given up, and what is left covers the clocks' difference and the commit itself."""
_POSITION = re.compile(r"[0-9]{1,18}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)


class Moment(msgspec.Struct, frozen=True):
    """A view, and whether it is settled: a time so recent that a commit in flight could still precede it is not."""

    view: View
    settled: bool = True
    historic: bool = False


async def view_of(
    reader: Reader,
    replica: Replica,
    as_of: str | None,
    at_least: str | None = None,
    *,
    parameter: str = "as_of",
    age_seconds: float = 0.0,
) -> Moment:
    """The moment that `as_of` names, once `at_least` is reached here; `parameter` is what its asker calls it.

    `age_seconds` says how long ago what is known here was all there was: a time since then is not settled.

    Raises Invalid for a text that names no moment or one in the future, NotFound for an unknown event, TooLate
    when `at_least` does not arrive within 5 s.
    """
    if at_least is not None:
        await _wait(replica, at_least)
    if as_of is None:
        return Moment(replica.now())
    text = as_of.strip()
    if _POSITION.fullmatch(text):
        return at_position(replica, int(text), parameter)
    if is_uuid(text):
        async with reader.connection() as connection:
            position = await log_reader.position_of_event(connection, EventId(text.lower()))
        if position is None:
            raise errors.NotFound(f"There is no event {text}.")
        return at_position(replica, position, parameter)
    # In a query string a plus sign that was not escaped arrives as a space.
    instant = _instant(re.sub(r" (?=\d{2}:\d{2}$)", "+", text), parameter)
    return _at_time(replica, instant, parameter, timedelta(seconds=age_seconds))


def at_position(replica: Replica, position: int, parameter: str = "as_of") -> Moment:
    """The moment right after a record. Raises Invalid for one in the future."""
    if position > replica.position:
        raise errors.Invalid(
            f"Position {position} is in the future; the log is at {replica.position}.", parameter
        )
    return Moment(replica.view(position), historic=True)


async def _wait(replica: Replica, at_least: str) -> None:
    if not _POSITION.fullmatch(at_least.strip()):
        raise errors.Invalid("at_least names a position: a whole number.", "at_least")
    await replica.wait_for(int(at_least), WAIT_SECONDS_MAX)


def _instant(text: str, parameter: str) -> datetime:
    if not _TIME.fullmatch(text):
        raise errors.Invalid(
            f"{parameter} names a moment: a position (1234), a time with its offset (2026-11-20T14:03:00Z), or an "
            "event's id.",
            parameter,
        )
    try:
        return datetime.fromisoformat(text.upper().replace(" ", "T")).astimezone(UTC)
    except (ValueError, OverflowError) as failure:
        raise errors.Invalid(
            f"{text!r} is no time: there is no such day, hour or offset.", parameter
        ) from failure


def _at_time(replica: Replica, instant: datetime, parameter: str, age: timedelta) -> Moment:
    now = replica.now()
    if instant > now.instant:
        raise errors.Invalid(f"{instant.isoformat()} is in the future.", parameter)
    position = min(replica.directory.position_at(instant), replica.position)
    settled = now.instant - instant > SETTLES_AFTER + age
    return Moment(View(replica.directory, replica.people, position, instant), settled, historic=True)
