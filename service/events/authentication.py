"""What can happen to the settings of signing in, which are recorded here for whoever signs people in."""

import msgspec


class AuthenticationChanged(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="authentication.changed"
):
    """Other Google e-mail domains, or other GitHub organisations, are let in; None where none were named."""

    google_email_domains_before: tuple[str, ...] | None
    google_email_domains: tuple[str, ...] | None
    github_organizations_before: tuple[str, ...] | None
    github_organizations: tuple[str, ...] | None


AuthenticationEvent = AuthenticationChanged
