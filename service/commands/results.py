"""What may be asked of verification results. The provider decides: it is the provider that was verified."""

from projections.results import VerificationResult
from service.events import results as events
from service.vocabulary import ApplicationId, ResultId


def published(
    result: ResultId,
    pair: tuple[ApplicationId, ApplicationId],
    digest: str,
    version: str,
    number: int,
    success: bool,
) -> events.VerificationPublished:
    """A result of verifying the content `digest` of the pair's contract."""
    return events.VerificationPublished(
        result=result,
        consumer=pair[0],
        provider=pair[1],
        digest=digest,
        version=version,
        number=number,
        success=success,
    )


def deleted(result: VerificationResult) -> events.VerificationDeleted:
    """The deletion of this one result."""
    return events.VerificationDeleted(
        result=result.id,
        consumer=result.consumer,
        provider=result.provider,
        digest=result.digest,
        version=result.version,
        number=result.number,
        success=result.success,
    )
