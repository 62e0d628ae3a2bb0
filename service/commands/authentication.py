"""What may be asked of the settings of signing in. Muniment signs nobody in: it records them for whoever does."""

import re
from collections.abc import Callable
from typing import ClassVar

import msgspec

from projections import things
from projections.view import View
from service import errors
from service.commands.order import Caller, Need
from service.events import Event
from service.events.authentication import AuthenticationChanged
from service.vocabulary import line

LISTED_MAX = 100
LISTED_LENGTH_MAX = 8_000
"""Of all entries of a list together: both lists fit one record with what they were before."""
DOMAINS = "/authenticationProviders/Google/emailDomains"
ORGANIZATIONS = "/authenticationProviders/GitHub/githubOrganizations"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_ORGANIZATION = re.compile(r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}")


class ChangeAuthentication(msgspec.Struct, frozen=True, kw_only=True):
    """Replace the whole document (section 3.11). None takes a list away."""

    word: ClassVar[str] = "change_authentication"
    google_email_domains: tuple[str, ...] | None
    github_organizations: tuple[str, ...] | None

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (Need("authentication_settings:manage", things.anything("authentication_settings")),)

    def arguments(self) -> dict[str, str]:
        return {}


def change_authentication(command: ChangeAuthentication, view: View, caller: Caller) -> list[Event]:
    """Decide a change. What holds already changes nothing. Raises Invalid, naming the entry that is none."""
    domains = _checked(command.google_email_domains, DOMAINS, _domain)
    organizations = _checked(command.github_organizations, ORGANIZATIONS, _organization)
    held = view.authentication()
    if (held.google_email_domains, held.github_organizations) == (domains, organizations):
        return []
    return [
        AuthenticationChanged(
            google_email_domains_before=held.google_email_domains,
            google_email_domains=domains,
            github_organizations_before=held.github_organizations,
            github_organizations=organizations,
        )
    ]


def _checked(
    named: tuple[str, ...] | None, pointer: str, check: Callable[[str, str], str]
) -> tuple[str, ...] | None:
    """The entries in their order and spelling; two that mean the same are a slip."""
    if named is None:
        return None
    if len(named) > LISTED_MAX or sum(map(len, named)) > LISTED_LENGTH_MAX:
        raise errors.Invalid(
            f"This list holds at most {LISTED_MAX} entries of {LISTED_LENGTH_MAX} characters together.",
            pointer,
        )
    kept: dict[str, str] = {}
    for index, text in enumerate(named):
        one = check(text, f"{pointer}/{index}")
        if one.lower() in kept:
            raise errors.Invalid(f"{one!r} stands here twice.", f"{pointer}/{index}")
        kept[one.lower()] = one
    return tuple(kept.values())


def _domain(text: str, pointer: str) -> str:
    one = line(text, pointer, "e-mail domain", 253)
    if not _DOMAIN.fullmatch(one):
        raise errors.Invalid(
            "This is no e-mail domain, as in example.org; one in another script is written as xn--….", pointer
        )
    return one


def _organization(text: str, pointer: str) -> str:
    one = line(text, pointer, "GitHub organisation", 39)
    if not _ORGANIZATION.fullmatch(one):
        raise errors.Invalid(
            "This is no name of a GitHub organisation: letters and digits, with single dashes between.",
            pointer,
        )
    return one
