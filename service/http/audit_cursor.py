"""The cursor of the trail's pages: proof that a reading was recorded, and the position that it is pinned to.

It says who reads what up to where, under a MAC of ours, so that nobody can pin a reading that was not recorded.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from service import errors
from service.http import vouched
from service.http.edge import Call

LASTS: Final = timedelta(hours=24)
"""A cursor that is older than this is read on with, but recorded as a reading of its own."""
_PURPOSE: Final = "audit-cursor"


class Pinned(msgspec.Struct, frozen=True, kw_only=True):
    """What a cursor says. `issued` are seconds since 1970."""

    principal: str
    question: str
    until: int
    issued: int

    def expired(self, now: datetime) -> bool:
        """Whether the reading is so old that going on with it is another one."""
        return now - datetime.fromtimestamp(self.issued, UTC) > LASTS


def sealed(call: Call, until: int, question: str) -> str:
    """The cursor for the pages of this question by this caller, up to a position."""
    pinned = Pinned(
        principal=call.me, question=question, until=until, issued=int(call.view.instant.timestamp())
    )
    return vouched.sealed(call.edge.keys, _PURPOSE, msgspec.json.encode(pinned))


def opened(call: Call, cursor: str, question: str) -> Pinned:
    """What the cursor says. Raises Invalid for one that we did not make, or that is another caller's or question's."""
    content = vouched.opened(call.edge.keys, _PURPOSE, cursor)
    if content is None:
        raise _wrong()
    pinned = msgspec.json.decode(content, type=Pinned)
    if (pinned.principal, pinned.question) != (call.me, question):
        raise _wrong()
    return pinned


def _wrong() -> errors.Invalid:
    return errors.Invalid(
        "This cursor is not of this question; follow the `next` link as it stands.", "cursor"
    )
