"""Changes of preferences and settings in words, for the sentences of the trail."""

from typing import assert_never

from projections import preferences
from service.events import preferences as events
from service.events.authentication import AuthenticationEvent
from service.events.preferences import Expiry, Value
from service.queries import wording
from service.queries.names import Names

_QUOTED_MAX = 60
"""Characters of a banner that a sentence repeats."""


def sentence(event: events.PreferenceEvent, names: Names) -> str:
    """What somebody did, without who."""
    match event:
        case events.PreferenceChanged():
            before, after = (_value(event.name, one, names) for one in (event.before, event.after))
            return f"changed the system preference {event.name} from {before} to {after}"
        case events.PersonalPreferenceChanged():
            before, after = (_value(event.name, one, names) for one in (event.before, event.after))
            return f"changed their own preference {event.name} from {before} to {after}"
        case events.PreferenceContactsChanged():
            listed = "took away" if event.after is None else "changed"
            return f"{listed} the operational contacts"
        case _:
            assert_never(event)


def signing_in(event: AuthenticationEvent) -> str:
    """What somebody did to the settings of signing in."""
    parts = [
        f"{what} from {_list(before)} to {_list(after)}"
        for what, before, after in (
            ("Google e-mail domains", event.google_email_domains_before, event.google_email_domains),
            ("GitHub organisations", event.github_organizations_before, event.github_organizations),
        )
        if before != after
    ]
    return f"changed who may sign in: {' and '.join(parts) or 'nothing'}"


def period(expiry: Expiry) -> str:
    """`1 month`, `90 days`."""
    return f"{expiry.value} {expiry.period.removesuffix('s') if expiry.value == 1 else expiry.period}"


def _value(name: str, value: Value, names: Names) -> str:
    kind = {**preferences.SYSTEM, **preferences.PERSONAL}.get(name)
    match value:
        case None:
            return "nothing"
        case bool():
            return "on" if value else "off"
        case Expiry():
            return period(value)
        case _ if kind is not None and kind.type == "role":
            return f"the role {names.role(value)}"
        case _ if kind is not None and kind.type == "team":
            return f"the team {names.team(value)}"
        case _:
            told = " ".join(value.split())
            return f"«{told if len(told) <= _QUOTED_MAX else told[:_QUOTED_MAX] + '…'}»"


def _list(named: tuple[str, ...] | None) -> str:
    return wording.listed(named) if named else "none"
