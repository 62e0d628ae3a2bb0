"""What can happen to a secret. Its value stands in the vault alone, under a ref that an event names.

No event holds the value in any form, nor a digest of it: what is short could be guessed from one.
"""

import msgspec

from service.events.applications import Change
from service.vocabulary import SecretId, TeamId, VaultRef


class SecretCreated(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="secret.created"):
    """A secret exists, of a team or of none."""

    secret: SecretId
    name: str
    description: str
    team: TeamId | None
    value: VaultRef


class SecretEdited(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="secret.edited"):
    """Fields changed; `field` is one of name, description, conflicting. A new name ends a conflict.

    The name that it has ends it too, once nobody else has that: then `conflicting` is what changed, from true to false.
    """

    secret: SecretId
    changes: tuple[Change, ...]


class SecretRotated(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="secret.rotated"):
    """It has another value. The one before left the vault in the same transaction."""

    secret: SecretId
    value: VaultRef
    value_before: VaultRef


class SecretMoved(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="secret.moved"):
    """It belongs to another team, or to none.

    `team_deleted`: nobody moved it, its team was deleted. `conflicting`: where it is now another secret had its name
    already, so that it serves nobody until it is renamed or moved on (open point 13 of the vendor's rules).
    """

    secret: SecretId
    name: str
    team_before: TeamId | None
    team: TeamId | None
    team_deleted: bool = False
    conflicting: bool = False


class SecretDeleted(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="secret.deleted"):
    """The secret is gone, and its value left the vault."""

    secret: SecretId
    name: str
    team: TeamId | None
    value_before: VaultRef


SecretEvent = SecretCreated | SecretEdited | SecretRotated | SecretMoved | SecretDeleted
