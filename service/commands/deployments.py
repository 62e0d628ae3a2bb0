"""What may be asked of deployments and releases. Pure: state in, events out."""

from projections.deployments import Deployment, Release
from service.events import Event
from service.events import deployments as events
from service.vocabulary import ApplicationId, DeploymentId, EnvironmentId, ReleaseId


def deployed(
    new: DeploymentId,
    version: tuple[ApplicationId, str],
    environment: EnvironmentId,
    instance: str | None,
    current: Deployment | None,
) -> list[Event]:
    """What it is to deploy the version where `current` is the deployment of the instance; nothing, if it is that."""
    application, number = version
    if current is not None and current.version == number:
        return []
    return [
        events.DeploymentRecorded(
            deployment=new,
            application=application,
            version=number,
            environment=environment,
            instance=instance,
            replaces=current.id if current else None,
            replaces_version=current.version if current else None,
        )
    ]


def undeployed(deployment: Deployment) -> list[Event]:
    """What it is to undeploy; nothing, of what has ended."""
    if deployment.ended_at is not None:
        return []
    return [
        events.DeploymentEnded(
            deployment=deployment.id,
            application=deployment.application,
            version=deployment.version,
            environment=deployment.environment,
            instance=deployment.instance,
        )
    ]


def released(
    new: ReleaseId, version: tuple[ApplicationId, str], environment: EnvironmentId, held: Release | None
) -> list[Event]:
    """What it is to release the version where `held` is its release, supported or not; nothing, if it is supported."""
    application, number = version
    if held is not None and held.support_ended_at is None:
        return []
    return [
        events.ReleaseRecorded(
            release=new if held is None else held.id,
            application=application,
            version=number,
            environment=environment,
            support_ended_at_before=held.support_ended_at if held else None,
        )
    ]


def no_longer_supported(release: Release) -> list[Event]:
    """What it is to end the support; nothing, where it has ended."""
    if release.support_ended_at is not None:
        return []
    return [
        events.ReleaseSupportEnded(
            release=release.id,
            application=release.application,
            version=release.version,
            environment=release.environment,
        )
    ]
