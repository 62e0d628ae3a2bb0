"""Records of deployments and releases in words."""

from typing import assert_never

from service.events import deployments as events
from service.queries import wording
from service.queries.names import Names


def sentence(event: events.DeploymentEvent, names: Names) -> str:
    """What was done, for a sentence that begins with who did it."""
    match event:
        case events.DeploymentRecorded():
            before = (
                "" if event.replaces_version is None else f", in place of version {event.replaces_version}"
            )
            return f"recorded the deployment of {_of(event, names)} to {_instance(event, names)}{before}"
        case events.DeploymentEnded():
            return f"recorded that {_of(event, names)} is no longer deployed to {_instance(event, names)}"
        case events.ReleaseRecorded():
            again = "" if event.support_ended_at_before is None else ", where it is supported again"
            return f"recorded the release of {_of(event, names)} to {names.environment(event.environment)}{again}"
        case events.ReleaseSupportEnded():
            where = names.environment(event.environment)
            return f"recorded that {_of(event, names)} is no longer supported in {where}"
        case events.DeploymentsRemoved():
            gone = [named(one, names) for one in event.deployments]
            return f"thereby removed the recorded {wording.plural('deployment', gone)} {wording.listed(gone)}"
        case events.ReleasesRemoved():
            gone = [named(one, names) for one in event.releases]
            return f"thereby removed the recorded {wording.plural('release', gone)} {wording.listed(gone)}"
        case _:
            assert_never(event)


def named(gone: events.RemovedDeployment | events.RemovedRelease, names: Names) -> str:
    """`Foo/1.2.3 (test)`."""
    return f"{names.application(gone.application)}/{gone.version} ({names.environment(gone.environment)})"


def _of(
    event: (
        events.DeploymentRecorded
        | events.DeploymentEnded
        | events.ReleaseRecorded
        | events.ReleaseSupportEnded
    ),
    names: Names,
) -> str:
    return f"version {event.version} of the application {names.application(event.application)}"


def _instance(event: events.DeploymentRecorded | events.DeploymentEnded, names: Names) -> str:
    where = names.environment(event.environment)
    return where if event.instance is None else f"{where} (instance {event.instance})"
