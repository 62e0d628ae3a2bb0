"""What a deletion takes beside contracts: versions, tags, branches, who was on them, and labels, as child records.

Each function takes the facts that vanish and lists them in the order given, as many as fit one record.
"""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from service.commands.removals import PIECE_BYTES_MAX
from service.events import Event
from service.events.branches import (
    BranchesRemoved,
    BranchVersionsRemoved,
    RemovedBranch,
    RemovedBranchVersion,
)
from service.events.labels import LabelsRemoved, RemovedLabel
from service.events.versions import RemovedTag, RemovedVersion, TagsRemoved, VersionsRemoved
from service.vocabulary import ApplicationId

_ROW_BYTES = (
    56  # an id and the framing; the texts beside it are added, which may double when they are escaped
)
_APPLICATION_BYTES = 260
"""What an application adds to what the record touches, with a name of a usual length."""
Row = TypeVar("Row")


class Fact(Protocol):
    """What every fact of an application's versions, branches and labels says of itself."""

    @property
    def application(self) -> ApplicationId: ...
    @property
    def version(self) -> str: ...
    @property
    def place(self) -> str: ...


def versions_removed(versions: Iterable[Fact]) -> list[Event]:
    """The versions, split at 32 KiB. Each is named by `version`."""
    return [VersionsRemoved(versions=rows) for rows in pieces(versions, _version)]


def tags_removed(tags: Iterable[Fact]) -> list[Event]:
    """The tags, split at 32 KiB. `place` is the tag's name."""
    return [TagsRemoved(tags=rows) for rows in pieces(tags, _tag)]


def branches_removed(branches: Iterable[Fact]) -> list[Event]:
    """The branches, split at 32 KiB. `place` is the branch's name."""
    return [BranchesRemoved(branches=rows) for rows in pieces(branches, _branch)]


def branch_versions_removed(branch_versions: Iterable[Fact]) -> list[Event]:
    """Which versions left which branches, split at 32 KiB. `place` is the branch's name."""
    return [BranchVersionsRemoved(branch_versions=rows) for rows in pieces(branch_versions, _branch_version)]


def labels_removed(labels: Iterable[Fact]) -> list[Event]:
    """The labels, split at 32 KiB. `place` is the label."""
    return [LabelsRemoved(labels=rows) for rows in pieces(labels, _label)]


def pieces(facts: Iterable[Fact], row: Callable[[Fact], Row]) -> list[tuple[Row, ...]]:
    """The facts as rows, as many together as fit one record with the applications that it touches."""
    found: list[tuple[Row, ...]] = []
    piece: list[Row] = []
    size = 0
    touched: set[ApplicationId] = set()
    for fact in facts:
        cost = _ROW_BYTES + 2 * (len(fact.version.encode()) + len(fact.place.encode()))
        if piece and size + cost + _APPLICATION_BYTES > PIECE_BYTES_MAX:
            found.append(tuple(piece))
            piece, size, touched = [], 0, set()
        if fact.application not in touched:
            touched.add(fact.application)
            cost += _APPLICATION_BYTES
        piece.append(row(fact))
        size += cost
    if piece:
        found.append(tuple(piece))
    return found


def _version(fact: Fact) -> RemovedVersion:
    return RemovedVersion(application=fact.application, version=fact.version)


def _tag(fact: Fact) -> RemovedTag:
    return RemovedTag(application=fact.application, version=fact.version, tag=fact.place)


def _branch(fact: Fact) -> RemovedBranch:
    return RemovedBranch(application=fact.application, branch=fact.place)


def _branch_version(fact: Fact) -> RemovedBranchVersion:
    return RemovedBranchVersion(application=fact.application, branch=fact.place, version=fact.version)


def _label(fact: Fact) -> RemovedLabel:
    return RemovedLabel(application=fact.application, label=fact.place)
