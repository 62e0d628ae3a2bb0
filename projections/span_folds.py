"""Which kinds of event change which facts of Postgres' spans: the one list by which table, drafts and rebuild go."""

from typing import Any, Final

from projections import (
    branches,
    changes,
    contents,
    deliveries,
    deployments,
    labels,
    restored,
    results,
    versions,
)
from projections.branches import Branch, BranchVersion
from projections.changes import Change
from projections.contents import Content
from projections.deliveries import Delivery, Owed
from projections.deployments import Deployment, Release
from projections.labels import Label
from projections.results import VerificationResult
from projections.spans import NOTHING_READ, Fold, Shelf
from projections.versions import Tag, Version
from service.events import branches as branch_events
from service.events import changes as change_events
from service.events import contracts as contract_events
from service.events import deletions as deletion_events
from service.events import deployments as deployment_events
from service.events import labels as label_events
from service.events import results as result_events
from service.events import versions as version_events
from service.events import webhooks as webhook_events
from service.events.applications import ApplicationCreated
from service.log import recorded
from service.log.recorded import Foldable

_DIRECT: Final[dict[type, tuple[Fold, ...]]] = {
    contract_events.ContractPublished: (
        Fold(Version, versions.implied_by_contract, versions.fold_implied),
        Fold(Branch, branches.keys, branches.fold),
        Fold(BranchVersion, branches.membership_keys, branches.fold_membership),
        Fold(Content, contents.keys, contents.fold),
    ),
    deletion_events.ContractsRestored: (
        Fold(Version, restored.versions_of_contracts, versions.fold_implied),
        Fold(Content, contents.keys, contents.fold),
    ),
    contract_events.ContractDeleted: (Fold(Content, contents.keys, contents.fold),),
    contract_events.ContractsRemoved: (Fold(Content, contents.keys, contents.fold),),
    version_events.VersionCreated: (Fold(Version, versions.keys, versions.fold),),
    version_events.VersionEdited: (Fold(Version, versions.keys, versions.fold),),
    version_events.VersionDeleted: (Fold(Version, versions.keys, versions.fold),),
    version_events.VersionsRemoved: (Fold(Version, versions.keys, versions.fold),),
    version_events.VersionTagged: (
        Fold(Version, versions.implied, versions.fold_implied),
        Fold(Tag, versions.tag_keys, versions.fold_tag),
    ),
    version_events.VersionUntagged: (Fold(Tag, versions.tag_keys, versions.fold_tag),),
    version_events.TagsRemoved: (Fold(Tag, versions.tag_keys, versions.fold_tag),),
    branch_events.VersionPutOnBranch: (
        Fold(Version, versions.implied, versions.fold_implied),
        Fold(Branch, branches.keys, branches.fold),
        Fold(BranchVersion, branches.membership_keys, branches.fold_membership),
    ),
    branch_events.VersionTakenOffBranch: (
        Fold(BranchVersion, branches.membership_keys, branches.fold_membership),
    ),
    branch_events.BranchDeleted: (Fold(Branch, branches.keys, branches.fold),),
    branch_events.BranchesRemoved: (Fold(Branch, branches.keys, branches.fold),),
    branch_events.BranchVersionsRemoved: (
        Fold(BranchVersion, branches.membership_keys, branches.fold_membership),
    ),
    label_events.LabelAdded: (Fold(Label, labels.keys, labels.fold),),
    label_events.LabelRemoved: (Fold(Label, labels.keys, labels.fold),),
    label_events.LabelsRemoved: (Fold(Label, labels.keys, labels.fold),),
    result_events.VerificationPublished: (
        Fold(Version, results.implied_version, versions.fold_implied),
        Fold(VerificationResult, results.keys, results.fold),
    ),
    result_events.VerificationDeleted: (Fold(VerificationResult, results.keys, results.fold),),
    result_events.VerificationResultsRemoved: (Fold(VerificationResult, results.keys, results.fold),),
    deployment_events.DeploymentRecorded: (Fold(Deployment, deployments.keys, deployments.fold),),
    deployment_events.DeploymentEnded: (Fold(Deployment, deployments.keys, deployments.fold),),
    deployment_events.DeploymentsRemoved: (Fold(Deployment, deployments.keys, deployments.fold),),
    deployment_events.ReleaseRecorded: (Fold(Release, deployments.release_keys, deployments.fold_release),),
    deployment_events.ReleaseSupportEnded: (
        Fold(Release, deployments.release_keys, deployments.fold_release),
    ),
    deployment_events.ReleasesRemoved: (Fold(Release, deployments.release_keys, deployments.fold_release),),
    webhook_events.WebhooksTriggered: (
        Fold(Delivery, deliveries.keys, deliveries.fold),
        Fold(Owed, deliveries.keys, deliveries.fold_owed),
    ),
    webhook_events.WebhookTestOrdered: (Fold(Delivery, deliveries.keys, deliveries.fold),),
    webhook_events.WebhookExecuted: (
        Fold(Delivery, deliveries.keys, deliveries.fold),
        Fold(Owed, deliveries.keys, deliveries.fold_owed),
    ),
    webhook_events.WebhookDeliveryAbandoned: (
        Fold(Delivery, deliveries.keys, deliveries.fold),
        Fold(Owed, deliveries.keys, deliveries.fold_owed),
    ),
    change_events.ChangeAuthorised: (Fold(Change, changes.keys, changes.fold),),
    change_events.ChangeReported: (Fold(Change, changes.keys, changes.fold),),
}
FOLDS: Final[dict[type, tuple[Fold, ...]]] = {
    **_DIRECT,
    deletion_events.FactsRestored: restored.folds(_DIRECT),
}
FACTS: Final[dict[str, type[Any]]] = {fold.fact.noun: fold.fact for folds in FOLDS.values() for fold in folds}
"""Every noun of theirs."""
KINDS: Final = tuple(sorted(recorded.kind_of_type(event) for event in FOLDS))
"""Every kind of record that changes one."""


def apply(shelf: Shelf, record: Foldable) -> None:
    """Keep a shelf true through one record."""
    if shelf is NOTHING_READ:
        return
    event = record.data
    if type(event) is ApplicationCreated:
        shelf.made(event.application)
    folds = FOLDS.get(type(event))
    if folds is not None:
        shelf.apply(folds, event, record)
