"""What may be asked of contracts. The consumer decides: it is the consumer's contract."""

import re
from typing import ClassVar, Literal

import msgspec

from projections import things
from projections.applications import Application
from projections.contracts import Contract
from projections.view import View
from service import errors
from service.commands.applications import created
from service.commands.order import Caller, Need
from service.events import Event
from service.events import contracts as events
from service.events.applications import ApplicationCreated
from service.vocabulary import ApplicationId, ContractId, Secret, VaultRef, name

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


class PublishContract(msgspec.Struct, frozen=True, kw_only=True):
    """Publish what a consumer's version expects of a provider; either application is made if it is not here yet.

    `digest` is hex SHA-256 of the body's bytes. What the version has already is not changed: the same body changes
    nothing, and another one is a conflict unless it `overwrites`, or was compared with `basis`, the digest of what the
    version has, by somebody who read both, and found to say the same or to contain it. Where the version has another
    content than the basis by now, the order is refused as `contract_moved`, and whoever compared compares anew.
    """

    word: ClassVar[str] = "publish_contract"
    contract: ContractId
    consumer: str
    provider: str
    consumer_id: ApplicationId
    provider_id: ApplicationId
    version: str
    branch: str | None = None
    digest: str
    body_ref: VaultRef
    body: Secret
    overwrites: bool = False
    basis: str | None = None
    compared: Literal["other", "same", "merged"] = "other"

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return _publishing((self,), view, caller)

    def arguments(self) -> dict[str, str]:
        return {"digest": self.digest}


class PublishContracts(msgspec.Struct, frozen=True, kw_only=True):
    """Publish contracts of one consumer's version with several providers: all of them, or none.

    Every one of `contracts` names the same consumer, new id for it, version and branch.
    """

    word: ClassVar[str] = "publish_contracts"
    contracts: tuple[PublishContract, ...]

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return _publishing(self.contracts, view, caller)

    def arguments(self) -> dict[str, str]:
        return {"contracts": str(len(self.contracts)), "digest": self.contracts[0].digest}


class DeleteContract(msgspec.Struct, frozen=True, kw_only=True):
    """Delete the contract of one consumer version. No bulk permission is needed (section 3.6)."""

    word: ClassVar[str] = "delete_contract"
    contract: ContractId

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        consumer = view.application(view.contract(self.contract).consumer)
        return (Need("contract_data:manage", things.of_application(consumer)),)

    def arguments(self) -> dict[str, str]:
        return {"contract": self.contract}


def publish_contract(command: PublishContract, view: View, caller: Caller) -> list[Event]:
    """Decide a publication. Raises Invalid for a bad name, version or digest, Refused for another content."""
    return _published((command,), view, caller)


def publish_contracts(command: PublishContracts, view: View, caller: Caller) -> list[Event]:
    """Decide a publication of several: whatever refuses one of them refuses all. Raises as `publish_contract`."""
    providers = [name(one.provider) for one in command.contracts]
    if len(set(providers)) < len(providers):
        raise errors.Invalid("There are two contracts with the same provider.", "/contracts")
    return _published(command.contracts, view, caller)


def conflict(contract: PublishContract) -> str:
    """Why the version does not get another content, in the words that a Pact Broker has for it."""
    return (
        f"Cannot change the content of the pact for {contract.consumer} version {contract.version} and provider"
        f" {contract.provider}, as race conditions will cause unreliable results for can-i-deploy. Each pact must be"
        " published with a unique consumer version number. Some Pact libraries generate random data when a concrete"
        " value for a type matcher is not specified, and this can cause the contract to mutate - ensure you have given"
        " example values for all type matchers. For more information see https://docs.pact.io/go/versioning"
    )


def delete_contract(command: DeleteContract, view: View, caller: Caller) -> list[Event]:
    """Decide the deletion of one contract. Raises NotFound."""
    contract = view.contract(command.contract)
    return [
        events.ContractDeleted(
            contract=contract.id,
            consumer=contract.consumer,
            provider=contract.provider,
            version=contract.version,
            digest=contract.digest,
        )
    ]


def _publishing(contracts: tuple[PublishContract, ...], view: View, caller: Caller) -> tuple[Need, ...]:
    """The consumer's teams decide, whatever the providers' are; making one takes the right to (section 3.4)."""
    consumer = view.application_named(name(contracts[0].consumer, "/consumer/name"))
    made = (one for one in contracts if view.application_named(name(one.provider, "/provider/name")) is None)
    return (
        _managing(consumer, contracts[0].consumer, caller),
        *(_managing(None, one.provider, caller) for one in made),
    )


def _published(contracts: tuple[PublishContract, ...], view: View, caller: Caller) -> list[Event]:
    """Applications that are made, then the contracts in their order."""
    first = contracts[0]
    consumer, decided = _found_or_made(view, first.consumer, first.consumer_id, caller)
    bodies: dict[str, VaultRef] = {}
    published: list[Event] = []
    for contract in contracts:
        if not _DIGEST.fullmatch(contract.digest):
            raise errors.Invalid("The digest must be 64 hexadecimal digits.", "/digest")
        provider = consumer
        if name(contract.provider) != name(first.consumer):
            provider, made = _found_or_made(view, contract.provider, contract.provider_id, caller)
            decided += made
        body = bodies.setdefault(contract.digest, view.body_ref(contract.digest) or contract.body_ref)
        event = _publication(contract, (consumer, provider), body, view)
        if event is not None:
            published.append(event)
    return decided + published


def _publication(
    contract: PublishContract, pair: tuple[ApplicationId, ApplicationId], body: VaultRef, view: View
) -> events.ContractPublished | None:
    """The fact, or None where the version has that content and is on that branch already. Raises Invalid, Refused."""
    version = name(contract.version, "/version", "version")
    branch = name(contract.branch, "/branch", "branch") if contract.branch else None
    held = view.contract_of(*pair, version)
    digest, size = contract.digest, len(contract.body.octets())
    if held is not None and held.digest != digest and _keeps(contract, held):
        digest, body, size = held.digest, held.body, held.bytes
    if held is not None and held.digest == digest and branch in (None, held.branch):
        return None
    return events.ContractPublished(
        contract=held.id if held else contract.contract,
        consumer=pair[0],
        provider=pair[1],
        version=version,
        branch=branch or (held.branch if held else None),
        digest=digest,
        body=body,
        bytes=size,
        replaces=held.digest if held else None,
    )


def _keeps(contract: PublishContract, held: Contract) -> bool:
    """Whether the version keeps what it has, since the other content says the same. Raises Refused for a conflict."""
    if contract.basis != held.digest and not (contract.overwrites and contract.basis is None):
        raise errors.Refused("contract_moved", "Somebody else published this contract meanwhile. Try again.")
    if contract.compared == "other" and not contract.overwrites:
        raise errors.Refused("contract_conflict", conflict(contract))
    return contract.compared == "same"


def _managing(application: Application | None, named: str, caller: Caller) -> Need:
    if application is None:
        return Need("contract_data:manage", things.about_to_exist("application", named, caller.principal))
    return Need("contract_data:manage", things.of_application(application))


def _found_or_made(
    view: View, wanted: str, new: ApplicationId, caller: Caller
) -> tuple[ApplicationId, list[Event]]:
    cleaned = name(wanted)
    found = view.application_named(cleaned)
    if found is not None:
        return found.id, []
    return new, created(view, ApplicationCreated(application=new, name=cleaned, creator=caller.principal))
