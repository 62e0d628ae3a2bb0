"""A verification result as it is true at some moment: what a provider's version made of a consumer's expectations."""

from datetime import datetime
from typing import ClassVar, assert_never

import msgspec

from projections.contracts import integration_id
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
        return self.id

    @property
    def application(self) -> ApplicationId:
        """Whose it is: the provider's."""
        return self.provider

    @property
    def place(self) -> str:
        """The content that was verified."""
        return f"{integration_id(self.consumer, self.provider)}/{self.digest}"


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
