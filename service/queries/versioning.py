"""What happened to versions, tags, branches and labels in words, for the sentences of the trail."""

from typing import assert_never

from service.events import branches, labels, versions
from service.queries import wording
from service.queries.names import Names

VersioningEvent = versions.VersionEvent | branches.BranchEvent | labels.LabelEvent


def sentence(event: VersioningEvent, names: Names) -> str:
    """What somebody did, without who."""
    if isinstance(event, versions.VersionEvent):
        return _version(event, names)
    if isinstance(event, branches.BranchEvent):
        return _branch(event, names)
    return _label(event, names)


def rows(event: versions.VersionsRemoved | versions.TagsRemoved, names: Names) -> list[str]:
    """What each removed version or tag is called: `Foo/1`, `Foo/1/prod`."""
    match event:
        case versions.VersionsRemoved():
            return [f"{names.application(one.application)}/{one.version}" for one in event.versions]
        case versions.TagsRemoved():
            return [f"{names.application(one.application)}/{one.version}/{one.tag}" for one in event.tags]
        case _:
            assert_never(event)


def branch_rows(event: branches.BranchesRemoved | branches.BranchVersionsRemoved, names: Names) -> list[str]:
    """What each removed branch, or version of a branch, is called: `Foo/main`, `Foo/main/1`."""
    match event:
        case branches.BranchesRemoved():
            return [f"{names.application(one.application)}/{one.branch}" for one in event.branches]
        case branches.BranchVersionsRemoved():
            return [
                f"{names.application(one.application)}/{one.branch}/{one.version}"
                for one in event.branch_versions
            ]
        case _:
            assert_never(event)


def label_rows(event: labels.LabelsRemoved, names: Names) -> list[str]:
    """What each removed label is called: `Foo/web`."""
    return [f"{names.application(one.application)}/{one.label}" for one in event.labels]


def _version(event: versions.VersionEvent, names: Names) -> str:
    match event:
        case versions.VersionCreated():
            return (
                f"created version {event.version} of the application {names.application(event.application)}"
            )
        case versions.VersionEdited():
            which = f"version {event.version} of the application {names.application(event.application)}"
            before, after = event.build_url_before or "nothing", event.build_url or "nothing"
            return f"changed where {which} was built from {before} to {after}"
        case versions.VersionDeleted():
            which = f"version {event.version} of the application {names.application(event.application)}"
            return f"deleted {which} with {wording.counted(event.contracts, 'contract')}"
        case versions.VersionTagged():
            application = names.application(event.application)
            return f"tagged version {event.version} of the application {application} as {event.tag}"
        case versions.VersionUntagged():
            which = f"version {event.version} of the application {names.application(event.application)}"
            return f"took the tag {event.tag} from {which}"
        case versions.VersionsRemoved():
            gone = rows(event, names)
            return f"thereby removed the {wording.plural('version', gone)} {wording.listed(gone)}"
        case versions.TagsRemoved():
            gone = rows(event, names)
            return f"thereby removed the {wording.plural('tag', gone)} {wording.listed(gone)}"
        case _:
            assert_never(event)


def _branch(event: branches.BranchEvent, names: Names) -> str:
    match event:
        case branches.VersionPutOnBranch():
            application = names.application(event.application)
            return (
                f"put version {event.version} of the application {application} on the branch {event.branch}"
            )
        case branches.VersionTakenOffBranch():
            application = names.application(event.application)
            return (
                f"took version {event.version} of the application {application} off the branch {event.branch}"
            )
        case branches.BranchDeleted():
            application = names.application(event.application)
            held = wording.counted(event.versions, "version")
            return f"deleted the branch {event.branch} of the application {application}, which held {held}"
        case branches.BranchesDeleted():
            application = names.application(event.application)
            many = "1 branch" if event.branches == 1 else f"{event.branches} branches"
            held = wording.counted(event.versions, "version")
            return f"deleted {many} of the application {application}, which held {held}"
        case branches.BranchesRemoved():
            gone = branch_rows(event, names)
            return f"thereby removed the {'branch' if len(gone) == 1 else 'branches'} {wording.listed(gone)}"
        case branches.BranchVersionsRemoved():
            gone = branch_rows(event, names)
            return f"thereby took from its branch {wording.listed(gone)}"
        case _:
            assert_never(event)


def _label(event: labels.LabelEvent, names: Names) -> str:
    match event:
        case labels.LabelAdded():
            return f"labelled the application {names.application(event.application)} as {event.label}"
        case labels.LabelRemoved():
            return f"took the label {event.label} from the application {names.application(event.application)}"
        case labels.LabelsRemoved():
            gone = label_rows(event, names)
            return f"thereby removed the {wording.plural('label', gone)} {wording.listed(gone)}"
        case _:
            assert_never(event)
