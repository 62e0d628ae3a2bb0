"""What deployments and releases are after each of their events."""

from datetime import UTC, datetime, timedelta
from typing import cast

from projections import deployments
from projections.deployments import Deployment, Release
from service.events import Event
from service.events import deployments as events
from service.log.recorded import Actor, Folded
from service.vocabulary import ApplicationId, DeploymentId, EnvironmentId, EventId, PrincipalId, ReleaseId

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
FOO, TEST, SALLY = ApplicationId("foo"), EnvironmentId("test"), PrincipalId("sally")
FIRST, SECOND, RELEASE = DeploymentId("first"), DeploymentId("second"), ReleaseId("release")


def record(event: Event, second: int) -> Folded:
    """The event as Sally's record of that second."""
    at = AT + timedelta(seconds=second)
    return Folded(
        position=second, id=EventId(str(second)), recorded_at=at, actor=Actor(principal=SALLY), data=event
    )


def deployment(after: Deployment | None, event: deployments.OneDeploymentEvent, second: int) -> Deployment:
    """The first deployment after the event."""
    return cast("Deployment", deployments.fold(after, event, record(event, second), FIRST))


def test_a_deployment_lasts_until_another_takes_its_place() -> None:
    """The event that records the second one ends the first: both stand in it by name, so nothing is looked for."""
    recorded = events.DeploymentRecorded(deployment=FIRST, application=FOO, version="1", environment=TEST)
    first = deployment(None, recorded, 1)
    assert ("test", None, SALLY) == (first.place, first.ended_at, first.recorder)
    replacing = events.DeploymentRecorded(
        deployment=SECOND,
        application=FOO,
        version="2",
        environment=TEST,
        replaces=FIRST,
        replaces_version="1",
    )
    assert [SECOND, FIRST] == deployments.keys(replacing)
    ended = deployment(first, replacing, 2)
    assert ("1", "test/ended", AT + timedelta(seconds=2)) == (ended.version, ended.place, ended.ended_at)
    assert first.created_at == ended.created_at


def test_a_deployment_ends_and_is_removed() -> None:
    """What ended is kept with its time, and only a removal takes it."""
    recorded = events.DeploymentRecorded(deployment=FIRST, application=FOO, version="1", environment=TEST)
    ended = events.DeploymentEnded(deployment=FIRST, application=FOO, version="1", environment=TEST)
    row = events.RemovedDeployment(deployment=FIRST, application=FOO, version="1", environment=TEST)
    removed = events.DeploymentsRemoved(deployments=(row,))
    after = deployment(deployment(None, recorded, 1), ended, 2)
    assert AT + timedelta(seconds=2) == after.ended_at
    assert [FIRST] == deployments.keys(ended) == deployments.keys(removed)
    assert deployments.fold(after, removed, record(removed, 3), FIRST) is None


def test_a_release_is_supported_again_as_the_same_release() -> None:
    """Its end is not its last word: recorded again it has its id and its beginning, and is in its place again."""
    recorded = events.ReleaseRecorded(release=RELEASE, application=FOO, version="1", environment=TEST)
    ended = events.ReleaseSupportEnded(release=RELEASE, application=FOO, version="1", environment=TEST)
    again = events.ReleaseRecorded(
        release=RELEASE, application=FOO, version="1", environment=TEST, support_ended_at_before=AT
    )
    first = deployments.fold_release(None, recorded, record(recorded, 1), RELEASE)
    second = deployments.fold_release(first, ended, record(ended, 2), RELEASE)
    third = deployments.fold_release(second, again, record(again, 3), RELEASE)
    places = [cast("Release", one).place for one in (first, second, third)]
    assert ["test", "test/ended", "test"] == places
    assert cast("Release", first).created_at == cast("Release", third).created_at
    row = events.RemovedRelease(release=RELEASE, application=FOO, version="1", environment=TEST)
    removed = events.ReleasesRemoved(releases=(row,))
    assert [RELEASE] == deployments.release_keys(again) == deployments.release_keys(removed)
    assert deployments.fold_release(third, removed, record(removed, 4), RELEASE) is None
