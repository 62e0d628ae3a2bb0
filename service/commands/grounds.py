"""What a fact that is to come back stands on: its version, and for a verification result the content that was verified.

Without that it would be a deployment of a version that nobody knows, or a result of what nobody holds, which would
count for whoever publishes the same content again. Pure.
"""

from collections.abc import Mapping

from projections.contents import Content, content_key
from projections.labels import Label
from projections.results import VerificationResult
from projections.spans import Fact, keyed
from projections.versions import Version
from projections.view import View
from service.commands.undoing import Plan, Side
from service.vocabulary import ApplicationId


class Ground:
    """What is there already, or comes back by the same plan. Versions are to be asked about before what has them."""

    def __init__(self, plan: Plan, view: View) -> None:
        self._view = view
        self._versions = {(one.consumer, one.version) for one in plan.contracts}
        self._contents = {content_key(one.consumer, one.provider, one.digest) for one in plan.contracts}

    def holds(self, fact: Fact, sides: Mapping[ApplicationId, Side]) -> bool:
        """Whether the fact, as it was, has what it stands on. A version asked about is there from then on."""
        side = sides[fact.application]
        if isinstance(fact, Version):
            self._versions.add((side.id, fact.version))
            return True
        if isinstance(fact, Label):
            return True
        return self._version(side, fact.version) and (
            not isinstance(fact, VerificationResult) or self._content(fact, sides)
        )

    def _version(self, side: Side, version: str) -> bool:
        if (side.id, version) in self._versions:
            return True
        return side.lives is not None and self._view.shelf.get(Version, keyed(side.id, version)) is not None

    def _content(self, result: VerificationResult, sides: Mapping[ApplicationId, Side]) -> bool:
        consumer, provider = sides[result.consumer], sides[result.provider]
        key = content_key(consumer.id, provider.id, result.digest)
        if key in self._contents:
            return True
        living = consumer.lives is not None and provider.lives is not None
        return living and self._view.shelf.get(Content, key) is not None
