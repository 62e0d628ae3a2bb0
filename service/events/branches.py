"""What can happen to the branches of an application and to which of its versions are on them.

A branch exists from the first record that names it, until one of these removes it; its versions outlive it.
"""

import msgspec

from service.vocabulary import ApplicationId


class VersionPutOnBranch(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="version.put_on_branch"
):
    """The version is on the branch; either exists from here on if it did not."""

    application: ApplicationId
    branch: str
    version: str


class VersionTakenOffBranch(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="version.taken_off_branch"
):
    """The version is no longer on the branch; both stay themselves."""

    application: ApplicationId
    branch: str
    version: str


class BranchDeleted(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="branch.deleted"):
    """The branch is gone; children of the same correlation list which versions were on it, all of which stay."""

    application: ApplicationId
    branch: str
    versions: int = 0


class BranchesDeleted(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="branches.deleted"):
    """Parent of a deletion of many branches of one application; its versions stay."""

    application: ApplicationId
    branches: int
    versions: int = 0


class RemovedBranch(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One branch that a deletion took: [application, branch]."""

    application: ApplicationId
    branch: str


class BranchesRemoved(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="branches.removed"):
    """Child of a deletion: exactly which branches vanished, as many as fit one record."""

    branches: tuple[RemovedBranch, ...]


class RemovedBranchVersion(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One version that is no longer on a branch: [application, branch, version]."""

    application: ApplicationId
    branch: str
    version: str


class BranchVersionsRemoved(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="branch_versions.removed"
):
    """Child of a deletion: exactly which versions left which branches, as many as fit one record."""

    branch_versions: tuple[RemovedBranchVersion, ...]


BranchEvent = (
    VersionPutOnBranch
    | VersionTakenOffBranch
    | BranchDeleted
    | BranchesDeleted
    | BranchesRemoved
    | BranchVersionsRemoved
)
