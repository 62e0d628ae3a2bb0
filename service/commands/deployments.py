"""What may be asked of deployments and releases. Pure: state in, events out.

Two conditions (section 3.5 of the vendor's rules): whoever records may record for the application, where `team` means
that one team holds them, the application and the environment; and may read the environment.
"""

from typing import ClassVar

import msgspec

from projections import deployments, spans, things
from projections.deployments import Deployment, Release
from projections.spans import Want, keyed
from projections.versions import Version
from projections.view import View
from service import errors
from service.commands.order import Caller, Need
from service.events import Event
from service.events import deployments as events
from service.vocabulary import ApplicationId, DeploymentId, EnvironmentId, ReleaseId, name


class RecordDeployment(msgspec.Struct, frozen=True, kw_only=True):
    """Record that a version is deployed to an environment, as this instance of its application or the only one.

    It ends the earlier deployment of the same application, environment and instance. What is deployed there already
    stays as it is.
    """

    word: ClassVar[str] = "record_deployment"
    deployment: DeploymentId
    application: ApplicationId
    version: str
    environment: EnvironmentId
    instance: str | None = None

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return needed(view, self.application, self.environment)

    def arguments(self) -> dict[str, str]:
        return {"application": self.application, "environment": self.environment}

    def reads(self, view: View) -> tuple[Want, ...]:
        application = view.application(self.application)
        return (
            spans.by_key(Version, keyed(application.id, name(self.version, "/version", "version"))),
            spans.by_key(Deployment, self.deployment),  # so that the next order of the batch sees it
            spans.at_place(Deployment, deployments.place(self.environment), application.id),
        )


class EndDeployment(msgspec.Struct, frozen=True, kw_only=True):
    """Record that a version is no longer deployed. What has ended stays as it is."""

    word: ClassVar[str] = "end_deployment"
    deployment: DeploymentId

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        held = _deployment(view, self.deployment)
        return needed(view, held.application, held.environment)

    def arguments(self) -> dict[str, str]:
        return {"deployment": self.deployment}

    def reads(self, _view: View) -> tuple[Want, ...]:
        return (spans.by_key(Deployment, self.deployment),)


class RecordRelease(msgspec.Struct, frozen=True, kw_only=True):
    """Record that a version is released to an environment, and supported there beside those released before.

    A version that is no longer supported there is again, as the release that it was.
    """

    word: ClassVar[str] = "record_release"
    release: ReleaseId
    application: ApplicationId
    version: str
    environment: EnvironmentId

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return needed(view, self.application, self.environment)

    def arguments(self) -> dict[str, str]:
        return {"application": self.application, "environment": self.environment}

    def reads(self, view: View) -> tuple[Want, ...]:
        application = view.application(self.application)
        number = name(self.version, "/version", "version")
        return (
            spans.by_key(Version, keyed(application.id, number)),
            spans.by_key(Release, self.release),
            spans.of_version(Release, application.id, number),
        )


class EndSupport(msgspec.Struct, frozen=True, kw_only=True):
    """Record that a released version is no longer supported. What has ended stays as it is."""

    word: ClassVar[str] = "end_support"
    release: ReleaseId

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        held = _release(view, self.release)
        return needed(view, held.application, held.environment)

    def arguments(self) -> dict[str, str]:
        return {"release": self.release}

    def reads(self, _view: View) -> tuple[Want, ...]:
        return (spans.by_key(Release, self.release),)


def record_deployment(command: RecordDeployment, view: View, caller: Caller) -> list[Event]:
    """Decide a deployment. Raises NotFound for a version that is not there, Invalid for a bad name of an instance."""
    number = _version(view, command.application, command.version)
    instance = command.instance and name(
        command.instance, "/applicationInstance", "name of an application instance"
    )
    deployed = view.shelf.at_place(
        Deployment, deployments.place(command.environment), application=command.application
    )
    before = next((one for one in deployed if one.instance == (instance or None)), None)
    if before is not None and before.version == number:
        return []
    return [
        events.DeploymentRecorded(
            deployment=command.deployment,
            application=command.application,
            version=number,
            environment=command.environment,
            instance=instance or None,
            replaces=before.id if before else None,
            replaces_version=before.version if before else None,
        )
    ]


def end_deployment(command: EndDeployment, view: View, caller: Caller) -> list[Event]:
    """Decide the end of a deployment. Raises NotFound."""
    held = _deployment(view, command.deployment)
    if held.ended_at is not None:
        return []
    return [
        events.DeploymentEnded(
            deployment=held.id,
            application=held.application,
            version=held.version,
            environment=held.environment,
            instance=held.instance,
        )
    ]


def record_release(command: RecordRelease, view: View, caller: Caller) -> list[Event]:
    """Decide a release. Raises NotFound for a version that is not there."""
    number = _version(view, command.application, command.version)
    released = view.shelf.of_version(Release, command.application, number)
    held = next((one for one in released if one.environment == command.environment), None)
    if held is not None and held.support_ended_at is None:
        return []
    return [
        events.ReleaseRecorded(
            release=held.id if held else command.release,
            application=command.application,
            version=number,
            environment=command.environment,
            support_ended_at_before=held.support_ended_at if held else None,
        )
    ]


def end_support(command: EndSupport, view: View, caller: Caller) -> list[Event]:
    """Decide the end of a release's support. Raises NotFound."""
    held = _release(view, command.release)
    if held.support_ended_at is not None:
        return []
    return [
        events.ReleaseSupportEnded(
            release=held.id,
            application=held.application,
            version=held.version,
            environment=held.environment,
        )
    ]


def needed(view: View, application: ApplicationId, environment: EnvironmentId) -> tuple[Need, ...]:
    """The two conditions, each of which is judged by itself. Raises NotFound."""
    what, where = view.application(application), view.environment(environment)
    return (
        Need("deployment_and_release:record", things.of_deployment(things.of_application(what), where)),
        Need("environment:read", things.of_environment(where)),
    )


def _version(view: View, application: ApplicationId, wanted: str) -> str:
    number = name(wanted, "/version", "version")
    if view.shelf.get(Version, keyed(application, number)) is None:
        raise errors.NotFound(f"{view.application(application).name!r} has no version {number!r}.")
    return number


def _deployment(view: View, deployment: DeploymentId) -> Deployment:
    held = view.shelf.get(Deployment, deployment)
    if held is None:
        raise errors.NotFound(f"There is no deployment {deployment}.")
    return held


def _release(view: View, release: ReleaseId) -> Release:
    held = view.shelf.get(Release, release)
    if held is None:
        raise errors.NotFound(f"There is no release {release}.")
    return held
