"""What can happen to a deployment environment. Its teams are the teams' facts (`teams.py`)."""

import msgspec

from service.events.applications import Change
from service.vocabulary import EnvironmentId, KeyId, Sealed


class EnvironmentCreated(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="environment.created"
):
    """An environment exists."""

    environment: EnvironmentId
    name: str
    display_name: str
    production: bool


class EnvironmentEdited(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="environment.edited"
):
    """Fields changed; `field` is one of name, display_name, production (`true` or `false`)."""

    environment: EnvironmentId
    changes: tuple[Change, ...]


class EnvironmentContactsChanged(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="environment.contacts_changed"
):
    """Other people are to be turned to about the environment: `[{name, details?}]` as JSON, in one seal.

    `key` was made for what this order sealed and nothing else: destroying it forgets just that.
    """

    environment: EnvironmentId
    key: KeyId | None
    before: Sealed | None
    after: Sealed | None


class EnvironmentDeleted(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="environment.deleted"
):
    """The environment is gone."""

    environment: EnvironmentId
    name: str


EnvironmentEvent = EnvironmentCreated | EnvironmentEdited | EnvironmentContactsChanged | EnvironmentDeleted
