"""Versions and their tags: sections 3.3 and 3.4 of the vendor's rules."""

import msgspec
import pytest

from projections.contents import Content, content_key
from projections.spans import keyed
from projections.versions import Tag, Version
from service import errors
from service.commands.branches import PutOnBranch
from service.commands.order import Caller
from service.commands.versions import (
    TAGS_MAX,
    DeleteVersion,
    DescribeVersion,
    TagVersion,
    UntagVersion,
    described,
)
from service.events.applications import ApplicationCreated
from service.events.attempts import AttemptDenied
from service.events.branches import BranchVersionsRemoved, RemovedBranchVersion
from service.events.contracts import ContractsRemoved
from service.events.versions import (
    RemovedTag,
    TagsRemoved,
    VersionCreated,
    VersionDeleted,
    VersionEdited,
    VersionTagged,
    VersionUntagged,
)
from service.vocabulary import ApplicationId, PrincipalId
from tests.given import Account

CI = "https://ci.example.org/1"


def describe(account: Account, application: str, version: str, **more: object) -> DescribeVersion:
    new = ApplicationId(account.fresh.id())
    command = DescribeVersion(application=application, application_id=new, version=version)
    return msgspec.structs.replace(command, **more)


def tag(account: Account, application: str, version: str, name: str) -> TagVersion:
    new = ApplicationId(account.fresh.id())
    return TagVersion(application=application, application_id=new, version=version, tag=name)


def holding(account: Account, *scopes: str) -> PrincipalId:
    """Somebody of the Default team with one role of these scopes."""
    return account.person("Sally", roles=[account.role("under test", *scopes)])


def test_a_version_is_made_with_what_is_known_of_it(account: Account) -> None:
    """Section 4.7: PUT makes a version; its build URL may be said at once, and otherwise later."""
    foo = account.application("Foo")
    made = account.do(describe(account, "Foo", "1", build_url=CI))
    assert [VersionCreated(application=foo, version="1", build_url=CI)] == made
    held = account.now.shelf.get(Version, keyed(foo, "1"))
    assert held is not None
    assert (CI, account.kevin) == (held.build_url, held.creator)


def test_describing_a_version_as_it_is_changes_nothing(account: Account) -> None:
    """Repeating an order is harmless: what is so already leaves no record."""
    account.application("Foo")
    account.do(describe(account, "Foo", "1", build_url=CI, tags=("a", "b", "a")))
    assert [] == account.do(describe(account, "Foo", "1", build_url=CI, tags=("b", "a")))
    assert [] == account.do(describe(account, "Foo", "1"))


def test_a_build_url_is_changed_and_taken_away(account: Account) -> None:
    """A field that is left out stays, null takes it away, and the record says before and after."""
    foo = account.application("Foo")
    account.do(describe(account, "Foo", "1", build_url=CI))
    changed = VersionEdited(application=foo, version="1", build_url_before=CI, build_url="https://other")
    assert [changed] == account.do(describe(account, "Foo", "1", build_url="https://other"))
    ended = VersionEdited(application=foo, version="1", build_url_before="https://other", build_url=None)
    assert [ended] == account.do(describe(account, "Foo", "1", build_url=None))


def test_tags_that_are_named_replace_those_of_the_version(account: Account) -> None:
    """As a Pact Broker does: what is not named any more is taken, what is new is given, the rest stays as it is."""
    foo = account.application("Foo")
    account.do(describe(account, "Foo", "1", tags=("a", "b")))
    assert [
        VersionUntagged(application=foo, version="1", tag="a"),
        VersionTagged(application=foo, version="1", tag="c"),
    ] == account.do(describe(account, "Foo", "1", tags=("b", "c")))


def test_more_tags_than_anybody_needs_are_refused(account: Account) -> None:
    """One order stays a small one: each tag is a record of its own."""
    tags = tuple(str(number) for number in range(TAGS_MAX + 1))
    with pytest.raises(errors.Invalid, match="at most 100"):
        account.do(describe(account, "Foo", "1", tags=tags))


def test_tagging_makes_the_version_and_the_application(account: Account) -> None:
    """Section 4.7: PUT of a tag creates application and version; the application belongs to who tagged (3.3)."""
    sally = account.person("Sally")
    command = tag(account, "Foo", "1", "prod")
    made = account.do(command, sally)
    created = [event for event in made if isinstance(event, ApplicationCreated)]
    assert [("Foo", sally)] == [(event.name, event.creator) for event in created]
    tagged = VersionTagged(application=command.application_id, version="1", tag="prod")
    assert tagged == made[-1]
    assert account.now.shelf.get(Version, keyed(command.application_id, "1")) is not None


def test_tagging_again_changes_nothing(account: Account) -> None:
    """A pipeline that runs twice leaves one record."""
    account.do(tag(account, "Foo", "1", "prod"))
    assert [] == account.do(tag(account, "Foo", "1", "prod"))


def test_two_orders_of_one_batch_see_each_other(account: Account) -> None:
    """Who tags twice at once tags once, though neither order could read the other's record in Postgres."""
    account.application("Foo")
    orders = [account.order(tag(account, "Foo", "1", "prod")) for _ in range(2)]
    first, second = account.batch(orders)
    assert not isinstance(first, errors.MunimentError)
    assert not isinstance(second, errors.MunimentError)
    assert (1, 0) == (len(first.records), len(second.records))


