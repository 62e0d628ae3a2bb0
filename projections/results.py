"""A verification result as it is true at some moment: what a provider's version made of a consumer's expectations.

It is about a content, not about a version of the consumer: it stays when one contract with the content goes, and counts
for every other that holds it, now or later.
"""

from datetime import datetime
from typing import ClassVar, assert_never

import msgspec

from projections.contents import content_key
from projections.spans import keyed
from service.events import results as events
from service.log.recorded import Foldable
from service.vocabulary import ApplicationId, PrincipalId, ResultId


class VerificationResult(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One verification of one content. `version` is the provider's, `publisher` who published the result."""

    noun: ClassVar[str] = "verification_result"
    id: ResultId
    consumer: ApplicationId
    provider: ApplicationId
    digest: str
    version: str
    number: int
    success: bool
    build_url: str | None
    verifier: str | None
    verifier_version: str | None
    publisher: PrincipalId | None
    created_at: datetime

    @property
    def key(self) -> str:
        """The content and the number: what it is called by on the wire."""
        return result_key(self.place, self.number)

    @property
    def application(self) -> ApplicationId:
        """Whose it is: the provider's, which was verified."""
        return self.provider

    @property
    def place(self) -> str:
        """The content that was verified."""
        return content_key(self.consumer, self.provider, self.digest)


def result_key(content: str, number: int) -> str:
    """The key of a result of the content with this key."""
    return f"{content}/{number}"


def keys(event: events.ResultEvent) -> tuple[str, ...]:
    """The results that an event is about."""
    every = event.results if isinstance(event, events.VerificationResultsRemoved) else (event,)
    return tuple(result_key(content_key(one.consumer, one.provider, one.digest), one.number) for one in every)


def fold(
    _result: VerificationResult | None, event: events.ResultEvent, recorded: Foldable, _key: str
) -> VerificationResult | None:
    """The result after the event, or None once it is gone."""
    match event:
        case events.VerificationPublished():
            return VerificationResult(
                id=event.result,
                consumer=event.consumer,
                provider=event.provider,
                digest=event.digest,
                version=event.version,
                number=event.number,
                success=event.success,
                build_url=event.build_url,
                verifier=event.verifier,
                verifier_version=event.verifier_version,
                publisher=recorded.actor.principal,
                created_at=recorded.recorded_at,
            )
        case events.VerificationDeleted() | events.VerificationResultsRemoved():
            return None
        case _:
            assert_never(event)


def implied_version(event: events.VerificationPublished) -> tuple[str, ...]:
    """The provider's version that a result names: it is there from then on."""
    return (keyed(event.provider, event.version),)
