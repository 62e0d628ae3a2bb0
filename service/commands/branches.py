"""What may be asked of an application's branches. Pure: state in, events out.

A branch comes with the first version that is put on it. Deleting one leaves its versions where they are.
"""

from typing import ClassVar

import msgspec

from projections import spans
from projections.branches import Branch, BranchVersion
from projections.spans import keyed
from projections.view import View
from service import errors
from service.commands import applications, removals, removals_versions, versions
from service.commands.order import Caller, Need
from service.events import Event
from service.events import branches as events
from service.vocabulary import ApplicationId, name


class PutOnBranch(msgspec.Struct, frozen=True, kw_only=True):
    """Put a version on a branch; branch, version and application are made if they are not here yet."""

    word: ClassVar[str] = "put_on_branch"
    application: str
    application_id: ApplicationId
    branch: str
    version: str

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (applications.managing(view, self.application, caller),)

    def arguments(self) -> dict[str, str]:
        return {}

    def reads(self, view: View) -> tuple[spans.Want, ...]:
        """Whether it is there."""
        application = view.application_named(name(self.application))
        if application is None:
            return ()
        key = keyed(application.id, branch_name(self.branch), versions.number(self.version))
        return (spans.by_key(BranchVersion, key),)


class TakeOffBranch(msgspec.Struct, frozen=True, kw_only=True):
    """Take a version off a branch; both stay."""

    word: ClassVar[str] = "take_off_branch"
    application: ApplicationId
    branch: str
    version: str

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (versions.managing(view, self.application),)

    def arguments(self) -> dict[str, str]:
        return {"application": self.application}

    def reads(self, view: View) -> tuple[spans.Want, ...]:
        """Whether it is there."""
        key = keyed(self.application, branch_name(self.branch), versions.number(self.version))
        return (spans.by_key(BranchVersion, key),)


class DeleteBranch(msgspec.Struct, frozen=True, kw_only=True):
    """Delete a branch; its versions stay."""

    word: ClassVar[str] = "delete_branch"
    application: ApplicationId
    branch: str

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (versions.managing(view, self.application),)

    def arguments(self) -> dict[str, str]:
        return {"application": self.application}

    def reads(self, view: View) -> tuple[spans.Want, ...]:
        """The branch, and the versions on it."""
        branch = branch_name(self.branch)
        return (
            spans.by_key(Branch, keyed(self.application, branch)),
            spans.at_place(BranchVersion, branch, self.application),
        )


class DeleteBranches(msgspec.Struct, frozen=True, kw_only=True):
    """Delete every branch of an application but its main branch and those to be kept; its versions stay."""

    word: ClassVar[str] = "delete_branches"
    application: ApplicationId
    keeping: tuple[str, ...] = ()

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (versions.managing(view, self.application),)

    def arguments(self) -> dict[str, str]:
        return {"application": self.application}

    def reads(self, view: View) -> tuple[spans.Want, ...]:
        """Every branch, and what is on them."""
        return (
            spans.of_application(Branch, self.application),
            spans.of_application(BranchVersion, self.application),
        )


def put_on_branch(command: PutOnBranch, view: View, caller: Caller) -> list[Event]:
    """Decide that a version is on a branch. What is there already changes nothing. Raises Invalid."""
    branch, version = branch_name(command.branch), versions.number(command.version)
    application, made = applications.found_or_made(view, command.application, command.application_id, caller)
    already = not made and view.shelf.get(BranchVersion, keyed(application, branch, version)) is not None
    return [*made, *put(application, branch, version, already=already)]


def take_off_branch(command: TakeOffBranch, view: View, caller: Caller) -> list[Event]:
    """Decide that a version leaves a branch. Raises NotFound."""
    branch, version = branch_name(command.branch), versions.number(command.version)
    if view.shelf.get(BranchVersion, keyed(command.application, branch, version)) is None:
        raise errors.NotFound(f"No version '{version}' found on branch '{branch}'")
    return [events.VersionTakenOffBranch(application=command.application, branch=branch, version=version)]


def delete_branch(command: DeleteBranch, view: View, caller: Caller) -> list[Event]:
    """Decide the deletion of a branch: a parent, and children that list which versions were on it. Raises NotFound."""
    branch = branch_name(command.branch)
    if view.shelf.get(Branch, keyed(command.application, branch)) is None:
        raise errors.NotFound(f"No branch with name '{branch}' found")
    held = view.shelf.at_place(BranchVersion, branch, command.application)
    return [
        events.BranchDeleted(application=command.application, branch=branch, versions=len(held)),
        *removals_versions.branch_versions_removed(removals.oldest_first(held)),
    ]


def delete_branches(command: DeleteBranches, view: View, caller: Caller) -> list[Event]:
    """Decide the deletion of many branches: a parent, and children that list each. Where there is none, nothing."""
    application = view.application(command.application)
    kept = {*map(branch_name, command.keeping), application.main_branch}
    gone = [one for one in view.shelf.of_application(Branch, application.id) if one.name not in kept]
    if not gone:
        return []
    held = [one for one in view.shelf.of_application(BranchVersion, application.id) if one.branch not in kept]
    return [
        events.BranchesDeleted(application=application.id, branches=len(gone), versions=len(held)),
        *removals_versions.branches_removed(removals.oldest_first(gone)),
        *removals_versions.branch_versions_removed(removals.oldest_first(held)),
    ]


def put(application: ApplicationId, branch: str, version: str, *, already: bool) -> list[Event]:
    """The fact that the version is on the branch: none where it is already."""
    if already:
        return []
    return [events.VersionPutOnBranch(application=application, branch=branch, version=version)]


def branch_name(text: str, pointer: str = "branch") -> str:
    """A branch's name as it is kept, or Invalid."""
    return name(text, pointer, "branch")
