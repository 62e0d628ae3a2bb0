"""What may be asked of contracts. The consumer decides: it is the consumer's contract."""

import re
from typing import ClassVar, Literal, NamedTuple

import msgspec

from projections import spans, things
from projections.branches import BranchVersion
from projections.contracts import Contract
from projections.spans import keyed
from projections.versions import Tag, Version
from projections.view import View
from service import errors
from service.commands import applications, branches, occurring, orphans, triggers, versions
from service.commands.order import Caller, Need
from service.events import Event
from service.events import contracts as events
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

    def reads(self, view: View) -> tuple[spans.Want, ...]:
        """The results of the content that is replaced, and what tells which webhooks fire; mostly nothing."""
        return (*self.replacing(view), *triggers.reads(view, (occurring.publication(self, view),)))

    def reads_then(self, view: View) -> tuple[spans.Want, ...]:
        return tuple(triggers.reads_then(view, (occurring.publication(self, view),)))

    def replacing(self, view: View) -> tuple[spans.Want, ...]:
        """The results of the content that is replaced; of most publications, which replace none, nothing."""
        held = self.held(view)
        if held is None or held.digest == self.digest or self.compared == "same":
            return ()
        return orphans.wanted(held)

    def held(self, view: View) -> Contract | None:
        """What the version has with the provider so far."""
        consumer = view.application_named(name(self.consumer))
        provider = view.application_named(name(self.provider))
        if consumer is None or provider is None:
            return None
        return view.contract_of(consumer.id, provider.id, versions.number(self.version))


class PublishContracts(msgspec.Struct, frozen=True, kw_only=True):
    """Publish contracts of one consumer's version with several providers, and what is known of it: all, or nothing.

    Every one of `contracts` names the same consumer, new id for it, version and branch. The tags are added to those
    that the version has; a build URL of None leaves what it has.
    """

    word: ClassVar[str] = "publish_contracts"
    contracts: tuple[PublishContract, ...]
    tags: tuple[str, ...] = ()
    build_url: str | None = None

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return _publishing(self.contracts, view, caller)

    def arguments(self) -> dict[str, str]:
        return {"contracts": str(len(self.contracts)), "digest": self.contracts[0].digest}

    def reads(self, view: View) -> tuple[spans.Want, ...]:
        """What each contract reads; version and tags, where any are given; its branch, where no contract says it."""
        first = self.contracts[0]
        consumer = view.application_named(name(first.consumer))
        wanted = triggers.reads(view, self._publications(view))
        if consumer is None:
            return tuple(wanted)
        wanted += [want for one in self.contracts for want in one.replacing(view)]
        version = versions.number(first.version)
        if self.tags or self.build_url:
            tags = (keyed(consumer.id, version, tag) for tag in versions.tag_names(self.tags))
            wanted += (spans.by_key(Version, keyed(consumer.id, version)), spans.by_key(Tag, *tags))
        if first.branch and first.held(view) is not None:
            branch = branches.branch_name(first.branch)
            wanted.append(spans.by_key(BranchVersion, keyed(consumer.id, branch, version)))
        return tuple(wanted)

    def reads_then(self, view: View) -> tuple[spans.Want, ...]:
        return tuple(triggers.reads_then(view, self._publications(view)))

    def _publications(self, view: View) -> list[occurring.Publication]:
        return [occurring.publication(one, view, self.tags) for one in self.contracts]


class DeleteContract(msgspec.Struct, frozen=True, kw_only=True):
    """Delete the contract of one consumer version. No bulk permission is needed (section 3.6)."""

    word: ClassVar[str] = "delete_contract"
    contract: ContractId

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        consumer = view.application(view.contract(self.contract).consumer)
        return (Need("contract_data:manage", things.of_application(consumer)),)

    def arguments(self) -> dict[str, str]:
        return {"contract": self.contract}

    def reads(self, view: View) -> tuple[spans.Want, ...]:
        """The results of its content, which go with the last contract that holds it."""
        return orphans.wanted(view.contract(self.contract))


def publish_contract(command: PublishContract, view: View, caller: Caller) -> list[Event]:
    """Decide a publication. Raises Invalid for a bad name, version or digest, Refused for another content."""
    published = _published((command,), view, caller)
    return [*published.made, *published.contracts, *orphans.of_replaced(published.contracts, view)]


