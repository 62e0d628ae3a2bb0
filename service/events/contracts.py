"""What can happen to contracts (pacts) and to integrations, which are pairs of a consumer and a provider."""

import msgspec

from service.vocabulary import ApplicationId, ContractId, VaultRef


class ContractPublished(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="kind", tag="contract.published"
):
    """A consumer's version has this contract with the provider.

    `digest` is hex SHA-256 of the body's exact bytes, which stand in the vault under `body`.
    `replaces` is the digest that the same consumer version had before, if any.
    """

    contract: ContractId
    consumer: ApplicationId
    provider: ApplicationId
    version: str
    branch: str | None
    digest: str
    body: VaultRef
    bytes: int
    replaces: str | None = None


class ContractDeleted(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="contract.deleted"):
    """One contract of one consumer version is gone."""

    contract: ContractId
    consumer: ApplicationId
    provider: ApplicationId
    version: str
    digest: str


class IntegrationContractsDeleted(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="integration.contracts_deleted"
):
    """Parent of a bulk deletion: all contracts of one integration; both applications stay."""

    consumer: ApplicationId
    provider: ApplicationId
    contracts: int


class IntegrationTaggedContractsDeleted(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="integration.tagged_contracts_deleted"
):
    """Parent of a bulk deletion: the contracts of one integration whose consumer's version carried the tag."""

    consumer: ApplicationId
    provider: ApplicationId
    tag: str
    contracts: int


class IntegrationBranchContractsDeleted(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="integration.branch_contracts_deleted"
):
    """Parent of a bulk deletion: the contracts of one integration whose consumer's version was on the branch."""

    consumer: ApplicationId
    provider: ApplicationId
    branch: str
    contracts: int


class IntegrationDeleted(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="integration.deleted"
):
    """Parent of a bulk deletion: an integration with all its contracts, and what then stood alone."""

    consumer: ApplicationId
    provider: ApplicationId
    contracts: int


class IntegrationsDeleted(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="integrations.deleted"
):
    """Parent of the widest bulk deletion: every integration there was."""

    integrations: int
    contracts: int


class RemovedContract(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One contract that a bulk deletion took: [id, consumer, provider, version, digest]."""

    contract: ContractId
    consumer: ApplicationId
    provider: ApplicationId
    version: str
    digest: str


class ContractsRemoved(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="contracts.removed"):
    """Child of a bulk deletion: exactly which contracts vanished, as many as fit one record."""

    contracts: tuple[RemovedContract, ...]


ContractEvent = (
    ContractPublished
    | ContractDeleted
    | IntegrationContractsDeleted
    | IntegrationTaggedContractsDeleted
    | IntegrationBranchContractsDeleted
    | IntegrationDeleted
    | IntegrationsDeleted
    | ContractsRemoved
)
