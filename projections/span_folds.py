"""Which kinds of event change which facts of Postgres' spans: the one list by which table, drafts and rebuild go."""

from typing import Any, Final

from projections import branches, contents, versions
from projections.branches import Branch, BranchVersion
from projections.contents import Content
from projections.spans import NOTHING_READ, Fold, Shelf
from projections.versions import Version
from service.events import contracts as contract_events
from service.events.applications import ApplicationCreated
from service.log import recorded
from service.log.recorded import Foldable

FOLDS: Final[dict[type, tuple[Fold, ...]]] = {
    contract_events.ContractPublished: (
        Fold(Version, versions.implied_by_contract, versions.fold_implied),
        Fold(Branch, branches.implied_by_contract, branches.fold_implied),
        Fold(BranchVersion, branches.membership_by_contract, branches.fold_membership),
        Fold(Content, contents.keys, contents.fold),
    ),
    contract_events.ContractDeleted: (Fold(Content, contents.keys, contents.fold),),
    contract_events.ContractsRemoved: (Fold(Content, contents.keys, contents.fold),),
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
