"""Versions of an application and their tags, as they are true at some moment.

A version is there from the first record that names it, whichever kind that is, until one removes it.
"""

from datetime import datetime
from typing import ClassVar, assert_never

import msgspec

from projections.spans import SEPARATOR, keyed
from service.events import branches as branch_events
from service.events import contracts as contract_events
from service.events import versions as events
from service.log.recorded import Foldable
from service.vocabulary import ApplicationId, PrincipalId

OneVersionEvent = (
    events.VersionCreated | events.VersionEdited | events.VersionDeleted | events.VersionsRemoved
)
TagEvent = events.VersionTagged | events.VersionUntagged | events.TagsRemoved


class Version(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A version, by its number, which is any text that its publisher chose. `build_url`: where it was built."""

    noun: ClassVar[str] = "version"
    place: ClassVar[str] = ""
    application: ApplicationId
    version: str
    build_url: str | None = None
    creator: PrincipalId | None
    created_at: datetime
    updated_at: datetime

    @property
    def key(self) -> str:
        """Of which application, and its number."""
        return keyed(self.application, self.version)


class Tag(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """That a version carries a tag."""

    noun: ClassVar[str] = "tag"
    application: ApplicationId
    version: str
    name: str
    created_at: datetime

    @property
    def key(self) -> str:
        """Of which application, the version and the tag."""
        return keyed(self.application, self.version, self.name)

    @property
    def place(self) -> str:
        """The tag's name."""
        return self.name


def fold(version: Version | None, event: OneVersionEvent, recorded: Foldable, key: str) -> Version | None:
    """The version after the event, or None once it is gone."""
    match event:
        case events.VersionCreated() | events.VersionEdited():
            held = version or _made(recorded, key)
            return msgspec.structs.replace(held, build_url=event.build_url, updated_at=recorded.recorded_at)
        case events.VersionDeleted() | events.VersionsRemoved():
            return None
        case _:
            assert_never(event)


def keys(event: OneVersionEvent) -> tuple[str, ...]:
    """The versions that an event is about."""
    if isinstance(event, events.VersionsRemoved):
        return tuple(keyed(one.application, one.version) for one in event.versions)
    return (keyed(event.application, event.version),)


def fold_implied(version: Version | None, _event: object, recorded: Foldable, key: str) -> Version:
    """The version that an event of any other kind names, made if it was not there."""
    return version or _made(recorded, key)


def implied_by_contract(event: contract_events.ContractPublished) -> tuple[str, ...]:
    """The version that a publication names."""
    return (keyed(event.consumer, event.version),)


def implied(event: events.VersionTagged | branch_events.VersionPutOnBranch) -> tuple[str, ...]:
    """The version that a tag or a branch is given to."""
    return (keyed(event.application, event.version),)


def fold_tag(tag: Tag | None, event: TagEvent, recorded: Foldable, _key: str) -> Tag | None:
    """The tag after the event, or None once it is gone."""
    match event:
        case events.VersionTagged():
            return tag or Tag(
                application=event.application,
                version=event.version,
                name=event.tag,
                created_at=recorded.recorded_at,
            )
        case events.VersionUntagged() | events.TagsRemoved():
            return None
        case _:
            assert_never(event)


def tag_keys(event: TagEvent) -> tuple[str, ...]:
    """The tags that an event is about."""
    if isinstance(event, events.TagsRemoved):
        return tuple(keyed(one.application, one.version, one.tag) for one in event.tags)
    return (keyed(event.application, event.version, event.tag),)


def _made(recorded: Foldable, key: str) -> Version:
    application, _, number = key.partition(SEPARATOR)
    return Version(
        application=ApplicationId(application),
        version=number,
        creator=recorded.actor.principal,
        created_at=recorded.recorded_at,
        updated_at=recorded.recorded_at,
    )
