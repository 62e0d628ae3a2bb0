"""The settings of signing in as they are true at some moment."""

from datetime import datetime

import msgspec

from service.events.authentication import AuthenticationEvent
from service.log.recorded import Foldable

THE_ONE = "*"
"""The account has one document of them: its id, wherever one is needed."""


class Authentication(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Which Google e-mail domains and which GitHub organisations are let in, as spelt; None where none are named."""

    google_email_domains: tuple[str, ...] | None = None
    github_organizations: tuple[str, ...] | None = None
    updated_at: datetime | None = None


NOTHING = Authentication()
"""What holds before anybody changes it."""


def fold(event: AuthenticationEvent, recorded: Foldable) -> Authentication:
    """The settings after the event, which names the whole of them."""
    return Authentication(
        google_email_domains=event.google_email_domains,
        github_organizations=event.github_organizations,
        updated_at=recorded.recorded_at,
    )
