"""Branches of an application and the versions on them, as they are true at some moment."""

from datetime import datetime
from typing import ClassVar

import msgspec

from projections.spans import keyed
from service.events import contracts as contract_events
from service.log.recorded import Foldable
from service.vocabulary import ApplicationId


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


def fold_implied(branch: Branch | None, _event: object, recorded: Foldable, key: str) -> Branch:
    """The branch, made if it was not there."""
    if branch is not None:
        return branch
    application, _, name = key.partition("\t")
    return Branch(application=ApplicationId(application), name=name, created_at=recorded.recorded_at)


def fold_membership(
    held: BranchVersion | None, _event: object, recorded: Foldable, key: str
) -> BranchVersion:
    """The version on the branch, since the first time that it was put there."""
    if held is not None:
        return held
    application, branch, number = key.split("\t")
    return BranchVersion(
        application=ApplicationId(application),
        branch=branch,
        version=number,
        created_at=recorded.recorded_at,
    )


def implied_by_contract(event: contract_events.ContractPublished) -> tuple[str, ...]:
    """The branch that a publication names, if any."""
    return (keyed(event.consumer, event.branch),) if event.branch else ()


def membership_by_contract(event: contract_events.ContractPublished) -> tuple[str, ...]:
    """The version that a publication puts on a branch, if it names one."""
    return (keyed(event.consumer, event.branch, event.version),) if event.branch else ()
