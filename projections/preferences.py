"""Preferences as they are true at some moment: which there are, what they hold when nobody changed them, and the fold.

What a preference means for anything is evaluated where it is asked for, never copied.
"""

from datetime import datetime
from typing import Final, Literal, assert_never

import msgspec

from service.events import preferences as events
from service.events.preferences import Expiry
from service.log.recorded import Foldable
from service.vocabulary import Personal

TOKEN_EXPIRY: Final = "tokenExpiry"  # noqa: S105  # a preference's name, no secret
ANNOUNCEMENT_BANNER: Final = "announcementBanner"
STATIC_BANNER: Final = "staticBanner"
DEFAULT_ROLE: Final = "defaultRole"
DEFAULT_TEAM: Final = "defaultTeam"
OPERATIONAL_CONTACTS: Final = "operationalContacts"
CONSOLIDATE_LOGINS: Final = "consolidateLoginsByEmail"
AI_ENABLED: Final = "aiEnabled"
DEFAULT_TEAM_VIEW: Final = "defaultTeamView"
TOKEN_EXPIRY_ALERT: Final = "tokenExpiryAlert"  # noqa: S105  # as above

Held = bool | str | Expiry | Personal | None
"""A preference's value as the fold holds it; a list of addresses stays in its seal."""


class Kind(msgspec.Struct, frozen=True):
    """What a preference may hold, what it holds until somebody changes it, and what it means."""

    type: Literal["expiry", "text", "role", "team", "emails", "boolean"]
    default: bool | None
    title: str


SYSTEM: Final = {
    TOKEN_EXPIRY: Kind("expiry", None, "How long a token works after it was given its value"),
    ANNOUNCEMENT_BANNER: Kind("text", None, "What is shown to everybody who signs in"),
    STATIC_BANNER: Kind("text", None, "What is always shown"),
    DEFAULT_ROLE: Kind("role", None, "The role that new users get"),
    DEFAULT_TEAM: Kind("team", None, "The team that new users, system accounts and applications join"),
    OPERATIONAL_CONTACTS: Kind("emails", None, "Who is told of what concerns the operation"),
    CONSOLIDATE_LOGINS: Kind("boolean", default=False, title="One account for all sign-ins with one address"),
    AI_ENABLED: Kind("boolean", default=True, title="AI features are on"),
}
"""The account's preferences (section 3.9), in the order in which they are listed."""
PERSONAL: Final = {
    DEFAULT_TEAM_VIEW: Kind("team", None, "The team whose integrations one sees first"),
    TOKEN_EXPIRY_ALERT: Kind("boolean", default=True, title="Be told when one's token is about to expire"),
}
"""A principal's own preferences (section 3.9, seed 002)."""


class Preference(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a preference was last changed to, and when."""

    value: Held
    changed_at: datetime


def fold(event: events.PreferenceEvent, recorded: Foldable) -> Preference:
    """The preference after the event."""
    match event:
        case events.PreferenceChanged() | events.PersonalPreferenceChanged():
            return Preference(value=event.after, changed_at=recorded.recorded_at)
        case events.PreferenceContactsChanged():
            sealed = None if event.after is None else Personal(recorded.id, "after", event.after)
            return Preference(value=sealed, changed_at=recorded.recorded_at)
        case _:
            assert_never(event)


def personal_id(principal: str, name: str) -> str:
    """Whose preference and which: the id of a personal one."""
    return f"{principal}/{name}"
