"""What a bulk deletion takes and what it leaves, for whoever tries it first or asks about it afterwards. Pure.

What vanishes is read off the records themselves, so a dry run names exactly what the real one removes. What stays is
looked at in the state after them.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec

from projections.contracts import Contract, Integration
from projections.results import VerificationResult
from projections.versions import Version
from projections.view import View
from service.commands import Command
from service.commands.applications import DeleteApplication
from service.commands.integrations import (
    DeleteBranchContracts,
    DeleteIntegration,
    DeleteIntegrationContracts,
    DeleteIntegrations,
    DeleteTaggedContracts,
)
from service.events import Event
from service.events import applications as application_events
from service.events import branches as branch_events
from service.events import contracts as contract_events
from service.events import deployments as deployment_events
from service.events import labels as label_events
from service.events import results as result_events
from service.events import versions as version_events
from service.events import webhooks as webhook_events
from service.vocabulary import ApplicationId, TeamId, WebhookId

SHOWN_MAX: Final = 1_000
"""Of each kind; all are counted."""


class RemovedApplication(msgspec.Struct, frozen=True, kw_only=True):
    """An application that vanishes, with its name, which nothing tells afterwards."""

    application: ApplicationId
    name: str


class RemovedWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook that vanishes with an application or an integration that it names."""

    webhook: WebhookId
    settings: webhook_events.WebhookSettings
    team: TeamId | None


Row = (
    RemovedApplication
    | RemovedWebhook
    | contract_events.RemovedContract
    | result_events.RemovedResult
    | version_events.RemovedVersion
    | version_events.RemovedTag
    | branch_events.RemovedBranch
    | branch_events.RemovedBranchVersion
    | label_events.RemovedLabel
    | deployment_events.RemovedDeployment
    | deployment_events.RemovedRelease
)
_Rows = Callable[[Any], Iterable[Row]]


class Vanished(msgspec.Struct, frozen=True, kw_only=True):
    """Things of one kind: the first of them as they were recorded, and how many there are in all."""

    kind: str
    rows: tuple[Row, ...]
    number: int


class KeptApplication(msgspec.Struct, frozen=True, kw_only=True):
    """An application that stays, and what keeps it: integrations that it still takes part in, versions, webhooks.

    None of them where it stays in any case, since it is not what is deleted.
    """

    application: ApplicationId
    integrations: int = 0
    versions: int = 0
    webhooks: int = 0
    """That name it."""


class KeptVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version that stays, since it has a contract with somebody else, or a result of somebody else's, or both."""

    application: ApplicationId
    version: str
    contract: bool
    result: bool


class Staying(msgspec.Struct, frozen=True, kw_only=True):
    """What stays of all that is near: at most `SHOWN_MAX` of each, and how many there are in all."""

    applications: tuple[KeptApplication, ...] = ()
    number_of_applications: int = 0
    integrations: tuple[Integration, ...] = ()
    number_of_integrations: int = 0
    contracts: tuple[Contract, ...] = ()
    number_of_contracts: int = 0
    versions: tuple[KeptVersion, ...] = ()
    number_of_versions: int = 0


class Foretold(msgspec.Struct, frozen=True, kw_only=True):
    """What vanishes, kind by kind in a fixed order, and what stays. Kinds of which nothing vanishes are left out."""

    vanishes: tuple[Vanished, ...]
    stays: Staying


def foretold(command: Command, before: View, after: View, events: Sequence[Event]) -> Foretold | None:
    """What an order does that would leave these events between the two moments; None for what is no bulk deletion.

    `after` has the shelf that the order was decided on, as the events left it.
    """
    match command:
        case DeleteIntegrationContracts() | DeleteTaggedContracts() | DeleteBranchContracts():
            stays = _beside(after, command.pair, after.contracts_of(*command.pair), with_versions=False)
        case DeleteIntegration():
            stays = _beside(after, command.pair, [], with_versions=True)
        case DeleteApplication():
            stays = _partners(before, after, command.application)
        case DeleteIntegrations():
            stays = Staying()
        case _:
            return None
    return Foretold(vanishes=vanished(events), stays=stays)


def vanished(events: Iterable[Event]) -> tuple[Vanished, ...]:
    """What the records of one deletion name as gone."""
    rows: dict[str, list[Row]] = {}
    numbers: dict[str, int] = {}
    for event in events:
        found = _LISTING.get(type(event))
        if found is None:
            continue
        kind, listed = found
        gone = tuple(listed(event))
        if not gone:
            continue
        numbers[kind] = numbers.get(kind, 0) + len(gone)
        held = rows.setdefault(kind, [])
        held.extend(gone[: SHOWN_MAX - len(held)])
    kinds = dict.fromkeys(kind for kind, _ in _LISTING.values())
    return tuple(
        Vanished(kind=kind, rows=tuple(rows[kind]), number=numbers[kind]) for kind in kinds if kind in rows
    )


