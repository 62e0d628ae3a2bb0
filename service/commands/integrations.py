"""What may be asked of integrations: bulk deletions, each a parent record and children that name all that vanishes.

Whose consumer it is decides (section 3.6 of the vendor's rules).
"""

from typing import ClassVar

import msgspec

from projections import things
from projections.view import View
from service.commands import removals
from service.commands.order import Caller, Need
from service.events import Event
from service.events import contracts as events
from service.vocabulary import ApplicationId


class _OfIntegration(msgspec.Struct, frozen=True, kw_only=True):
    """What the bulk deletions of one integration share: which one, and whose consumer must be within reach."""

    consumer: ApplicationId
    provider: ApplicationId

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (_bulk(view, self.consumer, self.provider),)

    def arguments(self) -> dict[str, str]:
        return {"consumer": self.consumer, "provider": self.provider}

    def removes(self, view: View, enough: int) -> int:
        """How many contracts this is about to remove. Raises NotFound."""
        return removals.contracts_between((view.integration(self.consumer, self.provider),), enough)


class DeleteIntegrationContracts(_OfIntegration, frozen=True, kw_only=True):
    """Delete every contract of an integration; both applications stay."""

    word: ClassVar[str] = "delete_integration_contracts"


class DeleteIntegration(_OfIntegration, frozen=True, kw_only=True):
    """Delete an integration: its contracts, and either application if nothing else refers to it."""

    word: ClassVar[str] = "delete_integration"


class DeleteIntegrations(msgspec.Struct, frozen=True, kw_only=True):
    """Delete every integration there is."""

    word: ClassVar[str] = "delete_integrations"

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (Need("contract_data:bulk_delete", things.anything("integration")),)

    def arguments(self) -> dict[str, str]:
        return {}

    def removes(self, view: View, enough: int) -> int:
        """How many contracts this is about to remove, up to `enough`."""
        return removals.contracts_between(view.integrations(), enough)


def delete_integration_contracts(
    command: DeleteIntegrationContracts, view: View, caller: Caller
) -> list[Event]:
    """Decide a bulk deletion of contracts: a parent and its children. Raises NotFound."""
    integration = view.integration(command.consumer, command.provider)
    removals.require_bearable((integration,))
    contracts = view.contracts_of(integration.consumer, integration.provider)
    parent = events.IntegrationContractsDeleted(
        consumer=integration.consumer, provider=integration.provider, contracts=len(contracts)
    )
    return [parent, *removals.contracts_removed(contracts)]


def delete_integration(command: DeleteIntegration, view: View, caller: Caller) -> list[Event]:
    """Decide the deletion of an integration: parent, contracts, then applications left alone. Raises NotFound."""
    integration = view.integration(command.consumer, command.provider)
    removals.require_bearable((integration,))
    pair = (integration.consumer, integration.provider)
    contracts = view.contracts_of(*pair)
    parent = events.IntegrationDeleted(consumer=pair[0], provider=pair[1], contracts=len(contracts))
    alone = removals.unreferenced(view, pair, {pair})
    return [parent, *removals.contracts_removed(contracts), *removals.applications_removed(alone)]


def delete_integrations(command: DeleteIntegrations, view: View, caller: Caller) -> list[Event]:
    """Decide the widest deletion of all. Where there is nothing, nothing happens."""
    integrations = list(view.integrations())
    if not integrations:
        return []
    removals.require_bearable(integrations)
    contracts = [one for pair in integrations for one in view.contracts_of(pair.consumer, pair.provider)]
    # Nothing is left that could refer to any of them.
    sides = dict.fromkeys(side for pair in integrations for side in (pair.consumer, pair.provider))
    alone = [found for side in sides if (found := view.application_or_none(side)) is not None]
    parent = events.IntegrationsDeleted(integrations=len(integrations), contracts=len(contracts))
    return [parent, *removals.contracts_removed(contracts), *removals.applications_removed(alone)]


def _bulk(view: View, consumer: ApplicationId, provider: ApplicationId) -> Need:
    integration = view.integration(consumer, provider)
    return Need("contract_data:bulk_delete", things.of_integration(view, integration))
