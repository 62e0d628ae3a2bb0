"""What may be asked of an application's versions and their tags. Pure: state in, events out.

Whoever may change the application may change these (section 3.4 of the vendor's rules); where it is not here yet, it is
made, which takes the right to make one.
"""

from typing import ClassVar

import msgspec

from projections import spans, things
from projections.branches import BranchVersion
from projections.contents import Content, content_key
from projections.contracts import Contract
from projections.deployments import Deployment, Release
from projections.results import VerificationResult
from projections.spans import keyed
from projections.versions import Tag, Version
from projections.view import View
from service import errors
from service.commands import applications, removals, removals_deployments, removals_versions
from service.commands.order import Caller, Need
from service.events import Event
from service.events import versions as events
from service.vocabulary import URL_LENGTH_MAX, ApplicationId, line, name

TAGS_MAX = 100
"""Tags that one order may give to a version."""


class DescribeVersion(msgspec.Struct, frozen=True, kw_only=True):
    """Say that there is a version, and what is known of it; the application is made if it is not here yet.

    A build URL that is UNSET stays, None takes it away. `tags` replace those of the version; None leaves them.
    """

    word: ClassVar[str] = "describe_version"
    application: str
    application_id: ApplicationId
    version: str
    build_url: str | msgspec.UnsetType | None = msgspec.UNSET
    tags: tuple[str, ...] | None = None

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (applications.managing(view, self.application, caller),)

    def arguments(self) -> dict[str, str]:
        return {}

    def reads(self, view: View) -> tuple[spans.Want, ...]:
        """The version, and its tags."""
        application, version = view.application_named(name(self.application)), number(self.version)
        if application is None:
            return ()
        return (
            spans.by_key(Version, keyed(application.id, version)),
            spans.of_version(Tag, application.id, version),
        )


class DeleteVersion(msgspec.Struct, frozen=True, kw_only=True):
    """Delete a version with its contracts and results, its tags, its places on branches and where it was deployed."""

    word: ClassVar[str] = "delete_version"
    application: ApplicationId
    version: str

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (managing(view, self.application),)

    def arguments(self) -> dict[str, str]:
        return {"application": self.application}

    def reads(self, view: View) -> tuple[spans.Want, ...]:
        """All that the version has, and the contents of its contracts with their results."""
        application, version = self.application, number(self.version)
        contents = [
            content_key(one.consumer, one.provider, one.digest)
            for one in contracts_of(view, application, version)
        ]
        return (
            spans.by_key(Version, keyed(application, version)),
            *(
                spans.of_version(fact, application, version)
                for fact in (Tag, BranchVersion, VerificationResult, Deployment, Release)
            ),
            *(spans.by_key(Content, content) for content in contents),
            *(spans.at_place(VerificationResult, content) for content in contents),
        )


class TagVersion(msgspec.Struct, frozen=True, kw_only=True):
    """Give a version a tag; the version, and the application, are made if they are not here yet."""

    word: ClassVar[str] = "tag_version"
    application: str
    application_id: ApplicationId
    version: str
    tag: str

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (applications.managing(view, self.application, caller),)

    def arguments(self) -> dict[str, str]:
        return {}

    def reads(self, view: View) -> tuple[spans.Want, ...]:
        """The tag."""
        application = view.application_named(name(self.application))
        if application is None:
            return ()
        return (spans.by_key(Tag, keyed(application.id, number(self.version), tag_name(self.tag))),)


class UntagVersion(msgspec.Struct, frozen=True, kw_only=True):
    """Take a tag from a version, which stays."""

    word: ClassVar[str] = "untag_version"
    application: ApplicationId
    version: str
    tag: str

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        return (managing(view, self.application),)

    def arguments(self) -> dict[str, str]:
        return {"application": self.application}

    def reads(self, view: View) -> tuple[spans.Want, ...]:
        """The tag."""
        return (spans.by_key(Tag, keyed(self.application, number(self.version), tag_name(self.tag))),)


