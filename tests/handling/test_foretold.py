"""A dry run of a bulk deletion names exactly what the real one then takes, and both take what section 3.6 says."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import example, settings
from hypothesis import given as random_worlds
from hypothesis import strategies as st

from projections.branches import Branch, BranchVersion
from projections.deployments import Deployment, Release
from projections.labels import Label
from projections.results import VerificationResult
from projections.versions import Tag, Version
from service import errors
from service.commands import Command, foretelling
from service.commands.applications import DeleteApplication
from service.commands.foretelling import Foretold, Vanished
from service.commands.integrations import (
    DeleteBranchContracts,
    DeleteIntegration,
    DeleteIntegrationContracts,
    DeleteIntegrations,
    DeleteTaggedContracts,
)
from service.events import Event
from service.events.branches import VersionPutOnBranch
from service.events.deployments import DeploymentRecorded, ReleaseRecorded
from service.events.labels import LabelAdded
from service.events.results import VerificationPublished
from service.events.versions import VersionTagged
from service.orders import Outcome
from service.vocabulary import (
    ApplicationId,
    DeploymentId,
    EnvironmentId,
    ReleaseId,
    ResultId,
)
from tests import facts, given
from tests.given import Account
from tests.handling import naive_deletion
from tests.handling.naive_deletion import KINDS, Fact, World

NAMES = st.sampled_from(("Foo", "Bar", "Baz"))
ANY = st.sampled_from(("Foo", "Bar", "Baz", ""))
"""What a webhook may name; nothing is any application."""
VERSIONS = st.sampled_from(("1", "2", "3"))
WORDS = st.sampled_from(("main", "prod"))
BODIES = st.sampled_from(("{}", "[]"))
STEPS = st.one_of(
    st.tuples(st.just("publish"), NAMES, NAMES, VERSIONS, BODIES, st.sampled_from((None, "main", "prod"))),
    st.tuples(st.just("verify"), NAMES, NAMES, BODIES, VERSIONS),
    st.tuples(st.sampled_from(("tag", "branch", "deploy", "release")), NAMES, VERSIONS, WORDS),
    st.tuples(st.just("label"), NAMES, WORDS),
    st.tuples(st.just("webhook"), ANY, ANY),
)
DELETIONS = st.one_of(
    st.tuples(st.sampled_from(("contracts", "integration")), NAMES, NAMES),
    st.tuples(st.sampled_from(("tagged", "on branch")), NAMES, NAMES, WORDS),
    st.tuples(st.just("application"), NAMES),
    st.just(("everything",)),
)


class Played:
    """The same steps, done to an account and to a naive world."""

    def __init__(self) -> None:
        self.account = Account()
        self.world = World()
        self.ids: dict[str, str] = {}
        self.names: dict[str, str] = {}
        for name in ("Foo", "Bar", "Baz"):
            self._make(name)

    def _make(self, name: str) -> None:
        self.ids[name] = self.account.application(name)
        self.names[self.ids[name]] = name
        self.world.applications.add((name,))

    def step(self, step: Sequence[Any]) -> None:
        """One step on the living; applications that were deleted come back by being published for."""
        word, *rest = step
        living = {name for (name,) in self.world.applications}
        needed = {rest[0], rest[1]} if word in ("publish", "verify", "webhook") else {rest[0]}
        for name in sorted(needed - living - {""}):
            self._make(name)
        getattr(self, f"_{word}")(*rest)

    def _publish(self, consumer: str, provider: str, version: str, body: str, branch: str | None) -> None:
        command = given.publish(self.account.fresh, consumer, provider, version, body)
        self.account.do(msgspec.structs.replace(command, branch=branch))
        self.world.contracts[consumer, provider, version] = command.digest
        self.world.versions.add((consumer, version))
        if branch:
            self.world.branches.add((consumer, branch))
            self.world.members.add((consumer, version, branch))

    def _verify(self, consumer: str, provider: str, body: str, version: str) -> None:
        digest = given.publish(self.account.fresh, consumer, provider, body=body).digest
        id_ = ResultId(self.account.fresh.id())
        self.happened(
            VerificationPublished(
                result=id_,
                consumer=self._id(consumer),
                provider=self._id(provider),
                digest=digest,
                version=version,
                number=len(self.account.log),
                success=True,
            )
        )
        self.world.results[id_,] = (consumer, provider, digest, version)
        self.world.versions.add((provider, version))

    def _tag(self, name: str, version: str, tag: str) -> None:
        self.happened(VersionTagged(application=self._id(name), version=version, tag=tag))
        self.world.versions.add((name, version))
        self.world.tags.add((name, version, tag))

    def _branch(self, name: str, version: str, branch: str) -> None:
        self.happened(VersionPutOnBranch(application=self._id(name), version=version, branch=branch))
        self.world.versions.add((name, version))
        self.world.branches.add((name, branch))
        self.world.members.add((name, version, branch))

    def _label(self, name: str, label: str) -> None:
        self.happened(LabelAdded(application=self._id(name), label=label))
        self.world.labels.add((name, label))

    def _deploy(self, name: str, version: str, environment: str) -> None:
        if (name, version) not in self.world.versions:
            return  # only a version that is there can be deployed
        id_ = DeploymentId(self.account.fresh.id())
        where = EnvironmentId(environment)
        self.happened(
            DeploymentRecorded(deployment=id_, application=self._id(name), version=version, environment=where)
        )
        self.world.deployments.add((name, version, environment, id_))

    def _release(self, name: str, version: str, environment: str) -> None:
        if (name, version) not in self.world.versions:
            return  # only a version that is there can be released
        id_ = ReleaseId(self.account.fresh.id())
        where = EnvironmentId(environment)
        self.happened(
            ReleaseRecorded(release=id_, application=self._id(name), version=version, environment=where)
        )
        self.world.releases.add((name, version, environment, id_))

    def _id(self, name: str) -> ApplicationId:
        return ApplicationId(self.ids[name])

    def _webhook(self, consumer: str, provider: str) -> None:
        sides = self._id(consumer) if consumer else None, self._id(provider) if provider else None
        self.world.webhooks.add((consumer, provider, facts.webhook(self.account, None, *sides)))

    def happened(self, event: Event) -> None:
        """A fact that stands in the log, whoever ordered it: what vanishes does not depend on that."""
        facts.happened(self.account, event)

    # -- deleting ----------------------------------------------------------------------------------------

    def command(self, deletion: Sequence[str]) -> Command:
        """The order, and what it is in the naive world."""
        word, *rest = deletion
        match word:
            case "contracts":
                return DeleteIntegrationContracts(**self._pair(rest))
            case "integration":
                return DeleteIntegration(**self._pair(rest))
            case "tagged":
                return DeleteTaggedContracts(**self._pair(rest), tag=rest[2])
            case "on branch":
                return DeleteBranchContracts(**self._pair(rest), branch=rest[2])
            case "application":
                return DeleteApplication(application=self._id(rest[0]))
            case _:
                return DeleteIntegrations()

    def _pair(self, names: Sequence[str]) -> dict[str, ApplicationId]:
        return {"consumer": self._id(names[0]), "provider": self._id(names[1])}

    def delete_naively(self, deletion: Sequence[str]) -> None:
        """The same deletion by the rules as they are written."""
        word, *rest = deletion
        naively: dict[str, Callable[..., None]] = {
            "contracts": self.world.contracts_of,
            "integration": self.world.integration,
            "tagged": self.world.tagged,
            "on branch": self.world.on_branch,
            "application": self.world.application,
            "everything": self.world.all,
        }
        naively[word](*rest)

    def facts(self) -> dict[str, set[Fact]]:
        """All that the account holds, as the naive world says it."""
        found: dict[str, set[Fact]] = {kind: set() for kind in KINDS}
        view = self.account.now
        found["applications"] = {(one.name,) for one in view.applications()}
        for pair in view.integrations():
            between = self.names[pair.consumer], self.names[pair.provider]
            contracts = view.contracts_of(pair.consumer, pair.provider)
            found["contracts"] |= {(*between, one.version) for one in contracts}
        for fact in self.account.shelf.everything():
            named = self.names[fact.application]
            match fact:
                case VerificationResult():
                    consumer = self.names[fact.consumer]
                    found["verificationResults"].add((consumer, named, fact.version, fact.id))
                case Version():
                    found["versions"].add((named, fact.version))
                case Tag():
                    found["tags"].add((named, fact.version, fact.place))
                case Branch():
                    found["branches"].add((named, fact.place))
                case BranchVersion():
                    found["branchVersions"].add((named, fact.version, fact.place))
                case Label():
                    found["labels"].add((named, fact.place))
                case Deployment():
                    found["deployments"].add((named, fact.version, fact.environment, fact.id))
                case Release():
                    found["releases"].add((named, fact.version, fact.environment, fact.id))
                case _:
                    pass  # a content, which ends with its last contract
        for one in view.webhooks():
            sides = (
                self.names[side] if side else "" for side in (one.settings.consumer, one.settings.provider)
            )
            found["webhooks"].add((*sides, one.id))
        return found

    def named(self, gone: Sequence[Vanished]) -> dict[str, set[Fact]]:
        """What records name, as the naive world says it."""
        found: dict[str, set[Fact]] = {kind: set() for kind in KINDS}
        for one in gone:
            rows = [self._row(row) for row in one.rows]
            assert one.number == len(rows) == len(set(rows))
            found[one.kind] = set(rows)
        return found

    def _row(self, row: Any) -> Fact:
        if isinstance(row, foretelling.RemovedApplication):
            return (row.name,)
        if isinstance(row, foretelling.RemovedWebhook):
            sides = (self.names[one] if one else "" for one in (row.settings.consumer, row.settings.provider))
            return (*sides, row.webhook)
        if hasattr(row, "contract"):
            return (self.names[row.consumer], self.names[row.provider], row.version)
        if hasattr(row, "result"):
            return (self.names[row.consumer], self.names[row.provider], row.version, row.result)
        if hasattr(row, "environment"):
            id_ = row.deployment if hasattr(row, "deployment") else row.release
            return (self.names[row.application], row.version, row.environment, id_)
        parts = (getattr(row, part, None) for part in ("version", "tag", "branch", "label"))
        return (self.names[row.application], *(part for part in parts if part is not None))


def tried(played: Played, command: Command) -> Foretold | errors.MunimentError:
    """What a dry run says, which leaves everything as it is."""
    before = played.facts()
    answer = played.account.batch([played.account.order(command, dry_run=True)])[0]
    assert before == played.facts()
    if isinstance(answer, errors.MunimentError):
        return answer
    assert answer.rehearsal is not None
    assert answer.rehearsal.foretold is not None
    return answer.rehearsal.foretold


# One content in two versions, of which one goes: what was made of it stays, for the other one.
@example(
    [
        ("publish", "Foo", "Bar", "1", "{}", None),
        ("publish", "Foo", "Bar", "2", "{}", "main"),
        ("tag", "Foo", "1", "prod"),
        ("verify", "Foo", "Bar", "{}", "3"),
        ("on branch", "Foo", "Bar", "main"),
    ],
    ("tagged", "Foo", "Bar", "prod"),
)
@random_worlds(st.lists(st.one_of(STEPS, STEPS, STEPS, DELETIONS), max_size=40), DELETIONS)
@settings(max_examples=200, deadline=None)
def test_a_dry_run_a_deletion_and_the_rules_agree(steps: list[Any], last: Any) -> None:
    """Section 3.6: whatever world, whichever kind: foretold == recorded == vanished == what the table says."""
    played = Played()
    for step in (*steps, last):
        if step[0] not in ("contracts", "integration", "tagged", "on branch", "application", "everything"):
            played.step(step)
            continue
        before, command = played.facts(), played.command(step)
        assert played.world.everything() == before
        foretold = tried(played, command)
        answer = played.account.batch([played.account.order(command)])[0]
        if isinstance(foretold, errors.MunimentError):
            assert isinstance(answer, type(foretold))
            continue
        assert isinstance(answer, Outcome)
        played.delete_naively(step)
        after = played.facts()
        assert played.world.everything() == after
        gone = naive_deletion.taken(before, after)
        assert gone == played.named(foretelling.vanished(one.data for one in answer.records))
        assert gone == played.named(foretold.vanishes)
        _assert_staying(played, foretold, after)


def _assert_staying(played: Played, foretold: Foretold, after: dict[str, set[Fact]]) -> None:
    """What is said to stay is there afterwards."""
    stays = foretold.stays
    assert {(played.names[one.application],) for one in stays.applications} <= after["applications"]
    kept = {(played.names[one.application], one.version) for one in stays.versions}
    assert kept <= after["versions"]
    assert all(one.contract or one.result for one in stays.versions)
    for contract in stays.contracts:
        named = (played.names[contract.consumer], played.names[contract.provider], contract.version)
        assert named in after["contracts"]
    for pair in stays.integrations:
        between = played.names[pair.consumer], played.names[pair.provider]
        assert pair.contracts == len([one for one in after["contracts"] if one[:2] == between])


def test_of_many_the_first_are_named_and_all_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dry run of a large deletion is no large answer."""
    monkeypatch.setattr(foretelling, "SHOWN_MAX", 3)
    played = Played()
    for n in range(5):
        played.step(("publish", "Foo", "Bar", f"1.{n}", "{}", None))
    foretold = tried(played, played.command(("integration", "Foo", "Bar")))
    assert isinstance(foretold, Foretold)
    numbers = {one.kind: (len(one.rows), one.number) for one in foretold.vanishes}
    assert {"applications": (2, 2), "contracts": (3, 5), "versions": (3, 5)} == numbers


def test_what_stays_says_why() -> None:
    """A version with a contract or a result elsewhere stays, and so does its application."""
    played = Played()
    played.step(("publish", "Foo", "Bar", "1", "{}", None))
    played.step(("publish", "Foo", "Baz", "2", "{}", None))
    played.step(("verify", "Baz", "Foo", "{}", "3"))
    foretold = tried(played, played.command(("integration", "Foo", "Bar")))
    assert isinstance(foretold, Foretold)
    stays = foretold.stays
    assert [("Foo", 1, 2)] == [
        (played.names[one.application], one.integrations, one.versions) for one in stays.applications
    ]
    assert {("2", True, False), ("3", False, True)} == {
        (one.version, one.contract, one.result) for one in stays.versions
    }
    assert [(played.names[one.consumer], played.names[one.provider]) for one in stays.integrations] == [
        ("Foo", "Baz")
    ]
