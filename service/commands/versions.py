"""What may be asked of an application's versions and their tags. Pure: state in, events out."""

from collections.abc import Iterable

from projections.contracts import Contract
from service.commands import removals, removals_versions
from service.events import Event
from service.events import versions as events
from service.vocabulary import ApplicationId


def described(
    application: ApplicationId, version: str, *, known: bool, before: str | None, build_url: str | None
) -> list[Event]:
    """The facts of a version that is there with this build URL: none where that is so already."""
    if not known:
        return [events.VersionCreated(application=application, version=version, build_url=build_url)]
    if before == build_url:
        return []
    return [
        events.VersionEdited(
            application=application, version=version, build_url_before=before, build_url=build_url
        )
    ]


def tagged(application: ApplicationId, version: str, tag: str, *, already: bool) -> list[Event]:
    """The fact that the version carries the tag: none where it does already."""
    return [] if already else [events.VersionTagged(application=application, version=version, tag=tag)]


def untagged(application: ApplicationId, version: str, tag: str) -> list[Event]:
    """The fact that the version no longer carries the tag."""
    return [events.VersionUntagged(application=application, version=version, tag=tag)]


def deleted(
    application: ApplicationId,
    version: str,
    contracts: Iterable[Contract],
    tags: Iterable[removals_versions.Fact],
    branch_versions: Iterable[removals_versions.Fact],
) -> list[Event]:
    """The facts of a version's deletion: a parent, and children that list what vanishes with it."""
    gone = list(contracts)
    return [
        events.VersionDeleted(application=application, version=version, contracts=len(gone)),
        *removals.contracts_removed(gone),
        *removals_versions.tags_removed(tags),
        *removals_versions.branch_versions_removed(branch_versions),
    ]
