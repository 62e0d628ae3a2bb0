"""Which version of an application is in which environment: deployments, one at a time an instance, and releases.

No permission depends on either. Both outlive their end, so that it can be asked what was where and until when.
"""

from datetime import datetime
from typing import ClassVar, assert_never

import msgspec

from service.events import deployments as events
from service.log.recorded import Foldable
from service.vocabulary import ApplicationId, DeploymentId, EnvironmentId, PrincipalId, ReleaseId, interned

OneDeploymentEvent = events.DeploymentRecorded | events.DeploymentEnded | events.DeploymentsRemoved
OneReleaseEvent = events.ReleaseRecorded | events.ReleaseSupportEnded | events.ReleasesRemoved


class Deployment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A version in an environment, until another one, or nothing, took its place as this instance."""

    noun: ClassVar[str] = "deployment"
    id: DeploymentId
    application: ApplicationId
    version: str
    environment: EnvironmentId
    instance: str | None
    recorder: PrincipalId | None
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None

    @property
    def key(self) -> str:
        return self.id

    @property
    def place(self) -> str:
        """The environment; of what has ended another place under it, so that years of them are not in the way."""
        return place(self.environment, current=self.ended_at is None)


class Release(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A version released to an environment, supported there beside others until that ends."""

    noun: ClassVar[str] = "release"
    id: ReleaseId
    application: ApplicationId
    version: str
    environment: EnvironmentId
    recorder: PrincipalId | None
    created_at: datetime
    updated_at: datetime
    support_ended_at: datetime | None = None

    @property
    def key(self) -> str:
        return self.id

    @property
    def place(self) -> str:
        """The environment, or another place under it for what is supported no longer."""
        return place(self.environment, current=self.support_ended_at is None)


def place(environment: EnvironmentId, *, current: bool = True) -> str:
    """Where the deployments or releases of an environment stand; those that ended stand under it."""
    return environment if current else f"{environment}/ended"


def fold(
    deployment: Deployment | None, event: OneDeploymentEvent, recorded: Foldable, key: str
) -> Deployment | None:
    """The deployment `key` after the event: the one that it records, or the one that it replaces or ends."""
    match event:
        case events.DeploymentRecorded():
            if key != event.deployment:
                return _ended(deployment, recorded)
            return Deployment(
                id=interned(event.deployment),
                application=interned(event.application),
                version=event.version,
                environment=interned(event.environment),
                instance=event.instance,
                recorder=recorded.actor.principal and interned(recorded.actor.principal),
                created_at=recorded.recorded_at,
                updated_at=recorded.recorded_at,
            )
        case events.DeploymentEnded():
            return _ended(deployment, recorded)
        case events.DeploymentsRemoved():
            return None
        case _:
            assert_never(event)


def fold_release(
    release: Release | None, event: OneReleaseEvent, recorded: Foldable, _key: str
) -> Release | None:
    """The release after the event. One that is recorded again is supported again, and was made when it was."""
    at = recorded.recorded_at
    match event:
        case events.ReleaseRecorded():
            if release is not None:
                return msgspec.structs.replace(release, updated_at=at, support_ended_at=None)
            return Release(
                id=interned(event.release),
                application=interned(event.application),
                version=event.version,
                environment=interned(event.environment),
                recorder=recorded.actor.principal and interned(recorded.actor.principal),
                created_at=at,
                updated_at=at,
            )
        case events.ReleaseSupportEnded():
            return release and msgspec.structs.replace(release, updated_at=at, support_ended_at=at)
        case events.ReleasesRemoved():
            return None
        case _:
            assert_never(event)


def keys(event: OneDeploymentEvent) -> list[str]:
    """The deployments that the event is about: the one that it replaces too."""
    match event:
        case events.DeploymentRecorded():
            return [event.deployment] if event.replaces is None else [event.deployment, event.replaces]
        case events.DeploymentEnded():
            return [event.deployment]
        case events.DeploymentsRemoved():
            return [one.deployment for one in event.deployments]
        case _:
            assert_never(event)


def release_keys(event: OneReleaseEvent) -> list[str]:
    """The releases that the event is about."""
    match event:
        case events.ReleaseRecorded() | events.ReleaseSupportEnded():
            return [event.release]
        case events.ReleasesRemoved():
            return [one.release for one in event.releases]
        case _:
            assert_never(event)


def _ended(deployment: Deployment | None, recorded: Foldable) -> Deployment | None:
    at = recorded.recorded_at
    return deployment and msgspec.structs.replace(deployment, updated_at=at, ended_at=at)
