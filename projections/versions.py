"""A version of an application as it is true at some moment. It is there from the first record that names it."""

from datetime import datetime
from typing import ClassVar

import msgspec

from projections.spans import keyed
from service.events import contracts as contract_events
from service.log.recorded import Foldable
from service.vocabulary import ApplicationId, PrincipalId

ImplyingVersion = contract_events.ContractPublished
"""What names a version that may not have been there: then it is from here on."""


class Version(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A version, by its number, which is any text that its publisher chose."""

    noun: ClassVar[str] = "version"
    place: ClassVar[str] = ""
    application: ApplicationId
    version: str
    creator: PrincipalId | None
    created_at: datetime
    updated_at: datetime

    @property
    def key(self) -> str:
        """Of which application, and its number."""
        return keyed(self.application, self.version)


def fold_implied(version: Version | None, _event: ImplyingVersion, recorded: Foldable, key: str) -> Version:
    """The version, made if it was not there."""
    if version is not None:
        return version
    application, _, number = key.partition("\t")
    return Version(
        application=ApplicationId(application),
        version=number,
        creator=recorded.actor.principal,
        created_at=recorded.recorded_at,
        updated_at=recorded.recorded_at,
    )


def implied_by_contract(event: contract_events.ContractPublished) -> tuple[str, ...]:
    """The version that a publication names."""
    return (keyed(event.consumer, event.version),)
