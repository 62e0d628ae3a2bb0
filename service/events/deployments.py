"""What can happen to deployments and releases: which version of an application is in which environment."""

from datetime import datetime

import msgspec

from service.vocabulary import ApplicationId, DeploymentId, EnvironmentId, ReleaseId


class DeploymentRecorded(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="kind", tag="deployment.recorded"
):
    """A version is deployed to an environment, as one instance of its application or as the only one.

    `replaces` is the deployment of the same application, environment and instance that ended thereby, if there was
    one, and `replaces_version` the version that it was of.
    """

    deployment: DeploymentId
    application: ApplicationId
    version: str
    environment: EnvironmentId
    instance: str | None = None
    replaces: DeploymentId | None = None
    replaces_version: str | None = None


class DeploymentEnded(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="deployment.ended"):
    """A version is no longer deployed, and no other one took its place."""

    deployment: DeploymentId
    application: ApplicationId
    version: str
    environment: EnvironmentId
    instance: str | None = None


class ReleaseRecorded(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="kind", tag="release.recorded"
):
    """A version is released to an environment and supported there, beside the versions released before.

    One that was supported no longer, since `support_ended_at_before`, is the same release again.
    """

    release: ReleaseId
    application: ApplicationId
    version: str
    environment: EnvironmentId
    support_ended_at_before: datetime | None = None


class ReleaseSupportEnded(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="release.support_ended"
):
    """A released version is no longer supported in its environment."""

    release: ReleaseId
    application: ApplicationId
    version: str
    environment: EnvironmentId


class RemovedDeployment(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One deployment that vanished with something else, current or ended: [id, application, version, environment]."""

    deployment: DeploymentId
    application: ApplicationId
    version: str
    environment: EnvironmentId


class DeploymentsRemoved(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="deployments.removed"
):
    """Child of a deletion: exactly which records of deployments vanished, as many as fit one record."""

    deployments: tuple[RemovedDeployment, ...]


class RemovedRelease(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One release that vanished with something else, supported or not: [id, application, version, environment]."""

    release: ReleaseId
    application: ApplicationId
    version: str
    environment: EnvironmentId


class ReleasesRemoved(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="releases.removed"):
    """Child of a deletion: exactly which records of releases vanished, as many as fit one record."""

    releases: tuple[RemovedRelease, ...]


DeploymentEvent = (
    DeploymentRecorded
    | DeploymentEnded
    | ReleaseRecorded
    | ReleaseSupportEnded
    | DeploymentsRemoved
    | ReleasesRemoved
)
