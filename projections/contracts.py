"""A contract of one consumer version as it is true at some moment, and integrations, which contracts make."""

from datetime import datetime
from typing import assert_never

import msgspec

from service.events import contracts as events
from service.events.deletions import RestoredContract
from service.log.recorded import Foldable
from service.vocabulary import ApplicationId, ContractId, PrincipalId, VaultRef, interned

OneContractEvent = events.ContractPublished | events.ContractDeleted | events.ContractsRemoved


class Contract(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a consumer's version expects of a provider. The body stands in the vault under `body`."""

    id: ContractId
    consumer: ApplicationId
    provider: ApplicationId
    version: str
    branch: str | None
    digest: str
    body: VaultRef
    bytes: int
    publisher: PrincipalId | None
    created_at: datetime
    updated_at: datetime


class Integration(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A consumer and a provider with at least one contract between them."""

    consumer: ApplicationId
    provider: ApplicationId
    contracts: int
    created_at: datetime


def integration_id(consumer: str, provider: str) -> str:
    """An integration is a pair of ids, written with a slash."""
    return f"{consumer}/{provider}"


def fold(contract: Contract | None, event: OneContractEvent, recorded: Foldable) -> Contract | None:
    """The contract after the event, or None once it is deleted."""
    match event:
        case events.ContractPublished():
            return Contract(
                id=interned(event.contract),
                consumer=interned(event.consumer),
                provider=interned(event.provider),
                version=event.version,
                branch=event.branch,
                digest=event.digest,
                body=event.body,
                bytes=event.bytes,
                publisher=recorded.actor.principal and interned(recorded.actor.principal),
                created_at=contract.created_at if contract else recorded.recorded_at,
                updated_at=recorded.recorded_at,
            )
        case events.ContractDeleted() | events.ContractsRemoved():
            return None
        case _:
            assert_never(event)


def restored(row: RestoredContract, recorded: Foldable) -> Contract:
    """The contract that a restoration published again. It keeps its place among the others: when it first came."""
    return Contract(
        id=interned(row.contract),
        consumer=interned(row.consumer),
        provider=interned(row.provider),
        version=row.version,
        branch=row.branch,
        digest=row.digest,
        body=row.body,
        bytes=row.bytes,
        publisher=recorded.actor.principal and interned(recorded.actor.principal),
        created_at=row.created_at,
        updated_at=recorded.recorded_at,
    )


def fold_integration(
    integration: Integration | None,
    consumer: ApplicationId,
    provider: ApplicationId,
    change: int,
    at: datetime,
) -> Integration | None:
    """The integration after `change` more (or fewer) contracts; it ends with its last one."""
    count = (integration.contracts if integration else 0) + change
    if count <= 0:
        return None
    created = integration.created_at if integration else at
    return Integration(
        consumer=interned(consumer), provider=interned(provider), contracts=count, created_at=created
    )
