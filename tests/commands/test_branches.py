"""Branches: section 3.4 of the vendor's rules, and what a Pact Broker does with them."""

import msgspec
import pytest

from projections.branches import Branch, BranchVersion
from projections.spans import keyed
from projections.versions import Version
from service import errors
from service.commands.applications import EditApplication
from service.commands.branches import DeleteBranch, DeleteBranches, PutOnBranch, TakeOffBranch
from service.events.applications import ApplicationCreated
from service.events.branches import (
    BranchDeleted,
    BranchesDeleted,
    BranchesRemoved,
    BranchVersionsRemoved,
    RemovedBranch,
    RemovedBranchVersion,
    VersionPutOnBranch,
    VersionTakenOffBranch,
)
from service.vocabulary import ApplicationId
from tests import given
from tests.given import Account


def put(account: Account, application: str, branch: str, version: str) -> PutOnBranch:
    new = ApplicationId(account.fresh.id())
    return PutOnBranch(application=application, application_id=new, branch=branch, version=version)


def names(account: Account, application: str) -> list[str]:
    return [one.name for one in account.now.shelf.of_application(Branch, application)]


def test_a_branch_comes_with_its_first_version(account: Account) -> None:
    """Section 4.7: PUT makes the branch, the version and the application, which belongs to who put it (3.3)."""
    sally = account.person("Sally")
    command = put(account, "Foo", "main", "1")
    made = account.do(command, sally)
    assert [sally] == [event.creator for event in made if isinstance(event, ApplicationCreated)]
    foo = command.application_id
    assert VersionPutOnBranch(application=foo, branch="main", version="1") == made[-1]
    shelf = account.now.shelf
    assert shelf.get(Branch, keyed(foo, "main")) is not None
    assert shelf.get(BranchVersion, keyed(foo, "main", "1")) is not None
    assert shelf.get(Version, keyed(foo, "1")) is not None
    assert [] == account.do(put(account, "Foo", "main", "1"))


def test_a_publication_names_a_branch_as_well(account: Account) -> None:
    """A contract published from a branch puts its version there, so that saying so again changes nothing."""
    publish = given.publish(account.fresh, "Foo", "Bar")
    account.do(msgspec.structs.replace(publish, branch="main"))
    assert [] == account.do(put(account, "Foo", "main", "1"))


def test_a_version_leaves_a_branch(account: Account) -> None:
    """The version stays, and so does the branch, though nothing is on it."""
    foo = account.application("Foo")
    account.do(put(account, "Foo", "main", "1"))
    off = TakeOffBranch(application=foo, branch="main", version="1")
    assert [VersionTakenOffBranch(application=foo, branch="main", version="1")] == account.do(off)
    shelf = account.now.shelf
    assert shelf.get(BranchVersion, keyed(foo, "main", "1")) is None
    assert ["main"] == names(account, foo)
    assert shelf.get(Version, keyed(foo, "1")) is not None
    with pytest.raises(errors.NotFound):
        account.do(off)


def test_a_deleted_branch_leaves_its_versions(account: Account) -> None:
    """A parent, and a child that names which versions were on it; they live on, as on other branches they do."""
    foo = account.application("Foo")
    for branch in ("main", "feat/x"):
        account.do(put(account, "Foo", branch, "1"))
    deleted = account.do(DeleteBranch(application=foo, branch="feat/x"))
    gone = RemovedBranchVersion(application=foo, branch="feat/x", version="1")
    assert [
        BranchDeleted(application=foo, branch="feat/x", versions=1),
        BranchVersionsRemoved(branch_versions=(gone,)),
    ] == deleted
    assert ["main"] == names(account, foo)
    shelf = account.now.shelf
    assert ["main"] == [one.branch for one in shelf.of_version(BranchVersion, foo, "1")]
    assert shelf.get(Version, keyed(foo, "1")) is not None
    with pytest.raises(errors.NotFound):
        account.do(DeleteBranch(application=foo, branch="feat/x"))


def test_deleting_many_branches_keeps_the_main_branch_and_those_that_are_named(account: Account) -> None:
    """As a Pact Broker does; every branch and every place on one that vanishes is named. Repeating changes nothing."""
    foo = account.application("Foo")
    account.do(EditApplication(application=foo, main_branch="main"))
    for branch in ("main", "kept", "a", "b"):
        account.do(put(account, "Foo", branch, "1"))
    command = DeleteBranches(application=foo, keeping=("kept",))
    parent, branches, memberships = account.do(command)
    assert BranchesDeleted(application=foo, branches=2, versions=2) == parent
    assert (
        BranchesRemoved(branches=tuple(RemovedBranch(application=foo, branch=one) for one in "ab"))
        == branches
    )
    assert (
        BranchVersionsRemoved(
            branch_versions=tuple(
                RemovedBranchVersion(application=foo, branch=one, version="1") for one in "ab"
            )
        )
        == memberships
    )
    assert ["main", "kept"] == names(account, foo)
    assert [] == account.do(command)


def test_only_who_may_change_the_application_may_change_its_branches(account: Account) -> None:
    """Section 3.4: W on that application, for every one of these orders."""
    foo = account.application("Foo")
    account.do(put(account, "Foo", "main", "1"))
    sally = account.person("Sally", roles=[account.role("reads", "contract_data:read:*")])
    for command in (
        put(account, "Foo", "main", "2"),
        TakeOffBranch(application=foo, branch="main", version="1"),
        DeleteBranch(application=foo, branch="main"),
        DeleteBranches(application=foo),
    ):
        with pytest.raises(errors.Forbidden, match="contract_data:manage"):
            account.do(command, sally)
