"""What may be asked of contracts. The consumer decides: it is the consumer's contract."""

import re
from typing import ClassVar

import msgspec

from projections import things
from projections.applications import Application
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

    `digest` is hex SHA-256 of the body's bytes. The same body for the same version changes nothing.
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

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        consumer = view.application_named(name(self.consumer, "/consumer/name"))
        provider = view.application_named(name(self.provider, "/provider/name"))
        needed = [_managing(consumer, self.consumer, caller)]
        if provider is None:  # a provider nobody knows yet is made, which takes the right to make one
            needed.append(_managing(None, self.provider, caller))
        return tuple(needed)

    def arguments(self) -> dict[str, str]:
        return {"digest": self.digest}


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
    """Decide a publication. Raises Invalid for a bad name, version or digest."""
    if not _DIGEST.fullmatch(command.digest):
        raise errors.Invalid("The digest must be 64 hexadecimal digits.", "/digest")
    version = name(command.version, "/version", "version")
    branch = name(command.branch, "/branch", "branch") if command.branch else None
    decided: list[Event] = []
    consumer, made = _found_or_made(view, command.consumer, command.consumer_id, caller)
    decided += made
    if name(command.provider) == name(command.consumer):
        provider = consumer
    else:
        provider, made = _found_or_made(view, command.provider, command.provider_id, caller)
        decided += made
    held = view.contract_of(consumer, provider, version)
    if held is not None and held.digest == command.digest and branch in (None, held.branch):
        return []
    decided.append(
        events.ContractPublished(
            contract=held.id if held else command.contract,
            consumer=consumer,
            provider=provider,
            version=version,
            branch=branch or (held.branch if held else None),
            digest=command.digest,
            body=view.body_ref(command.digest) or command.body_ref,
            bytes=len(command.body.octets()),
            replaces=held.digest if held else None,
        )
    )
    return decided


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
