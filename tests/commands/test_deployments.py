"""Deployments and releases: section 3.5 of the vendor's rules, and what deleting an environment takes (4.6)."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from projections.deployments import Deployment, Release
from service import errors
from service.commands import removals, removals_deployments
from service.commands.deployments import EndDeployment, EndSupport, RecordDeployment, RecordRelease
from service.commands.environments import DeleteEnvironment
from service.events import Event
from service.events.deployments import (
    DeploymentEnded,
    DeploymentRecorded,
    DeploymentsRemoved,
    ReleaseRecorded,
    ReleasesRemoved,
    ReleaseSupportEnded,
    RemovedDeployment,
    RemovedRelease,
)
from service.events.environments import EnvironmentDeleted
from service.vocabulary import ApplicationId, DeploymentId, EnvironmentId, ReleaseId
from tests.given import Account

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Place:
    """Foo with versions 1 and 2, an environment, and orders about them in few words."""

    def __init__(self, account: Account) -> None:
        self.account = account
        for version in ("1", "2"):
            account.contract("Foo", "Bar", version)
        foo = account.now.application_named("Foo")
        assert foo is not None
        self.foo = foo.id
        self.test = account.environment("test")

    def deployment(self, version: str, instance: str | None = None) -> RecordDeployment:
        new = DeploymentId(self.account.fresh.id())
        return RecordDeployment(
            deployment=new,
            application=self.foo,
            version=version,
            environment=self.test,
            instance=instance,
        )

    def release(self, version: str) -> RecordRelease:
        new = ReleaseId(self.account.fresh.id())
        return RecordRelease(release=new, application=self.foo, version=version, environment=self.test)

    def current(self) -> list[tuple[str, str | None]]:
        """Version and instance of what is deployed."""
        held = self.account.shelf.at_place(Deployment, self.test)
        return sorted((one.version, one.instance) for one in held)


@pytest.fixture
def place(account: Account) -> Place:
    return Place(account)


def test_a_deployment_ends_the_one_before_it(place: Place) -> None:
    """Section 3.5: the event names the deployment that it replaced, of the same application, environment, instance."""
    first, second = place.deployment("1"), place.deployment("2")
    recorded = DeploymentRecorded(
        deployment=first.deployment, application=place.foo, version="1", environment=place.test
    )
    assert [recorded] == place.account.do(first)
    replaced = msgspec.structs.replace(
        recorded,
        deployment=second.deployment,
        version="2",
        replaces=first.deployment,
        replaces_version="1",
    )
    assert [replaced] == place.account.do(second)
    assert [("2", None)] == place.current()
    ended = place.account.shelf.get(Deployment, first.deployment)
    assert ended is not None
    assert place.account.log[-1].recorded_at == ended.ended_at


def test_instances_stand_beside_each_other(place: Place) -> None:
    """Two instances of one application are two deployments; none replaces another's, nor that of no instance."""
    for version, instance in (("1", None), ("1", "blue"), ("2", "green"), ("2", "blue")):
        place.account.do(place.deployment(version, instance))
    assert [("1", None), ("2", "blue"), ("2", "green")] == place.current()


def test_what_is_deployed_already_stays_as_it_is(place: Place) -> None:
    """A repeat is no second event, of no instance by whatever name; after another version it is a new deployment."""
    place.account.do(place.deployment("1", ""))
    assert [] == place.account.do(place.deployment("1"))
    place.account.do(place.deployment("2"))
    assert 1 == len(place.account.do(place.deployment("1")))
    assert [("1", None)] == place.current()


def test_of_two_orders_in_one_batch_the_second_sees_the_first(place: Place) -> None:
    """Whoever deploys at the same moment replaces what the one before deployed: one is current, never two."""
    orders = [place.account.order(place.deployment(version)) for version in ("1", "2", "1")]
    assert not [one for one in place.account.batch(orders) if isinstance(one, errors.MunimentError)]
    assert [("1", None)] == place.current()


def test_a_deployment_ends_once(place: Place) -> None:
    """Undeploying what has ended, by this or by another deployment, changes nothing."""
    first = place.deployment("1", "blue")
    place.account.do(first)
    end = EndDeployment(deployment=first.deployment)
    ended = DeploymentEnded(
        deployment=first.deployment,
        application=place.foo,
        version="1",
        environment=place.test,
        instance="blue",
    )
    assert [ended] == place.account.do(end)
    assert [] == place.account.do(end)
    assert [] == place.current()
    with pytest.raises(errors.NotFound):
        place.account.do(EndDeployment(deployment=DeploymentId(place.account.fresh.id())))


def test_releases_stand_beside_each_other_until_their_support_ends(place: Place) -> None:
    """One release a version and environment: recorded again while it is supported it changes nothing."""
    first, second = place.release("1"), place.release("2")
    assert 1 == len(place.account.do(first)) == len(place.account.do(second))
    assert [] == place.account.do(place.release("1"))
    supported = place.account.shelf.at_place(Release, place.test)
    assert {first.release, second.release} == {one.id for one in supported}


