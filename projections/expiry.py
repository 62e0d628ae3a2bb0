"""When a token ends: by its own date, or by the account's preference, whichever is earlier (section 3.8).

The preference is never copied into a token. Its period counts from the token's last change or the preference's,
whichever is later: switching it on gives every token there is a full period, switching it off takes that away again.
But what has ended has ended: no later preference brings a value back to life that may lie forgotten in a log.
"""

import calendar
from datetime import datetime, timedelta

from projections import preferences
from projections.tokens import Token
from projections.view import View
from service.events.preferences import Expiry

_STEPS = {"hours": timedelta(hours=1), "days": timedelta(days=1), "weeks": timedelta(weeks=1)}
PERIODS = (*_STEPS, "months")


def ends_at(view: View, token: Token) -> datetime | None:
    """When the token ends as things are at the view's position; None where nothing ends it."""
    by_preference = preferred(view, token)
    if by_preference is None or token.expires_at is None:
        return token.expires_at if by_preference is None else by_preference
    return min(token.expires_at, by_preference)


def expired(view: View, token: Token) -> bool:
    """Whether the token has ended by the view's instant."""
    ends = ends_at(view, token)
    return ends is not None and ends <= view.instant


def preferred(view: View, token: Token) -> datetime | None:
    """When the preference ends the token, or ended it under an earlier value; None where it does not."""
    ended = None
    changes = view.preference_history(preferences.TOKEN_EXPIRY, token.updated_at)
    for held, replaced_at in changes:  # the newest first
        if isinstance(held.value, Expiry):
            ends = after(max(token.updated_at, held.changed_at), held.value)
            if replaced_at is None or ends <= replaced_at:
                ended = ends
    return ended


def after(instant: datetime, expiry: Expiry) -> datetime:
    """The instant a period later. A month later is the same day and time of that month, or its last day (UTC)."""
    step = _STEPS.get(expiry.period)
    if step is not None:
        return instant + expiry.value * step
    months = instant.year * 12 + instant.month - 1 + expiry.value
    year, month = months // 12, months % 12 + 1
    last = calendar.monthrange(year, month)[1]
    return instant.replace(year=year, month=month, day=min(instant.day, last))
