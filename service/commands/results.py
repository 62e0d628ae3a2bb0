"""What may be asked of verification results. The provider decides: it is the provider that was verified."""

import re
from typing import ClassVar, Final

import msgspec

from projections import spans, things
from projections.contents import Content, content_key
from projections.results import VerificationResult, result_key
from projections.spans import Want
from projections.view import View
from service import errors
from service.commands import triggers
from service.commands.order import Caller, Need
from service.events import Event
from service.events import results as events
from service.vocabulary import URL_LENGTH_MAX, ApplicationId, ResultId, line, name

_WEB_ADDRESS: Final = re.compile(r"https?://\S+")


class _OfContent(msgspec.Struct, frozen=True, kw_only=True):
    """What both orders share: which content the result is of, and that the provider must be within reach."""

    consumer: ApplicationId
    provider: ApplicationId
    digest: str

    def needs(self, view: View, caller: Caller) -> tuple[Need, ...]:
        """Section 3.4: W on the provider; the consumer's teams do not matter."""
        return (Need("contract_data:manage", things.of_application(view.application(self.provider))),)

    def arguments(self) -> dict[str, str]:
        return {"consumer": self.consumer, "provider": self.provider, "digest": self.digest}


class PublishVerification(_OfContent, frozen=True, kw_only=True):
    """Publish what a version of the provider made of one content. The version is made if it is not here yet.

    Each is a fact of its own: whoever verifies the same version again has verified it twice.
    """

    word: ClassVar[str] = "publish_verification"
    result: ResultId
    version: str
    success: bool
    build_url: str | None = None
    verifier: str | None = None
    verifier_version: str | None = None

    def reads(self, view: View) -> tuple[Want, ...]:
        """The content, and the labels by which webhooks select."""
        pair = (self.consumer, self.provider)
        return (spans.by_key(Content, content_key(*pair, self.digest)), *triggers.reads_of_result(view, pair))


class DeleteVerification(_OfContent, frozen=True, kw_only=True):
    """Delete one verification result."""

    word: ClassVar[str] = "delete_verification"
    number: int

    def reads(self, view: View) -> tuple[Want, ...]:
        return (spans.by_key(VerificationResult, self._key()),)

    def found(self, view: View) -> VerificationResult:
        """The result that is meant. Raises NotFound."""
        found = view.shelf.get(VerificationResult, self._key())
        if found is None:
            raise errors.NotFound("There is no such verification result.")
        return found

    def _key(self) -> str:
        return result_key(content_key(self.consumer, self.provider, self.digest), self.number)


def publish_verification(command: PublishVerification, view: View, caller: Caller) -> list[Event]:
    """Decide a publication. Raises NotFound where nobody holds the content, Invalid for a bad version or address."""
    if view.shelf.get(Content, content_key(command.consumer, command.provider, command.digest)) is None:
        raise errors.NotFound("No contract of the two has this content.")
    build = line(command.build_url or "", "/buildUrl", "build's address", URL_LENGTH_MAX) or None
    if build is not None and not _WEB_ADDRESS.fullmatch(build):
        raise errors.Invalid("The build's address must begin with http:// or https://.", "/buildUrl")
    return [
        events.VerificationPublished(
            result=command.result,
            consumer=command.consumer,
            provider=command.provider,
            digest=command.digest,
            version=name(command.version, "/providerApplicationVersion", "version"),
            # The next position is nobody else's, so neither is the number.
            number=view.position + 1,
            success=command.success,
            build_url=build,
            verifier=line(command.verifier or "", "/verifiedBy/implementation") or None,
            verifier_version=line(command.verifier_version or "", "/verifiedBy/version") or None,
        )
    ]


def delete_verification(command: DeleteVerification, view: View, caller: Caller) -> list[Event]:
    """Decide the deletion of one result. Raises NotFound."""
    result = command.found(view)
    return [
        events.VerificationDeleted(
            result=result.id,
            consumer=result.consumer,
            provider=result.provider,
            digest=result.digest,
            version=result.version,
            number=result.number,
            success=result.success,
        )
    ]
