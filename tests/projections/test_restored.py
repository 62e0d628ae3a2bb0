"""Deleting and restoring leaves by name what was there before: against a model of nothing but names."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
from hypothesis import strategies as st

from projections.branches import BranchVersion
from projections.deployments import Deployment, Release
from projections.labels import Label
from projections.results import VerificationResult
from projections.spans import Fact, Shelf
from projections.versions import Tag, Version
from service import errors
from service.commands import Command
from service.commands.applications import DeleteApplication
from service.commands.branches import DeleteBranch, PutOnBranch
from service.commands.contracts import DeleteContract
from service.commands.integrations import DeleteIntegration, DeleteIntegrationContracts, DeleteIntegrations
from service.commands.labels import AddLabel
from service.commands.results import PublishVerification
from service.commands.versions import DeleteVersion, DescribeVersion, TagVersion
from service.queries import deletions
from service.queries.deletions import Deletion
from service.vocabulary import ApplicationId, ResultId
from tests import given
from tests.given import Account

APPLICATIONS = ("Foo", "Bar", "Baz")
VERSIONS = ("1", "2", "3")
Names = frozenset[tuple[object, ...]]
"""Everything that a client can tell apart, without a single id."""


class World:
    """An account, and orders in the words of a client."""

    def __init__(self) -> None:
        self.account = Account()

    def names(self) -> Names:
        """The model: what there is, by name."""
        view = self.account.now
        names: dict[str, str] = {one.id: one.name for one in view.applications()}
        found: set[tuple[object, ...]] = {("application", name) for name in names.values()}
        for pair in view.integrations():
            sides = names[pair.consumer], names[pair.provider]
            held = view.contracts_of(pair.consumer, pair.provider)
            found.add(("integration", *sides, len(held)))
            found |= {("contract", *sides, one.version, one.digest, one.branch) for one in held}
        for fact in self.account.shelf.everything():
            found |= set(_named(fact, names))
        return frozenset(found)

    def id(self, name: str) -> ApplicationId | None:
        found = self.account.now.application_named(name)
        return found.id if found is not None else None

    def tries(self, command: Command) -> None:
        """An order that may find nothing to do, or be refused: what it is about may not be there."""
        with contextlib.suppress(errors.NotFound, errors.Refused):
            self.account.do(command)

    def publish(self, consumer: str, provider: str, version: str, body: str) -> None:
        self.tries(given.publish(self.account.fresh, consumer, provider, version, body))

    def describe(self, name: str, version: str, tag: str, branch: str) -> None:
        new = ApplicationId(self.account.fresh.id())
        named = {"application": name, "application_id": new, "version": version}
        self.tries(DescribeVersion(build_url=f"https://ci.example.org/{version}", **named))  # type: ignore[arg-type]  # as declared
        self.tries(TagVersion(tag=tag, **named))  # type: ignore[arg-type]  # as above
        self.tries(PutOnBranch(branch=branch, **named))  # type: ignore[arg-type]  # as above
        self.tries(AddLabel(application=name, application_id=new, label=tag))

    def verify(self, consumer: str, provider: str, version: str, *, success: bool) -> None:
        """A result of whatever content the two have."""
        first, second = self.id(consumer), self.id(provider)
        held = self.account.now.contracts_of(first, second) if first and second else []
        for contract in held[:1]:
            self.tries(
                PublishVerification(
                    result=ResultId(self.account.fresh.id()),
                    consumer=contract.consumer,
                    provider=contract.provider,
                    digest=contract.digest,
                    version=version,
                    success=success,
                )
            )

    def deleted(self, make: Callable[["World"], Command | None]) -> Deletion | None:
        """What a deletion removed, read as it is over HTTP: keys from the records, facts from just before."""
        before = list(self.account.shelf.everything())
        command = make(self)
        if command is None:
            return None
        try:
            records = list(self.account.handle(command).records)
        except (errors.NotFound, errors.Refused):
            return None
        if not records:
            return None
        deletion = deletions.removed_by(records)
        shelf = Shelf()
        for one in before:
            if one.key in deletion.keys.get(one.noun, ()):
                shelf.put(one)
        return deletions.with_facts(deletion, shelf)

    def restore(self, deletion: Deletion) -> list[Any]:
        return list(self.account.do(deletion.order(self.account.fresh.id()), causation=deletion.event))


def _named(fact: Fact, names: dict[str, str]) -> Iterator[tuple[object, ...]]:
    owner = names.get(fact.application, "nobody")
    match fact:
        case Version():
            yield ("version", owner, fact.version, fact.build_url, fact.created_at)
        case Tag():
            yield ("tag", owner, fact.version, fact.name, fact.created_at)
        case BranchVersion():
            yield ("branch", owner, fact.branch, fact.version, fact.created_at)
        case Label():
            yield ("label", owner, fact.name, fact.created_at)
        case VerificationResult():
            consumer = names.get(fact.consumer, "nobody")
            yield (
                "result",
                consumer,
                owner,
                fact.digest,
                fact.version,
                fact.number,
                fact.success,
                fact.created_at,
            )
        case Deployment() | Release():
            yield (fact.noun, owner, fact.version, fact.environment)
        case _:
            pass  # branches are known by their versions, contents by their contracts


def _pair(kind: Callable[..., Command], consumer: str, provider: str) -> Callable[[World], Command | None]:
    def made(world: World) -> Command | None:
        first, second = world.id(consumer), world.id(provider)
        return kind(consumer=first, provider=second) if first and second else None

    return made


def _of(name: str, make: Callable[[ApplicationId], Command]) -> Callable[[World], Command | None]:
    return lambda world: make(found) if (found := world.id(name)) else None


def _contract(consumer: str, provider: str, version: str) -> Callable[[World], Command | None]:
    def made(world: World) -> Command | None:
        first, second = world.id(consumer), world.id(provider)
        found = world.account.now.contract_of(first, second, version) if first and second else None
        return DeleteContract(contract=found.id) if found is not None else None

    return made


applications, versions = st.sampled_from(APPLICATIONS), st.sampled_from(VERSIONS)
words = st.sampled_from(("main", "prod"))
DELETIONS = st.one_of(
    st.builds(
        _pair, st.sampled_from((DeleteIntegration, DeleteIntegrationContracts)), applications, applications
    ),
    st.builds(lambda name: _of(name, lambda id_: DeleteApplication(application=id_)), applications),
    st.builds(
        lambda name, version: _of(name, lambda id_: DeleteVersion(application=id_, version=version)),
        applications,
        versions,
    ),
    st.builds(
        lambda name, branch: _of(name, lambda id_: DeleteBranch(application=id_, branch=branch)),
        applications,
        words,
    ),
    st.builds(_contract, applications, applications, versions),
    st.just(lambda _: DeleteIntegrations()),
)
PUBLISHED = st.lists(st.tuples(applications, applications, versions, words), min_size=1, max_size=6)
DESCRIBED = st.lists(st.tuples(applications, versions, words, words), max_size=4)
VERIFIED = st.lists(st.tuples(applications, applications, versions, st.booleans()), max_size=3)


@hypothesis.settings(max_examples=60, deadline=None)
@hypothesis.given(PUBLISHED, DESCRIBED, VERIFIED, DELETIONS)
def test_what_was_deleted_and_restored_is_what_was_there(
    published: list[tuple[str, str, str, str]],
    described: list[tuple[str, str, str, str]],
    verified: list[tuple[str, str, str, bool]],
    deletion: Callable[[World], Command | None],
) -> None:
    """Of any world, after any deletion and its undoing: every name, content, tag, branch, label, result and date."""
    world = World()
    for one in published:
        world.publish(*one)
    for version in described:
        world.describe(*version)
    for consumer, provider, number, success in verified:
        world.verify(consumer, provider, number, success=success)
    before, position = world.names(), world.account.now.position
    removed = world.deleted(deletion)
    if removed is None:
        assert before == world.names()
        return
    assert before != world.names()
    world.restore(removed)
    assert before == world.names()
    assert [] == world.restore(removed)
    # Whoever asks about any of the three moments is told what was true then.
    view = world.account.replica.view(position)
    names = {one.id: one.name for one in view.applications()}
    assert {name for kind, name, *_ in before if kind == "application"} == set(names.values())


@hypothesis.settings(max_examples=40, deadline=None)
@hypothesis.given(PUBLISHED, DESCRIBED, DELETIONS, PUBLISHED)
def test_what_came_since_stays_beside_what_comes_back(
    published: list[tuple[str, str, str, str]],
    described: list[tuple[str, str, str, str]],
    deletion: Callable[[World], Command | None],
    since: list[tuple[str, str, str, str]],
) -> None:
    """What is published between a deletion and its undoing is neither changed nor lost; a conflict changes nothing."""
    world = World()
    for one in published:
        world.publish(*one)
    for version in described:
        world.describe(*version)
    before = world.names()
    removed = world.deleted(deletion)
    if removed is None:
        return
    vanished = before - world.names()
    for one in since:
        world.publish(*one)
    between = world.names()
    try:
        world.restore(removed)
    except errors.Refused as refusal:
        refused = refusal.reason
    else:
        refused = ""
    if refused:
        assert ("published_otherwise", between) == (refused, world.names())
        return
    # What was published anew keeps its own dates and branch; a count of contracts is of both.
    assert _lasting(vanished) | _lasting(between) == _lasting(world.names())


def _lasting(names: Names) -> set[tuple[object, ...]]:
    """Names without dates, branches and counts."""
    kept = {"application": 2, "contract": 5, "version": 3, "tag": 4, "branch": 4, "label": 3}
    return {one[: kept[str(one[0])]] for one in names if one[0] in kept}
