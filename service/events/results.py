"""What can happen to verification results: a provider's version was tried against what a consumer expects of it."""

import msgspec

from service.vocabulary import ApplicationId, ResultId


class VerificationPublished(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="kind", tag="verification.published"
):
    """A provider's version passed or failed the verification of one content of its contract with a consumer.

    `digest` names the content, `version` is the provider's. `number` is what it is called by on the wire: it grows from
    one result to the next, and is never given twice. `verifier` and `verifier_version` are the tool that tried it, as
    it calls itself.
    """

    result: ResultId
    consumer: ApplicationId
    provider: ApplicationId
    digest: str
    version: str
    number: int
    success: bool
    build_url: str | None = None
    verifier: str | None = None
    verifier_version: str | None = None


class VerificationDeleted(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="kind", tag="verification.deleted"
):
    """One verification result is gone."""

    result: ResultId
    consumer: ApplicationId
    provider: ApplicationId
    digest: str
    version: str
    number: int
    success: bool


class RemovedResult(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One result that a larger deletion took: [id, consumer, provider, digest, provider's version, number]."""

    result: ResultId
    consumer: ApplicationId
    provider: ApplicationId
    digest: str
    version: str
    number: int


class VerificationResultsRemoved(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="verification_results.removed"
):
    """Child of a larger deletion: exactly which verification results vanished, as many as fit one record."""

    results: tuple[RemovedResult, ...]


ResultEvent = VerificationPublished | VerificationDeleted | VerificationResultsRemoved