def publish_contracts(command: PublishContracts, view: View, caller: Caller) -> list[Event]:
    """Decide a publication of several: whatever refuses one of them refuses all. Raises as `publish_contract`."""
    if len({name(one.provider) for one in command.contracts}) < len(command.contracts):
        raise errors.Invalid("There are two contracts with the same provider.", "/contracts")
    published = _published(command.contracts, view, caller)
    return [
        *published.made,
        *_described(command, view),
        *published.contracts,
        *_on_branch(command, view, published.contracts),
        *_tagged(command, view),
        *orphans.of_replaced(published.contracts, view),
    ]


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
    """Decide the deletion of one contract, and of the results of a content that nobody holds then. Raises NotFound."""
    contract = view.contract(command.contract)
    return [
        events.ContractDeleted(
            contract=contract.id,
            consumer=contract.consumer,
            provider=contract.provider,
            version=contract.version,
            digest=contract.digest,
        ),
        *orphans.results_removed((contract.consumer, contract.provider), contract.digest, view),
    ]


class _Published(NamedTuple):
    """Applications that are made, with the teams that they join, and the contracts in their order."""

    made: list[Event]
    contracts: list[events.ContractPublished]


def _publishing(contracts: tuple[PublishContract, ...], view: View, caller: Caller) -> tuple[Need, ...]:
    """The consumer's teams decide, whatever the providers' are; making one takes the right to (section 3.4)."""
    unknown = (one.provider for one in contracts if view.application_named(name(one.provider)) is None)
    return (
        applications.managing(view, contracts[0].consumer, caller),
        *(applications.managing(view, provider, caller) for provider in unknown),
    )


def _published(contracts: tuple[PublishContract, ...], view: View, caller: Caller) -> _Published:
    first = contracts[0]
    itself = name(first.consumer)
    consumer, made = applications.found_or_made(view, first.consumer, first.consumer_id, caller)
    found = _Published(made, [])
    bodies: dict[str, VaultRef] = {}
    for contract in contracts:
        if not _DIGEST.fullmatch(contract.digest):
            raise errors.Invalid("The digest must be 64 hexadecimal digits.", "/digest")
        provider = consumer
        if name(contract.provider) != itself:
            provider, made = applications.found_or_made(view, contract.provider, contract.provider_id, caller)
            found.made.extend(made)
        body = bodies.setdefault(contract.digest, view.body_ref(contract.digest) or contract.body_ref)
        event = _publication(contract, (consumer, provider), body, view)
        if event is not None:
            found.contracts.append(event)
    return found


def _described(command: PublishContracts, view: View) -> list[Event]:
    """Where the version was built, if that is said."""
    build_url = versions.build_address(command.build_url)
    if build_url is None:
        return []
    consumer, version, known = _version(command, view)
    held = view.shelf.get(Version, keyed(consumer, version)) if known else None
    before = held.build_url if held else None
    return versions.described(consumer, version, known=held is not None, before=before, build_url=build_url)


def _on_branch(
    command: PublishContracts, view: View, published: list[events.ContractPublished]
) -> list[Event]:
    """The version on its branch, where every contract was there already: the branch may have been deleted since."""
    branch = command.contracts[0].branch
    if not branch or published:
        return []
    consumer, version, known = _version(command, view)
    branch = branches.branch_name(branch, "/branch")
    already = known and view.shelf.get(BranchVersion, keyed(consumer, branch, version)) is not None
    return branches.put(consumer, branch, version, already=already)


def _tagged(command: PublishContracts, view: View) -> list[Event]:
    """The tags that the version does not have yet."""
    if not command.tags:
        return []
    consumer, version, known = _version(command, view)
    found: list[Event] = []
    for tag in versions.tag_names(command.tags):
        already = known and view.shelf.get(Tag, keyed(consumer, version, tag)) is not None
        found += versions.tagged(consumer, version, tag, already=already)
    return found


def _version(command: PublishContracts, view: View) -> tuple[ApplicationId, str, bool]:
    """The consumer, the number, and whether the consumer is here yet: of one that is made there are no facts."""
    first = command.contracts[0]
    known = view.application_named(name(first.consumer))
    consumer = known.id if known else first.consumer_id
    return consumer, versions.number(first.version, "/version"), known is not None


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