def test_a_version_that_is_no_longer_supported_can_be_again(place: Place) -> None:
    """It is the same release, under its id, and its record says since when it was supported no longer."""
    first = place.release("1")
    place.account.do(first)
    end = EndSupport(release=first.release)
    ended = ReleaseSupportEnded(
        release=first.release, application=place.foo, version="1", environment=place.test
    )
    assert [ended] == place.account.do(end)
    since = place.account.log[-1].recorded_at
    assert [] == place.account.do(end)
    again = ReleaseRecorded(
        release=first.release,
        application=place.foo,
        version="1",
        environment=place.test,
        support_ended_at_before=since,
    )
    assert [again] == place.account.do(place.release("1"))
    with pytest.raises(errors.NotFound):
        place.account.do(EndSupport(release=ReleaseId(place.account.fresh.id())))


def test_what_is_not_there_is_not_deployed(place: Place) -> None:
    """Application, version and environment must exist: a deployment makes none of them."""
    nothing = place.account.fresh.id()
    for order in (place.deployment("3"), place.release("3")):
        changes: list[dict[str, str]] = [{}, {"application": nothing}, {"environment": nothing}]
        for change in changes:
            with pytest.raises(errors.NotFound):
                place.account.do(msgspec.structs.replace(order, **change))
    with pytest.raises(errors.Invalid):
        place.account.do(place.deployment("1", "two\nlines"))


def test_an_environment_takes_its_records_with_it(place: Place) -> None:
    """Section 4.6: a parent, then children that name what vanished, ended deployments and releases among it."""
    first, second, release = place.deployment("1"), place.deployment("2"), place.release("1")
    other = place.account.environment("other")
    kept = msgspec.structs.replace(place.deployment("1"), environment=other)
    for order in (first, second, release, kept):
        place.account.do(order)
    gone = [
        RemovedDeployment(
            deployment=one.deployment, application=place.foo, version=one.version, environment=place.test
        )
        for one in (first, second)
    ]
    released = RemovedRelease(
        release=release.release, application=place.foo, version="1", environment=place.test
    )
    assert [
        EnvironmentDeleted(environment=place.test, name="test"),
        DeploymentsRemoved(deployments=tuple(gone)),
        ReleasesRemoved(releases=(released,)),
    ] == place.account.do(DeleteEnvironment(environment=place.test))
    left = [one for one in place.account.shelf.everything() if isinstance(one, Deployment | Release)]
    assert [kept.deployment] == [one.key for one in left]


def test_more_than_an_order_can_take_is_refused(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of contracts: refused as a whole, before any work."""
    for version in ("1", "2"):
        place.account.do(place.deployment(version))
    monkeypatch.setattr(removals, "CONTRACTS_MAX", 1)
    with pytest.raises(errors.Refused) as refused:
        place.account.do(DeleteEnvironment(environment=place.test))
    assert "too_many_deployments" == refused.value.reason
    assert place.account.now.environment_or_none(place.test) is not None


def test_what_vanishes_is_listed_whole_in_records_that_fit() -> None:
    """Each of thousands stands in one child, the oldest first, and no child is too large for its record."""
    hostile = '"' * 255
    shared: dict[str, Any] = {
        "application": ApplicationId(str(uuid.UUID(int=1))),
        "version": hostile,
        "environment": EnvironmentId(str(uuid.UUID(int=2))),
        "recorder": None,
    }
    instants = [AT + timedelta(seconds=number) for number in range(1_000)]
    ids = [str(uuid.UUID(int=number)) for number in range(1_000)]
    deployments = [
        Deployment(id=DeploymentId(one), instance=None, created_at=at, updated_at=at, **shared)
        for one, at in zip(ids, instants, strict=True)
    ]
    releases = [
        Release(id=ReleaseId(one), created_at=at, updated_at=at, **shared)
        for one, at in zip(ids, instants, strict=True)
    ]
    for children in (
        removals_deployments.deployments_removed(deployments[::-1]),
        removals_deployments.releases_removed(releases[::-1]),
    ):
        assert ids == [_id(row) for child in children for row in _rows(child)]
        assert 1 < len(children)
        assert all(len(msgspec.json.encode(child)) <= removals.PIECE_BYTES_MAX for child in children)


def _rows(child: Event) -> tuple[RemovedDeployment | RemovedRelease, ...]:
    assert isinstance(child, DeploymentsRemoved | ReleasesRemoved)
    return child.deployments if isinstance(child, DeploymentsRemoved) else child.releases


def _id(row: RemovedDeployment | RemovedRelease) -> str:
    return row.deployment if isinstance(row, RemovedDeployment) else row.release
