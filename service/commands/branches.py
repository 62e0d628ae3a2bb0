"""What may be asked of an application's branches. Pure: state in, events out."""

from collections.abc import Iterable

from service.commands import removals_versions
from service.events import Event
from service.events import branches as events
from service.vocabulary import ApplicationId


def put(application: ApplicationId, branch: str, version: str, *, already: bool) -> list[Event]:
    """The fact that the version is on the branch: none where it is already."""
    if already:
        return []
    return [events.VersionPutOnBranch(application=application, branch=branch, version=version)]


def deleted(
    application: ApplicationId, branch: str, branch_versions: Iterable[removals_versions.Fact]
) -> list[Event]:
    """The facts of a branch's deletion: a parent, and children that list which versions were on it."""
    gone = list(branch_versions)
    return [
        events.BranchDeleted(application=application, branch=branch, versions=len(gone)),
        *removals_versions.branch_versions_removed(gone),
    ]


def all_deleted(
    application: ApplicationId,
    branches: Iterable[removals_versions.Fact],
    branch_versions: Iterable[removals_versions.Fact],
) -> list[Event]:
    """The facts of a deletion of many branches at once: a parent, and children that list each. None of none."""
    gone, held = list(branches), list(branch_versions)
    if not gone:
        return []
    return [
        events.BranchesDeleted(application=application, branches=len(gone), versions=len(held)),
        *removals_versions.branches_removed(gone),
        *removals_versions.branch_versions_removed(held),
    ]
