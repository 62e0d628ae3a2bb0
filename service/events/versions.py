"""What can happen to the versions of an application and to their tags.

A version exists from the first record that names it, whichever kind that is, until one of these removes it.
"""

import msgspec

from service.vocabulary import ApplicationId


class VersionCreated(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="version.created"):
    """The application has this version. `version` is its number, any line of text."""

    application: ApplicationId
    version: str
    build_url: str | None = None


class VersionEdited(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="version.edited"):
    """Where the version was built is said otherwise; None where it was not said or no longer is."""

    application: ApplicationId
    version: str
    build_url_before: str | None
    build_url: str | None


class VersionDeleted(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="version.deleted"):
    """The version is gone; children of the same correlation list what vanished with it.

    `contracts` counts its contracts. A version made later under the same number is another one.
    """

    application: ApplicationId
    version: str
    contracts: int = 0


class VersionTagged(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="version.tagged"):
    """The version carries the tag, and exists from here on if it did not."""

    application: ApplicationId
    version: str
    tag: str


class VersionUntagged(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="version.untagged"):
    """The version no longer carries the tag; it stays itself."""

    application: ApplicationId
    version: str
    tag: str


class RemovedVersion(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One version that a deletion took: [application, version]."""

    application: ApplicationId
    version: str


class VersionsRemoved(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="versions.removed"):
    """Child of a deletion: exactly which versions vanished, as many as fit one record."""

    versions: tuple[RemovedVersion, ...]


class RemovedTag(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One tag that a deletion took from a version: [application, version, tag]."""

    application: ApplicationId
    version: str
    tag: str


class TagsRemoved(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="tags.removed"):
    """Child of a deletion: exactly which tags vanished, as many as fit one record."""

    tags: tuple[RemovedTag, ...]


VersionEvent = (
    VersionCreated
    | VersionEdited
    | VersionDeleted
    | VersionTagged
    | VersionUntagged
    | VersionsRemoved
    | TagsRemoved
)
