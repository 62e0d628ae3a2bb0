"""What may be asked of integrations: bulk deletions, each a parent record and children that name all that vanishes.

Whose consumer it is decides (section 3.6 of the vendor's rules).
"""

from typing import ClassVar

import msgspec

from projections import spans, things
from projections.branches import BranchVersion
from projections.contracts import Contract
from projections.versions import Tag
from projections.view import View
from service.commands import vanishing
from service.commands.order import Caller, Need
from service.commands.vanishing import Pair
from service.events import Event
from service.events import contracts as events
from service.vocabulary import ApplicationId, name


class _OfIntegration(msgspec.Struct, frozen=True, kw_only=True):
    """What the bulk deletions of one integration share: which one, and whose consumer must be within reach."""

    consumer: ApplicationId
    provider: ApplicationId

    @property
    def pair(self) -> Pair:
        """Consumer and provider."""
        return self.consumer, self.provider

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        consumer, provider = view.application(self.consumer), view.application(self.provider)
        return (Need("contract_data:bulk_delete", things.of_pair(consumer, provider)),)

    def arguments(self) -> dict[str, str]:
        return {"consumer": self.consumer, "provider": self.provider}

    def reads(self, view: View) -> tuple[spans.Want, ...]:
        return vanishing.reads_contracts(self.pair)


class DeleteIntegrationContracts(_OfIntegration, frozen=True, kw_only=True):
    """Delete every contract of an integration with its results; applications, versions, branches and tags stay."""

    word: ClassVar[str] = "delete_integration_contracts"


class DeleteTaggedContracts(_OfIntegration, frozen=True, kw_only=True):
    """Delete those contracts of an integration whose consumer's version carries a tag."""

    word: ClassVar[str] = "delete_tagged_contracts"
    tag: str

    def reads(self, view: View) -> tuple[spans.Want, ...]:
        tagged = spans.at_place(Tag, name(self.tag, "tag", "tag"), self.consumer)
        return (tagged, *vanishing.reads_contracts(self.pair))


class DeleteBranchContracts(_OfIntegration, frozen=True, kw_only=True):
    """Delete those contracts of an integration whose consumer's version is on a branch."""

    word: ClassVar[str] = "delete_branch_contracts"
    branch: str

    def reads(self, view: View) -> tuple[spans.Want, ...]:
        on_branch = spans.at_place(BranchVersion, name(self.branch, "branch", "branch"), self.consumer)
        return (on_branch, *vanishing.reads_contracts(self.pair))


class DeleteIntegration(_OfIntegration, frozen=True, kw_only=True):
    """Delete an integration: contracts, results, versions left without either, and an application left alone."""

    word: ClassVar[str] = "delete_integration"

    def reads(self, view: View) -> tuple[spans.Want, ...]:
        view.integration(*self.pair)
        sides = [want for side in dict.fromkeys(self.pair) for want in vanishing.reads_application(side)]
        return (*vanishing.reads_contracts(self.pair), *sides)


class DeleteIntegrations(msgspec.Struct, frozen=True, kw_only=True):
    """Delete all contract data there is: every integration, and every application with it."""

    word: ClassVar[str] = "delete_integrations"

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (Need("contract_data:bulk_delete", things.anything("integration")),)

    def arguments(self) -> dict[str, str]:
        return {}

    def reads(self, view: View) -> tuple[spans.Want, ...]:
        return vanishing.reads_everything()


def delete_integration_contracts(
    command: DeleteIntegrationContracts, view: View, caller: Caller
) -> list[Event]:
    """Decide a bulk deletion of contracts: a parent and its children. Raises NotFound."""
    view.integration(*command.pair)
    gone = vanishing.of_all_contracts(view, command.pair)
    parent = events.IntegrationContractsDeleted(
        consumer=command.consumer, provider=command.provider, contracts=len(gone.contracts)
    )
    return [parent, *gone.children()]


def delete_tagged_contracts(command: DeleteTaggedContracts, view: View, caller: Caller) -> list[Event]:
    """Decide a bulk deletion by tag. Where no contract has it, nothing happens."""
    tag = name(command.tag, "tag", "tag")
    tagged = {one.version for one in view.shelf.at_place(Tag, tag, command.consumer)}
    going = _of_versions(view, command.pair, tagged)
    if not going:
        return []
    parent = events.IntegrationTaggedContractsDeleted(
        consumer=command.consumer, provider=command.provider, tag=tag, contracts=len(going)
    )
    return [parent, *vanishing.of_contracts(view, command.pair, going).children()]


def delete_branch_contracts(command: DeleteBranchContracts, view: View, caller: Caller) -> list[Event]:
    """Decide a bulk deletion by branch. Where no contract is of it, nothing happens."""
    branch = name(command.branch, "branch", "branch")
    on_branch = {one.version for one in view.shelf.at_place(BranchVersion, branch, command.consumer)}
    going = _of_versions(view, command.pair, on_branch)
    if not going:
        return []
    parent = events.IntegrationBranchContractsDeleted(
        consumer=command.consumer, provider=command.provider, branch=branch, contracts=len(going)
    )
    return [parent, *vanishing.of_contracts(view, command.pair, going).children()]


def delete_integration(command: DeleteIntegration, view: View, caller: Caller) -> list[Event]:
    """Decide the deletion of an integration: a parent, and children for all that goes with it. Raises NotFound."""
    view.integration(*command.pair)
    gone = vanishing.of_integration(view, command.pair)
    parent = events.IntegrationDeleted(
        consumer=command.consumer, provider=command.provider, contracts=len(gone.contracts)
    )
    return [parent, *gone.children()]


def delete_integrations(command: DeleteIntegrations, view: View, caller: Caller) -> list[Event]:
    """Decide the widest deletion of all. Where there is nothing, nothing happens."""
    gone = vanishing.of_everything(view)
    if not len(gone):
        return []
    integrations = len(list(view.integrations()))
    return [
        events.IntegrationsDeleted(integrations=integrations, contracts=len(gone.contracts)),
        *gone.children(),
    ]


def _of_versions(view: View, pair: Pair, versions: set[str]) -> list[Contract]:
    return [one for one in view.contracts_of(*pair) if one.version in versions]