def removes(events: Iterable[Event]) -> bool:
    """Whether these are the records of a deletion that names what vanished."""
    return any(True for event in events if type(event) in _LISTING for _ in _LISTING[type(event)][1](event))


def _beside(
    after: View,
    pair: tuple[ApplicationId, ApplicationId],
    contracts: Sequence[Contract],
    *,
    with_versions: bool,
) -> Staying:
    """What stays of the two sides of an integration: they themselves, and what else they take part in."""
    integrations: dict[str, Integration] = {}
    applications: list[KeptApplication] = []
    versions: list[KeptVersion] = []
    number_of_versions = 0
    for side in dict.fromkeys(pair):
        others = [one for one in after.integrations_of(side) if (one.consumer, one.provider) != pair]
        integrations.update({f"{one.consumer}/{one.provider}": one for one in others})
        if after.application_or_none(side) is None:
            continue
        left = after.shelf.of_application(Version, side) if with_versions else None
        kept = KeptApplication(application=side)  # where only contracts go, that is why
        if left is not None:
            naming = len(after.webhooks_naming(side))
            kept = KeptApplication(
                application=side, integrations=len(others), versions=len(left), webhooks=naming
            )
        applications.append(kept)
        if left:
            number_of_versions += len(left)
            versions += _why(after, side, left[: SHOWN_MAX - len(versions)])
    return Staying(
        applications=tuple(applications),
        number_of_applications=len(applications),
        integrations=tuple(list(integrations.values())[:SHOWN_MAX]),
        number_of_integrations=len(integrations),
        contracts=tuple(contracts[:SHOWN_MAX]),
        number_of_contracts=len(contracts),
        versions=tuple(versions),
        number_of_versions=number_of_versions,
    )


def _why(after: View, application: ApplicationId, versions: Sequence[Version]) -> list[KeptVersion]:
    """Why these versions stay, by what is left after the deletion."""
    with_contract = {
        contract.version
        for one in after.integrations_of(application)
        if one.consumer == application
        for contract in after.contracts_of(one.consumer, one.provider)
    }
    with_result = {one.version for one in after.shelf.of_application(VerificationResult, application)}
    return [
        KeptVersion(
            application=application,
            version=one.version,
            contract=one.version in with_contract,
            result=one.version in with_result,
        )
        for one in versions
    ]


def _partners(before: View, after: View, application: ApplicationId) -> Staying:
    """What stays where an application goes: those that it had a contract with, and what else they take part in."""
    partners = dict.fromkeys(
        side
        for one in before.integrations_of(application)
        for side in (one.consumer, one.provider)
        if side != application
    )
    kept: list[KeptApplication] = []
    integrations: dict[str, Integration] = {}
    for partner in partners:
        others = after.integrations_of(partner)
        integrations.update({f"{one.consumer}/{one.provider}": one for one in others})
        kept.append(KeptApplication(application=partner, integrations=len(others)))
    return Staying(
        applications=tuple(kept[:SHOWN_MAX]),
        number_of_applications=len(kept),
        integrations=tuple(list(integrations.values())[:SHOWN_MAX]),
        number_of_integrations=len(integrations),
    )


def _deleted(event: application_events.ApplicationDeleted) -> tuple[RemovedApplication, ...]:
    return (RemovedApplication(application=event.application, name=event.name),)


def _removed(event: application_events.ApplicationsRemoved) -> Iterable[RemovedApplication]:
    named = zip(event.applications, event.names, strict=True)
    return (RemovedApplication(application=one, name=name) for one, name in named)


def _with(event: webhook_events.WebhookDeleted) -> tuple[RemovedWebhook, ...]:
    """A webhook that vanished with something else; one that was deleted for itself is no part of a bulk deletion."""
    if not event.because:
        return ()
    return (RemovedWebhook(webhook=event.webhook, settings=event.settings, team=event.team),)


_LISTING: Final[dict[type, tuple[str, _Rows]]] = {
    application_events.ApplicationDeleted: ("applications", _deleted),
    application_events.ApplicationsRemoved: ("applications", _removed),
    contract_events.ContractsRemoved: ("contracts", lambda event: event.contracts),
    result_events.VerificationResultsRemoved: ("verificationResults", lambda event: event.results),
    version_events.VersionsRemoved: ("versions", lambda event: event.versions),
    version_events.TagsRemoved: ("tags", lambda event: event.tags),
    branch_events.BranchesRemoved: ("branches", lambda event: event.branches),
    branch_events.BranchVersionsRemoved: ("branchVersions", lambda event: event.branch_versions),
    label_events.LabelsRemoved: ("labels", lambda event: event.labels),
    deployment_events.DeploymentsRemoved: ("deployments", lambda event: event.deployments),
    deployment_events.ReleasesRemoved: ("releases", lambda event: event.releases),
    webhook_events.WebhookDeleted: ("webhooks", _with),
}
"""Which records name what vanished, in the order in which it is told."""
