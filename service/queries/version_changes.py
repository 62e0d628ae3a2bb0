"""What a record of versions, tags, branches or labels changed, field by field."""

from collections.abc import Iterable
from typing import assert_never

from service.events import branches, labels, versions
from service.queries import versioning
from service.queries.changed import Changed, Member, ended, made, one
from service.queries.names import Names


def changes(event: versioning.VersioningEvent, names: Names) -> tuple[Changed, ...]:
    """The fields that the event changed. What vanished with something is listed by its deletion's children."""
    if isinstance(event, versions.VersionEvent):
        return _version(event, names)
    if isinstance(event, branches.BranchEvent):
        return _branch(event, names)
    return _label(event, names)


def _version(event: versions.VersionEvent, names: Names) -> tuple[Changed, ...]:
    match event:
        case versions.VersionCreated():
            return made(version=event.version, buildUrl=event.build_url)
        case versions.VersionEdited():
            return one("buildUrl", event.build_url_before, event.build_url)
        case versions.VersionDeleted():
            return ended(version=event.version, contracts=event.contracts)
        case versions.VersionTagged():
            return _related("tags", event.tag, gone=False)
        case versions.VersionUntagged():
            return _related("tags", event.tag, gone=True)
        case versions.VersionsRemoved():
            return _removed(
                "versions", (row.version for row in event.versions), versioning.rows(event, names)
            )
        case versions.TagsRemoved():
            return _removed("tags", (row.tag for row in event.tags), versioning.rows(event, names))
        case _:
            assert_never(event)


def _branch(event: branches.BranchEvent, names: Names) -> tuple[Changed, ...]:
    match event:
        case branches.VersionPutOnBranch():
            return _related("branches", event.branch, gone=False)
        case branches.VersionTakenOffBranch():
            return _related("branches", event.branch, gone=True)
        case branches.BranchDeleted():
            return ended(branch=event.branch, versions=event.versions)
        case branches.BranchesDeleted():
            return ended(branches=event.branches, versions=event.versions)
        case branches.BranchesRemoved():
            called = versioning.branch_rows(event, names)
            return _removed("branches", (row.branch for row in event.branches), called)
        case branches.BranchVersionsRemoved():
            called = versioning.branch_rows(event, names)
            return _removed("branchVersions", (row.version for row in event.branch_versions), called)
        case _:
            assert_never(event)


def _label(event: labels.LabelEvent, names: Names) -> tuple[Changed, ...]:
    match event:
        case labels.LabelAdded():
            return _related("labels", event.label, gone=False)
        case labels.LabelRemoved():
            return _related("labels", event.label, gone=True)
        case labels.LabelsRemoved():
            called = versioning.label_rows(event, names)
            return _removed("labels", (row.label for row in event.labels), called)
        case _:
            assert_never(event)


def _related(field: str, word: str, *, gone: bool) -> tuple[Changed, ...]:
    member = (Member(id=word, name=word),)
    return (Changed(field=field, removed=member) if gone else Changed(field=field, added=member),)


def _removed(field: str, ids: Iterable[str], called: Iterable[str]) -> tuple[Changed, ...]:
    gone = tuple(Member(id=row, name=name) for row, name in zip(ids, called, strict=True))
    return (Changed(field=field, removed=gone),)
