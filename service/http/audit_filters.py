"""What a query of the trail asks for: the vendor's filters (section 6) and this service's, read strictly.

Names resolve to ids here, as nothing that is searched or recorded holds a person's name. What is gone is
found under the name that it had last.
"""

import re
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

import msgspec

from service import errors
from service.http.edge import Call
from service.queries import naming, past_names, trail
from service.queries.trail import Search
from service.vocabulary import EventId, is_uuid, uuid_text

_ACTORS: Final = ("console", "system", "code")
PARAMETERS: Final = (
    "since", "until", "after", "before", "kind", "type", "actor", "userUuid", "touches", "outcome", "sort",
    "from", "pageNumber", "pageSize", "cursor", "at_least",
)  # fmt: skip
"""Every parameter that a search takes, in our words and the vendor's."""
_LOWER: Final = ("since", "after")
_NUMBER_MAX: Final = 10**9
_POSITION_MAX: Final = 10**18


class Lower(msgspec.Struct, frozen=True):
    """Where a search begins: what is recorded at `since` or later, at a position after `after`."""

    since: datetime = datetime.min.replace(tzinfo=UTC)
    after: int = -1


_BEGINNING: Final = Lower()


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A search, and the question that it is: the same on every page of it.

    `subject` is the question without where it begins, which is the same for a poller each time.
    `filters` name ids only and stand in the record of the reading; `parameters` are the query as it came.
    """

    search: Search
    filters: dict[str, str]
    question: str
    subject: str
    lower: Lower = _BEGINNING
    parameters: tuple[tuple[str, str], ...] = ()


def asked(call: Call) -> Asked:
    """What the query asks for. Raises Invalid, NotFound or Ambiguous for a name that cannot be resolved."""
    since, until = _instant(call, "since"), _instant(call, "until")
    kinds, actor, touches = _one_of(call, "kind", "type"), _actor(call), _touched(call)
    after, before = _position(call, "after"), _position(call, "before")
    outcome, start, newest_first = _outcome(call), call.asked("from"), _newest_first(call)
    size = _number(call, "pageSize", trail.PAGE_SIZE_MAX) or trail.PAGE_SIZE_MAX
    search = Search(
        since=since,
        until=until,
        first=None if after is None else after + 1,
        last=None if before is None else before - 1,
        start=None if start is None else EventId(uuid_text(start, "from")),
        actor=actor,
        kinds=None if kinds is None else trail.kinds_like(kinds),
        touches=touches,
        outcome=outcome,
        newest_first=newest_first,
        size=size,
        skip=size * ((_number(call, "pageNumber", _NUMBER_MAX) or 1) - 1),
    )
    named = {
        "since": None if since is None else since.isoformat(),
        "until": None if until is None else until.isoformat(),
        "after": None if after is None else str(after),
        "before": None if before is None else str(before),
        "kind": kinds,
        "actor": actor,
        "touches": touches,
        "outcome": outcome,
        "sort": "-timestamp" if newest_first else None,
    }
    filters = {name: value for name, value in named.items() if value is not None}
    return Asked(
        search=search,
        filters=filters,
        question=urlencode(sorted(filters.items())),
        subject=urlencode(sorted((name, text) for name, text in filters.items() if name not in _LOWER)),
        lower=Lower(since or _BEGINNING.since, _BEGINNING.after if after is None else after),
        parameters=tuple((name, value) for name, value in call.request.query.items()),
    )


def one_event(wanted: EventId) -> Asked:
    """The question for one record by its id."""
    question = f"event={wanted}"
    return Asked(search=Search(), filters={"event": wanted}, question=question, subject=question)


def ids(call: Call) -> dict[str, str]:
    """What the query names by ids, which are nobody's names."""
    asked = {name: call.request.query.get(name, "") for name in ("actor", "userUuid", "touches")}
    return {name: text.lower() for name, text in asked.items() if is_uuid(text)}


def _actor(call: Call) -> str | None:
    """A principal's id, or what somebody is who is none. An id may be anybody's, deleted ones included."""
    text = _one_of(call, "actor", "userUuid")
    if text is None or text in _ACTORS:
        return text
    if is_uuid(text):
        return text.lower()
    return naming.principal(call.view, text).id


def _touched(call: Call) -> str | None:
    """A thing's id: as it stands, or by the grammar of names, what has or last had the name."""
    text = call.asked("touches")
    if text is None:
        return None
    if all(is_uuid(part) for part in text.split("/")):
        return text.lower()
    return past_names.thing_id(call.view, call.edge.replica.directory, text)


def _outcome(call: Call) -> str | None:
    text = call.asked("outcome")
    if text is not None and text not in trail.OUTCOMES:
        raise errors.Invalid(f"It must be one of: {', '.join(trail.OUTCOMES)}.", "outcome")
    return text


def _newest_first(call: Call) -> bool:
    text = call.asked("sort")
    if text in (None, "timestamp", "+timestamp", " timestamp"):  # an unescaped plus sign arrives as a space
        return False
    if text == "-timestamp":
        return True
    raise errors.Invalid("It must be +timestamp or -timestamp.", "sort")


def _instant(call: Call, name: str) -> datetime | None:
    """An ISO 8601 time or date; without an offset it is UTC."""
    text = call.asked(name)
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(re.sub(r" (?=\d{2}:?\d{2}$)", "+", text.strip()))
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as failure:
        raise errors.Invalid("It must be an ISO 8601 time, as in 2026-11-20T14:03:00Z.", name) from failure


def _position(call: Call, name: str) -> int | None:
    return _number(call, name, _POSITION_MAX, least=0)


def _number(call: Call, name: str, most: int, least: int = 1) -> int | None:
    text = call.asked(name)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,19}", text, re.ASCII) or not least <= int(text) <= most:
        raise errors.Invalid(f"It must be a whole number from {least} to {most}.", name)
    return int(text)


def _one_of(call: Call, name: str, vendors: str) -> str | None:
    """A parameter under our name or the vendor's; under both only if they say the same."""
    ours, theirs = call.asked(name), call.asked(vendors)
    if ours is not None and theirs is not None and ours != theirs:
        raise errors.Invalid(f"`{name}` and `{vendors}` are the same filter; give one of them.", name)
    return theirs if ours is None else ours
