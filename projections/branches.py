"""Branches of an application and the versions on them, as they are true at some moment."""

from datetime import datetime
from typing import ClassVar, assert_never

import msgspec

from projections.spans import SEPARATOR, keyed
from service.events import branches as events
from service.events import contracts as contract_events
from service.log.recorded import Foldable
from service.vocabulary import ApplicationId

OneBranchEvent = (
    contract_events.ContractPublished
    | events.VersionPutOnBranch
    | events.BranchDeleted
    | events.BranchesRemoved
)
MembershipEvent = (
    contract_events.ContractPublished
    | events.VersionPutOnBranch
    | events.VersionTakenOffBranch
    | events.BranchVersionsRemoved
)


class Branch(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A branch, there from the first version that was put on it."""

    noun: ClassVar[str] = "branch"
    version: ClassVar[str] = ""
    application: ApplicationId
    name: str
    created_at: datetime

    @property
    def key(self) -> str:
        """Of which application, and its name."""
        return keyed(self.application, self.name)

    @property
    def place(self) -> str:
        """Its name."""
        return self.name


class BranchVersion(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """That a version is on a branch."""

    noun: ClassVar[str] = "branch_version"
    application: ApplicationId
    branch: str
    version: str
    created_at: datetime

    @property
    def key(self) -> str:
        """Of which application, the branch and the version."""
        return keyed(self.application, self.branch, self.version)

    @property
    def place(self) -> str:
        """The branch's name."""
        return self.branch


def fold(branch: Branch | None, event: OneBranchEvent, recorded: Foldable, key: str) -> Branch | None:
    """The branch after the event, or None once it is gone."""
    match event:
        case contract_events.ContractPublished() | events.VersionPutOnBranch():
            application, _, name = key.partition(SEPARATOR)
            return branch or Branch(
                application=ApplicationId(application), name=name, created_at=recorded.recorded_at
            )
        case events.BranchDeleted() | events.BranchesRemoved():
            return None
        case _:
            assert_never(event)


def fold_membership(
    held: BranchVersion | None, event: MembershipEvent, recorded: Foldable, key: str
) -> BranchVersion | None:
    """The version on the branch, since the first time that it was put there; None once it is off."""
    match event:
        case contract_events.ContractPublished() | events.VersionPutOnBranch():
            application, branch, number = key.split(SEPARATOR)
            return held or BranchVersion(
                application=ApplicationId(application),
                branch=branch,
                version=number,
                created_at=recorded.recorded_at,
            )
        case events.VersionTakenOffBranch() | events.BranchVersionsRemoved():
            return None
        case _:
            assert_never(event)


def keys(event: OneBranchEvent) -> tuple[str, ...]:
    """The branches that an event is about."""
    match event:
        case contract_events.ContractPublished():
            return (keyed(event.consumer, event.branch),) if event.branch else ()
        case events.BranchesRemoved():
            return tuple(keyed(one.application, one.branch) for one in event.branches)
        case events.VersionPutOnBranch() | events.BranchDeleted():
            return (keyed(event.application, event.branch),)
        case _:
            assert_never(event)


def membership_keys(event: MembershipEvent) -> tuple[str, ...]:
    """Which versions on which branches an event is about."""
    match event:
        case contract_events.ContractPublished():
            return (keyed(event.consumer, event.branch, event.version),) if event.branch else ()
        case events.BranchVersionsRemoved():
            return tuple(keyed(one.application, one.branch, one.version) for one in event.branch_versions)
        case events.VersionPutOnBranch() | events.VersionTakenOffBranch():
            return (keyed(event.application, event.branch, event.version),)
        case _:
            assert_never(event)
