"""Where the next page of a search begins: a token under a MAC of ours, which says of what and as of when.

It pins the pages to the position that the first one was answered from, so that they neither miss nor repeat while
others write, and the number of results stays what the first page said. It is nobody's: whoever may search may go on
from it, on any replica, for as long as the log is there. It hides nothing: a short question stands in it as it was
asked, ids and addresses included.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from projections import access
from projections.replica import Replica
from projections.view import View
from service import errors
from service.http import vouched
from service.http.edge import Call
from service.queries import moments

CARRIED_BYTES_MAX: Final = 2_048
"""A question up to here travels in its token, so that the token alone asks for the next page."""
TOKEN_LENGTH_MAX: Final = 8_192
_PURPOSE: Final = "search-token"
_BEFORE: Final = "p1."
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_POINTER: Final = "/page/token"
Asked = Mapping[str, Any]
"""What a search asks: the members of its body that make the question, the id of what is searched left out."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says. `instant` and `recorded` are microseconds since 1970, the latter of the position's record.

    `after` is the id of the last candidate that was given, `given` how many results were by then, of `total`.
    `limit` is the client's own, None where it named none; `size` is what a page holds at most.
    """

    account: str
    search: str
    digest: str
    asked: str | None
    as_of: str | None
    rule: int
    position: int
    instant: int
    recorded: int
    limit: int | None
    size: int
    after: str = ""
    given: int = 0
    total: int = 0


class Pages(msgspec.Struct, frozen=True, kw_only=True):
    """What a request says of pages: `wanted` where it says anything at all."""

    wanted: bool = False
    token: str = ""
    limit: int | None = None


def sealed(call: Call, place: Place) -> str:
    """The token that says this."""
    return _BEFORE + vouched.sealed(call.edge.keys, _PURPOSE, msgspec.json.encode(place))


def opened(call: Call, token: str, search: str) -> Place:
    """What the token says. Raises Invalid for one that we did not make, or that is another account's or search's."""
    if not token.startswith(_BEFORE) or len(token) > TOKEN_LENGTH_MAX:
        raise _wrong()
    text = token.removeprefix(_BEFORE)
    content = vouched.opened(call.edge.keys, _PURPOSE, text)
    if content is None:
        raise _wrong()
    place = msgspec.json.decode(content, type=Place)
    if (place.account, place.search) != (_account(call.edge.replica), search):
        raise _wrong()
    if place.rule != access.RULE:
        raise errors.Invalid("What decides has changed since this token was given; search anew.", _POINTER)
    return place


def first(call: Call, search: str, asked: Asked, limit: int | None, size: int) -> Place:
    """The place before the first result of a search about the call's moment.

    A search as of now is pinned to the instant of its position's record, since no decision reads the clock: the same
    question at the same position has the same token.
    """
    moment, replica = call.progress.moment, call.edge.replica
    assert moment is not None, "a search looks its moment up before it begins"
    text, position = _canonical(asked), moment.view.position
    recorded = _recorded(replica, position)
    return Place(
        account=_account(replica),
        search=search,
        digest=_digest(text),
        asked=text if len(text.encode()) <= CARRIED_BYTES_MAX else None,
        as_of=_as_of(call),
        rule=access.RULE,
        position=position,
        instant=_microseconds(moment.view.instant) if moment.historic else recorded,
        recorded=recorded,
        limit=limit,
        size=size,
    )


def carried(place: Place) -> dict[str, Any]:
    """The question that the token carries, for a request that holds nothing but the token.

    Raises Invalid where it was too large to be carried.
    """
    if place.asked is None:
        raise errors.Invalid("This question was too large for its token; send it beside the token.", _POINTER)
    found: dict[str, Any] = json.loads(place.asked)
    return found


def require_same(call: Call, place: Place, asked: Asked, pages: Pages) -> None:
    """Raise Invalid where the request asks something else than the search that the token goes on with."""
    if _digest(_canonical(asked)) != place.digest:
        raise errors.Invalid("The question is another one than that of the page before.", _POINTER)
    if pages.limit is not None and pages.limit != place.limit:
        raise errors.Invalid("The limit is another one than that of the page before.", "/page/limit")
    as_of, at_least = _as_of(call), call.asked("at_least")
    if as_of is not None and as_of != place.as_of:
        raise errors.Invalid("The moment is another one than that of the page before.", "as_of")
    if at_least is not None and not (
        at_least.isascii() and at_least.isdigit() and int(at_least) <= place.position
    ):
        raise errors.Invalid(f"These pages are as of position {place.position}.", "at_least")


async def pinned(call: Call, place: Place) -> View:
    """What was true where the pages are pinned. Raises TooLate where this replica is not there yet, or Invalid.

    Another record at the position means that the log was restored to before it, and went on otherwise.
    """
    replica = call.edge.replica
    await replica.wait_for(place.position, moments.WAIT_SECONDS_MAX)
    if _recorded(replica, place.position) != place.recorded:
        raise errors.Invalid("The log was restored since this token was given; search anew.", _POINTER)
    return replica.view(place.position, _EPOCH + place.instant * _MICROSECOND)


def _as_of(call: Call) -> str | None:
    """The moment that the query names, without the spaces around it that may be without bound."""
    text = call.asked("as_of")
    return None if text is None else text.strip()


def _canonical(asked: Asked) -> str:
    try:
        return json.dumps(asked, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    except RecursionError as failure:
        raise errors.Invalid("The body is nested too deeply.") from failure


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def _account(replica: Replica) -> str:
    opening = replica.directory.opened
    return opening.account if opening is not None else ""


def _recorded(replica: Replica, position: int) -> int:
    return _microseconds(replica.directory.instant(position)) if position else 0


def _microseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND


def _wrong() -> errors.Invalid:
    return errors.Invalid(
        "This token is of no page of this search; send `next_token` as it stands.", _POINTER
    )