def test_a_tag_is_taken_and_its_version_stays(account: Account) -> None:
    """A tag is a mark on a version: without it the version is what it was."""
    foo = account.application("Foo")
    account.do(tag(account, "Foo", "1", "prod"))
    taken = account.do(UntagVersion(application=foo, version="1", tag="prod"))
    assert [VersionUntagged(application=foo, version="1", tag="prod")] == taken
    assert account.now.shelf.get(Version, keyed(foo, "1")) is not None
    with pytest.raises(errors.NotFound):
        account.do(UntagVersion(application=foo, version="1", tag="prod"))


def test_a_deleted_version_takes_along_what_it_had(account: Account) -> None:
    """A parent, and children naming exactly what vanished: contracts, tags, places on branches; nobody else's."""
    contract = account.contract("Foo", "Bar", "1")
    other = account.contract("Foo", "Bar", "2")
    foo, bar = (account.now.application_named(name) for name in ("Foo", "Bar"))
    assert foo is not None
    assert bar is not None
    account.do(tag(account, "Foo", "1", "prod"))
    account.do(tag(account, "Foo", "2", "prod"))
    account.do(PutOnBranch(application="Foo", application_id=foo.id, branch="main", version="1"))
    digest = account.now.contract(contract).digest
    parent, contracts, tags, memberships = account.do(DeleteVersion(application=foo.id, version="1"))
    assert VersionDeleted(application=foo.id, version="1", contracts=1) == parent
    assert isinstance(contracts, ContractsRemoved)
    assert [contract] == [one.contract for one in contracts.contracts]
    assert TagsRemoved(tags=(RemovedTag(application=foo.id, version="1", tag="prod"),)) == tags
    gone = RemovedBranchVersion(application=foo.id, branch="main", version="1")
    assert BranchVersionsRemoved(branch_versions=(gone,)) == memberships
    shelf = account.now.shelf
    assert shelf.get(Version, keyed(foo.id, "1")) is None
    assert shelf.get(Content, content_key(foo.id, bar.id, digest)) is None
    assert ["2"] == [one.version for one in shelf.of_application(Tag, foo.id)]
    assert account.now.contract_or_none(other) is not None


def test_a_version_made_again_inherits_nothing(account: Account) -> None:
    """A version under the old number is another one: no tag and no build URL of the first is its own."""
    foo = account.application("Foo")
    account.do(describe(account, "Foo", "1", build_url=CI, tags=("prod",)))
    account.do(DeleteVersion(application=foo, version="1"))
    account.do(describe(account, "Foo", "1"))
    held = account.now.shelf.get(Version, keyed(foo, "1"))
    assert held is not None
    assert held.build_url is None
    assert [] == account.now.shelf.of_version(Tag, foo, "1")
    with pytest.raises(errors.NotFound):
        account.do(DeleteVersion(application=foo, version="2"))


def test_only_who_may_change_the_application_may_change_its_versions(account: Account) -> None:
    """Section 3.4: W on that application, for every one of these orders; reading it all is not enough."""
    foo = account.application("Foo")
    account.do(tag(account, "Foo", "1", "prod"))
    sally = holding(account, "contract_data:read:*")
    for command in (
        describe(account, "Foo", "1", build_url=CI),
        tag(account, "Foo", "1", "test"),
        UntagVersion(application=foo, version="1", tag="prod"),
        DeleteVersion(application=foo, version="1"),
    ):
        with pytest.raises(errors.Forbidden, match="contract_data:manage"):
            account.do(command, sally)
    assert isinstance(account.log[-1].data, AttemptDenied)


def test_making_an_application_by_a_tag_takes_the_right_to_make_one(account: Account) -> None:
    """Section 3.4: `manage:team` alone never creates an application, `manage:own` does."""
    sally = holding(account, "contract_data:manage:team")
    with pytest.raises(errors.Forbidden):
        account.do(tag(account, "New", "1", "prod"), sally)
    billy = account.person("Billy", roles=[account.role("makes", "contract_data:manage:own")])
    account.do(tag(account, "New", "1", "prod"), billy)
    with pytest.raises(errors.Forbidden):
        account.do(tag(account, "Other", "1", "prod"), Caller(principal=billy, read_only=True))


@pytest.mark.parametrize("bad", ["", " ", "a\tb", "x" * 256, ".."])
def test_numbers_and_tags_are_one_line_of_text(account: Account, bad: str) -> None:
    """What could not be told apart, or be asked for by any client, is refused and names its place."""
    account.application("Foo")
    with pytest.raises(errors.Invalid):
        account.do(describe(account, "Foo", bad))
    with pytest.raises(errors.Invalid):
        account.do(tag(account, "Foo", "1", bad))


def test_what_is_known_of_a_version_is_said_once() -> None:
    """Others who make a version along with theirs ask the same function: new, changed, or as it was."""
    foo = ApplicationId("foo")
    assert [VersionCreated(application=foo, version="1", build_url=CI)] == described(
        foo, "1", known=False, before=None, build_url=CI
    )
    assert [] == described(foo, "1", known=True, before=CI, build_url=CI)
