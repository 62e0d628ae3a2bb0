"""What becomes of the secrets and webhooks of a team that is deleted: sections 3.2 and 3.7 of the vendor's rules.

They live on, of no team from then on, so that only who may manage all of them edits them. A record says so of each.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from projections.view import View
from service import errors
from service.events import Event
from service.events.secrets import SecretMoved
from service.events.webhooks import WebhookMoved
from service.vocabulary import TeamId

MOVED_MAX: Final = 20_000
"""Secrets and webhooks that a team may have for one order to delete it. Each has a record of its own, and what a busy
machine takes to record so many must fit into the time by which the append may be late."""


SHOWN_MAX: Final = 1_000
"""Of each; all are counted."""


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """What a deleted team leaves: the first of its secrets and webhooks as they were recorded, and how many of each."""

    secrets: tuple[SecretMoved, ...]
    number_of_secrets: int
    number_in_conflict: int
    webhooks: tuple[WebhookMoved, ...]
    number_of_webhooks: int


def of_team(view: View, team: TeamId) -> list[Event]:
    """A fact for each secret and each webhook that is of no team any more, secrets first.

    Where a secret of no team has its name already, or another one that moves along, it keeps its value and serves
    nobody until it is renamed or moved (open point 13): what is in use is never overwritten. Raises Refused for more
    than one order can move.
    """
    secrets, webhooks = view.team_secrets(team), view.team_webhooks(team)
    require_bearable(len(secrets) + len(webhooks))
    decided: list[Event] = []
    taken: set[str] = set()
    for secret in secrets:
        conflicting = secret.name in taken or view.secret_named(None, secret.name) is not None
        taken.add(secret.name)
        decided.append(
            SecretMoved(
                secret=secret.id,
                name=secret.name,
                team_before=team,
                team=None,
                team_deleted=True,
                conflicting=conflicting,
            )
        )
    decided += [
        WebhookMoved(webhook=one.id, team_before=team, team=None, team_deleted=True) for one in webhooks
    ]
    return decided


def left(events: Iterable[Event]) -> Left | None:
    """What the records of one order say that a deleted team leaves; None where it leaves nothing, or none was."""
    secrets: list[SecretMoved] = []
    webhooks: list[WebhookMoved] = []
    for event in events:
        if isinstance(event, SecretMoved) and event.team_deleted:
            secrets.append(event)
        elif isinstance(event, WebhookMoved) and event.team_deleted:
            webhooks.append(event)
    if not secrets and not webhooks:
        return None
    return Left(
        secrets=tuple(secrets[:SHOWN_MAX]),
        number_of_secrets=len(secrets),
        number_in_conflict=sum(one.conflicting for one in secrets),
        webhooks=tuple(webhooks[:SHOWN_MAX]),
        number_of_webhooks=len(webhooks),
    )


def require_bearable(moved: int, what: str = "secrets and webhooks") -> None:
    """Raise Refused, before the work, for more secrets and webhooks, say, than one order can move."""
    if moved > MOVED_MAX:
        raise errors.Refused(
            "too_many_moved",
            f"The team has {moved:,} {what}, and one order can make {MOVED_MAX:,} of them belong to no"
            " team. Move or delete some of them first; nothing was done.",
        )
