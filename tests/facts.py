"""Secrets and webhooks as facts: for tests of what becomes of them, whoever ordered them and how."""

from datetime import timedelta

import msgspec

from service.events import Event
from service.events.secrets import SecretCreated
from service.events.webhooks import (
    Delivery,
    WebhookCreated,
    WebhookRequest,
    WebhookSettings,
    WebhooksTriggered,
)
from service.log import recorded, seal
from service.log.recorded import Actor, Recorded
from service.vocabulary import ApplicationId, DeliveryId, EventId, SecretId, TeamId, WebhookId
from tests.given import Account


def happened(account: Account, event: Event) -> None:
    """A fact that stands in the log, whoever ordered it."""
    last = account.log[-1]
    at = last.recorded_at + timedelta(microseconds=1)
    number = EventId(account.fresh.event_id(at))
    record = Recorded(
        v=recorded.VERSION,
        position=last.position + 1,
        id=number,
        recorded_at=at,
        rule=1,
        catalogue=1,
        release="0.0.0",
        actor=Actor(principal=account.kevin),
        data=seal.seal_event(event, number, account.replica.person_keys),
    )
    account.go_on([record])
    account.log.append(record)


def secret(account: Account, name: str, team: TeamId | None) -> SecretId:
    """A secret of a team, or of none."""
    found = SecretId(account.fresh.id())
    happened(
        account, SecretCreated(secret=found, name=name, description="", team=team, value=account.fresh.ref())
    )
    return found


def webhook(
    account: Account,
    team: TeamId | None = None,
    consumer: ApplicationId | None = None,
    provider: ApplicationId | None = None,
    references: tuple[str, ...] = (),
    given: str = "",
    **settings: object,
) -> WebhookId:
    """A webhook of a team, or of none, for the applications that it names, or any; with these settings besides."""
    found = WebhookId(account.fresh.id())
    happened(
        account,
        WebhookCreated(
            webhook=found,
            given=given,
            settings=msgspec.structs.replace(
                WebhookSettings(
                    description=f"Build {found[:8]}",
                    enabled=True,
                    events=("contract_published",),
                    consumer=consumer,
                    provider=provider,
                ),
                **settings,
            ),
            request=WebhookRequest(
                method="POST",
                destination="https://ci.example.org",
                references=references,
                content=account.fresh.ref(),
                mark="mark",
            ),
            team=team,
        ),
    )
    return found


def triggered(account: Account, *webhooks: WebhookId) -> list[DeliveryId]:
    """What a publication of Foo's contract with Bar brought about: a delivery for each of the webhooks."""
    found = [DeliveryId(account.fresh.id()) for _ in webhooks]
    happened(
        account,
        WebhooksTriggered(
            event="contract_published",
            consumer=ApplicationId(account.fresh.id()),
            provider=ApplicationId(account.fresh.id()),
            consumer_version="1",
            deliveries=tuple(map(Delivery, found, webhooks)),
        ),
    )
    return found
