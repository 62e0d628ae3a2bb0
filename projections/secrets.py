"""A secret as it is true at some moment. Its value is the vault's."""

from datetime import datetime
from typing import assert_never

import msgspec

from service.events import secrets as events
from service.log.recorded import Foldable
from service.vocabulary import PrincipalId, SecretId, TeamId, VaultRef, interned


class Secret(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A named value that requests of webhooks draw on."""

    id: SecretId
    name: str
    description: str
    team: TeamId | None
    value: VaultRef
    left: TeamId | None = None
    """The team whose deletion made it a secret of no team; None once somebody moved it."""
    conflicting: bool = False
    """Another secret had its name where its team's deletion put it: it serves nobody until it is renamed or moved."""
    creator: PrincipalId | None
    created_at: datetime
    updated_at: datetime


def fold(secret: Secret | None, event: events.SecretEvent, recorded: Foldable) -> Secret | None:
    """The secret after the event, or None once it is deleted."""
    at = recorded.recorded_at
    match event:
        case events.SecretCreated():
            return Secret(
                id=interned(event.secret),
                name=event.name,
                description=event.description,
                team=event.team and interned(event.team),
                value=event.value,
                creator=recorded.actor.principal and interned(recorded.actor.principal),
                created_at=at,
                updated_at=at,
            )
        case events.SecretEdited():
            fields: dict[str, object] = {change.field: change.after for change in event.changes}
            if "name" in fields or "conflicting" in fields:
                fields["conflicting"] = False
            return secret and msgspec.structs.replace(secret, updated_at=at, **fields)
        case events.SecretRotated():
            return secret and msgspec.structs.replace(secret, value=event.value, updated_at=at)
        case events.SecretMoved():
            return secret and msgspec.structs.replace(
                secret,
                team=event.team and interned(event.team),
                left=interned(event.team_before) if event.team_deleted and event.team_before else None,
                conflicting=event.conflicting,
                updated_at=at,
            )
        case events.SecretDeleted():
            return None
        case _:
            assert_never(event)


def name_key(team: TeamId | None, name: str) -> str:
    """Under what the name of a secret is found: names are unique within a team, and among those of none."""
    return f"{team or ''}/{name}"


def name_key_of(secret: Secret | None) -> str | None:
    """Where this one is found; a conflicting one is not."""
    return None if secret is None or secret.conflicting else name_key(secret.team, secret.name)
