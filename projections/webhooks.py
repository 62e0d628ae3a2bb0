"""A webhook as it is true at some moment, and which secrets it may draw on."""

from datetime import datetime
from typing import assert_never

import msgspec

from projections.secrets import Secret
from service.events import webhooks as events
from service.events.webhooks import WebhookRequest, WebhookSettings
from service.log.recorded import Foldable
from service.vocabulary import ApplicationId, PrincipalId, TeamId, WebhookId, interned


class Webhook(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is sent where, and when."""

    id: WebhookId
    given: str
    """What a client called it that chose its id itself; empty where that is its own id."""
    settings: WebhookSettings
    request: WebhookRequest
    team: TeamId | None
    left: TeamId | None = None
    """The team whose deletion made it a webhook of no team, until somebody who may manage all of these saves it."""
    creator: PrincipalId | None
    created_at: datetime
    updated_at: datetime

    @property
    def shown_id(self) -> str:
        """What clients call it."""
        return self.given or self.id


def fold(webhook: Webhook | None, event: events.OneWebhookEvent, recorded: Foldable) -> Webhook | None:
    """The webhook after the event, or None once it is deleted."""
    at = recorded.recorded_at
    match event:
        case events.WebhookCreated():
            return Webhook(
                id=interned(event.webhook),
                given=event.given,
                settings=event.settings,
                request=event.request,
                team=event.team and interned(event.team),
                creator=recorded.actor.principal and interned(recorded.actor.principal),
                created_at=at,
                updated_at=at,
            )
        case events.WebhookEdited():
            return webhook and msgspec.structs.replace(webhook, settings=event.after, updated_at=at)
        case events.WebhookRequestChanged():
            return webhook and msgspec.structs.replace(webhook, request=event.after, updated_at=at)
        case events.WebhookMoved():
            return webhook and msgspec.structs.replace(
                webhook,
                team=event.team and interned(event.team),
                left=interned(event.team_before) if event.team_deleted and event.team_before else None,
                updated_at=at,
            )
        case events.WebhookTrusted():
            return webhook and msgspec.structs.replace(webhook, left=None, updated_at=at)
        case events.WebhookDeleted():
            return None
        case _:
            assert_never(event)


def may_use(webhook_team: TeamId | None, left: TeamId | None, secret: Secret) -> bool:
    """Whether a webhook of the team (or of none), that lost the team `left` by its deletion, may draw on the secret.

    A team's secrets serve that team's webhooks, and secrets of no team webhooks of none (seed 003). What became a
    webhook of no team only because its team was deleted draws on nothing but what came along from that team: else a
    deletion would open every secret of no team to whoever wrote it.
    """
    if secret.conflicting or secret.team != webhook_team:
        return False
    return left is None or secret.left == left


def given_by(webhook: Webhook | None) -> str | None:
    """What it is found under beside its id, if a client chose that."""
    return (webhook.given or None) if webhook is not None else None


def named_applications(webhook: Webhook | None) -> tuple[ApplicationId, ...]:
    """The applications that it fires for by name, consumer first."""
    if webhook is None:
        return ()
    settings = webhook.settings
    return tuple(one for one in (settings.consumer, settings.provider) if one is not None)