def describe_version(command: DescribeVersion, view: View, caller: Caller) -> list[Event]:
    """Decide what is said of a version. Saying what is so already changes nothing. Raises Invalid."""
    version = number(command.version)
    application, made = applications.found_or_made(view, command.application, command.application_id, caller)
    shelf = view.shelf
    held = None if made else shelf.get(Version, keyed(application, version))
    tags = [] if made else [one.name for one in shelf.of_version(Tag, application, version)]
    before = held.build_url if held else None
    build_url = before if command.build_url is msgspec.UNSET else build_address(command.build_url)
    wanted = tags if command.tags is None else tag_names(command.tags)
    return [
        *made,
        *described(application, version, known=held is not None, before=before, build_url=build_url),
        *(one for tag in tags if tag not in wanted for one in untagged(application, version, tag)),
        *(one for tag in wanted for one in tagged(application, version, tag, already=tag in tags)),
    ]


def delete_version(command: DeleteVersion, view: View, caller: Caller) -> list[Event]:
    """Decide a deletion: a parent, and children that list what vanishes with the version. Raises NotFound."""
    application, version, shelf = command.application, number(command.version), view.shelf
    if shelf.get(Version, keyed(application, version)) is None:
        raise errors.NotFound(f"No version with number '{version}' found")
    contracts = contracts_of(view, application, version)
    parent = events.VersionDeleted(application=application, version=version, contracts=len(contracts))
    return [
        parent,
        *removals_deployments.deployments_removed(shelf.of_version(Deployment, application, version)),
        *removals_deployments.releases_removed(shelf.of_version(Release, application, version)),
        *removals.results_removed(_results(view, application, version, contracts)),
        *removals.contracts_removed(contracts),
        *removals_versions.tags_removed(
            removals.oldest_first(shelf.of_version(Tag, application, version)),
        ),
        *removals_versions.branch_versions_removed(
            removals.oldest_first(shelf.of_version(BranchVersion, application, version))
        ),
    ]


def tag_version(command: TagVersion, view: View, caller: Caller) -> list[Event]:
    """Decide a tag. A tag that is there already changes nothing. Raises Invalid."""
    version, tag = number(command.version), tag_name(command.tag)
    application, made = applications.found_or_made(view, command.application, command.application_id, caller)
    already = not made and view.shelf.get(Tag, keyed(application, version, tag)) is not None
    return [*made, *tagged(application, version, tag, already=already)]


def untag_version(command: UntagVersion, view: View, caller: Caller) -> list[Event]:
    """Decide that a tag is taken away. Raises NotFound."""
    version, tag = number(command.version), tag_name(command.tag)
    if view.shelf.get(Tag, keyed(command.application, version, tag)) is None:
        raise errors.NotFound(f"No tag '{tag}' found on version '{version}'")
    return untagged(command.application, version, tag)


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


def contracts_of(view: View, application: ApplicationId, version: str) -> list[Contract]:
    """The contracts that a version has as a consumer."""
    found = (
        view.contract_of(application, one.provider, version)
        for one in view.integrations_of(application)
        if one.consumer == application
    )
    return [one for one in found if one is not None]


def managing(view: View, application: ApplicationId) -> Need:
    """What it takes to change what an application has (section 3.4). Raises NotFound."""
    return Need("contract_data:manage", things.of_application(view.application(application)))


def number(text: str, pointer: str = "version") -> str:
    """A version's number as it is kept, or Invalid."""
    return name(text, pointer, "version")


def tag_name(text: str, pointer: str = "tag") -> str:
    """A tag as it is kept, or Invalid."""
    return name(text, pointer, "tag")


def build_address(text: str | None) -> str | None:
    """Where a version was built, as it is kept; None for an empty text. Raises Invalid."""
    return (line(text, "/buildUrl", "build URL", URL_LENGTH_MAX) or None) if text is not None else None


def tag_names(given: tuple[str, ...]) -> list[str]:
    """Tags as they are kept, each once. Raises Invalid."""
    if len(given) > TAGS_MAX:
        raise errors.Invalid(f"A version can be given at most {TAGS_MAX} tags at once.", "/tags")
    return list(dict.fromkeys(tag_name(one, f"/tags/{index}") for index, one in enumerate(given)))


def _results(
    view: View, application: ApplicationId, version: str, contracts: list[Contract]
) -> list[VerificationResult]:
    """Those that the version published as a provider, and those of contents that only its own contracts held."""
    found = view.shelf.of_version(VerificationResult, application, version)
    for contract in contracts:
        key = content_key(contract.consumer, contract.provider, contract.digest)
        content = view.shelf.get(Content, key)
        if content is None or content.contracts <= 1:
            found += view.shelf.at_place(VerificationResult, key)
    return list({one.id: one for one in found}.values())
