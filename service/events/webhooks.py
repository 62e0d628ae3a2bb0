"""What can happen to a webhook: its life, what triggers it, and every request that it sends, with the outcome.

Of the request an event holds what must be known for good: where it goes, and which secrets it names. Everything else of
it stands sealed in the vault, since people write keys into paths, bodies and headers: `content` is the request as it is
shown to whoever may manage it, and each value that is never shown again has a ref of its own.
"""

from datetime import datetime
from typing import Literal

import msgspec

from service.vocabulary import (
    ApplicationId,
    ContractId,
    DeliveryId,
    ResultId,
    TeamId,
    VaultRef,
    WebhookId,
)

Trigger = Literal[
    "contract_content_changed",
    "contract_published",
    "contract_requiring_verification_published",
    "provider_verification_published",
    "provider_verification_succeeded",
    "provider_verification_failed",
]
"""What a webhook can wait for (section 3.7 of the vendor's rules)."""


class WebhookSettings(msgspec.Struct, frozen=True, kw_only=True):
    """When a webhook fires: for an application, for all with a label, or for any (None); and on what."""

    description: str
    enabled: bool
    events: tuple[Trigger, ...]
    consumer: ApplicationId | None = None
    consumer_label: str | None = None
    provider: ApplicationId | None = None
    provider_label: str | None = None


class SealedValue(msgspec.Struct, frozen=True, array_like=True):
    """A value of the request that is shown as asterisks: `password`, or `header:` and the header's name."""

    name: str
    value: VaultRef


class WebhookRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent, as far as the record may know it."""

    method: str
    destination: str
    """Scheme, host and port: `https://ci.example.org`. A path may hold a key."""
    references: tuple[str, ...]
    """The names of the secrets that the request draws on by `${user.<name>}`, sorted."""
    content: VaultRef
    """The vault row of the request as it may be shown."""
    mark: str
    """A keyed digest of the content, by which two contents can be told apart and nothing else."""
    sealed: tuple[SealedValue, ...] = ()

    @property
    def refs(self) -> tuple[VaultRef, ...]:
        """Every vault row of it."""
        return (self.content, *(one.value for one in self.sealed))


class WebhookCreated(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="webhook.created"):
    """A webhook exists, of a team or of none. `given` is what its client calls it where that is not its own id."""

    webhook: WebhookId
    given: str
    settings: WebhookSettings
    request: WebhookRequest
    team: TeamId | None


class WebhookEdited(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="webhook.edited"):
    """When it fires, what it is called, or whether it is enabled is other than before."""

    webhook: WebhookId
    before: WebhookSettings
    after: WebhookSettings


class WebhookRequestChanged(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="webhook.request_changed"
):
    """It sends another request. What only the one before named left the vault in the same transaction."""

    webhook: WebhookId
    before: WebhookRequest
    after: WebhookRequest


class WebhookMoved(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="webhook.moved"):
    """It belongs to another team, or to none. `team_deleted`: nobody moved it, its team was deleted."""

    webhook: WebhookId
    team_before: TeamId | None
    team: TeamId | None
    team_deleted: bool = False


class WebhookTrusted(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="webhook.trusted"):
    """Somebody who may manage every webhook saved it: it may draw on all secrets without a team from here on."""

    webhook: WebhookId
    left: TeamId


class WebhookDeleted(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="webhook.deleted"):
    """The webhook is gone, and its request left the vault.

    `because` names what it vanished with: an application that it named, or the integration of both that it named.
    """

    webhook: WebhookId
    settings: WebhookSettings
    request: WebhookRequest
    team: TeamId | None
    because: Literal["", "application", "integration"] = ""


class Delivery(msgspec.Struct, frozen=True, array_like=True):
    """One request that is owed: its id stays the same through all attempts, and the receiver is told it."""

    delivery: DeliveryId
    webhook: WebhookId


class WebhooksTriggered(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="kind", tag="webhooks.triggered"
):
    """What a record of the same order brought about: requests that must be sent. This record is the outbox.

    `contract` or `result` is what it is about. `provider_version` is the version of the provider that verified, or that
    has yet to verify; `descriptions` say of the latter why (`latest from main branch`).
    """

    event: Trigger
    consumer: ApplicationId
    provider: ApplicationId
    consumer_version: str
    contract: ContractId | None = None
    result: ResultId | None = None
    provider_version: str | None = None
    descriptions: tuple[str, ...] = ()
    deliveries: tuple[Delivery, ...]


class WebhookTestOrdered(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="webhook.test_ordered"
):
    """Somebody had a webhook execute once, to try it. `webhook` is None for one that is not saved."""

    delivery: DeliveryId
    webhook: WebhookId | None
    method: str
    destination: str
    references: tuple[str, ...]
    team: TeamId | None
    consumer: ApplicationId | None = None
    provider: ApplicationId | None = None


class WebhookExecuted(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="webhook.executed"):
    """One attempt was made, and this came of it. Nothing that the receiver said is kept but its status.

    `problem` is a code of the service's own for why there is no status, or why a status is no success;
    `unresolved` the names of secrets and variables that the request still holds, since there are none.
    """

    delivery: DeliveryId
    webhook: WebhookId | None
    event: Trigger | Literal["test"]
    attempt: int
    success: bool
    status: int | None
    problem: str
    sent_at: datetime
    milliseconds: int
    response_bytes: int | None
    unresolved: tuple[str, ...] = ()
    next_at: datetime | None = None
    """When it is tried again; None where this was the last attempt."""


class WebhookDeliveryAbandoned(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="webhook.delivery_abandoned"
):
    """A request that was owed is not sent any more, for its webhook is deleted or disabled."""

    delivery: DeliveryId
    webhook: WebhookId
    attempts: int
    because: Literal["deleted", "disabled"]


DeliveryEvent = WebhooksTriggered | WebhookTestOrdered | WebhookExecuted | WebhookDeliveryAbandoned
OneWebhookEvent = (
    WebhookCreated | WebhookEdited | WebhookRequestChanged | WebhookMoved | WebhookTrusted | WebhookDeleted
)
WebhookEvent = OneWebhookEvent | DeliveryEvent
