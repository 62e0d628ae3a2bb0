"""What a consumer and a provider agreed on, by the digest of its text: many versions may hold the same.

A verification result is about a content, not about a version of the consumer. It ends with the last contract of
the pair that holds the content.
"""

from datetime import datetime
from typing import ClassVar, assert_never

import msgspec

from service.events import contracts as events
from service.events.deletions import ContractsRestored
from service.log.recorded import Foldable
from service.vocabulary import ApplicationId, ContractId

ContentEvent = events.ContractPublished | events.ContractDeleted | events.ContractsRemoved | ContractsRestored


class Content(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One content of a pair. `contracts` counts who holds it; `newest` is the last one that was published with it."""

    noun: ClassVar[str] = "content"
    version: ClassVar[str] = ""
    consumer: ApplicationId
    provider: ApplicationId
    digest: str
    contracts: int
    newest: ContractId
    created_at: datetime

    @property
    def application(self) -> ApplicationId:
        """The consumer's: it is the consumer's contract."""
        return self.consumer

    @property
    def key(self) -> str:
        """The pair and the digest."""
        return content_key(self.consumer, self.provider, self.digest)

    @property
    def place(self) -> str:
        """The same: what is under a consumer, or under a pair, is found by how it begins."""
        return self.key


def content_key(consumer: str, provider: str, digest: str = "") -> str:
    """The key of a content, or without a digest how those of a pair begin."""
    return f"{consumer}/{provider}/{digest}"


def keys(event: ContentEvent) -> tuple[str, ...]:
    """The contents that an event is about; one that several contracts lose or hold again is named as often."""
    match event:
        case events.ContractPublished():
            digests = dict.fromkeys((event.digest, event.replaces or event.digest))
            return tuple(content_key(event.consumer, event.provider, digest) for digest in digests)
        case events.ContractDeleted():
            return (content_key(event.consumer, event.provider, event.digest),)
        case events.ContractsRemoved() | ContractsRestored():
            return tuple(content_key(one.consumer, one.provider, one.digest) for one in event.contracts)
        case _:
            assert_never(event)


def fold(content: Content | None, event: ContentEvent, recorded: Foldable, key: str) -> Content | None:
    """The content after the event, or None once nobody holds it."""
    match event:
        case events.ContractPublished():
            return _published(content, event, recorded, key)
        case events.ContractDeleted() | events.ContractsRemoved():
            return _fewer(content)
        case ContractsRestored():
            return _restored(content, event, key)
        case _:
            assert_never(event)


def _published(
    content: Content | None, event: events.ContractPublished, recorded: Foldable, key: str
) -> Content | None:
    if not key.endswith(event.digest):
        return _fewer(content)  # the content that was replaced
    more = int(event.replaces != event.digest)
    if content is None:
        return Content(
            consumer=event.consumer,
            provider=event.provider,
            digest=event.digest,
            contracts=1,
            newest=event.contract,
            created_at=recorded.recorded_at,
        )
    return msgspec.structs.replace(content, contracts=content.contracts + more, newest=event.contract)


def _restored(content: Content | None, event: ContractsRestored, key: str) -> Content:
    """One contract more. What was published meanwhile stays the newest; otherwise the last that is here again is."""
    if content is not None:
        return msgspec.structs.replace(content, contracts=content.contracts + 1)
    digest = key.rpartition("/")[2]  # a record names a hundred contracts, and each of their contents asks
    alike = [one for one in event.contracts if one.digest == digest]
    rows = [one for one in alike if key == content_key(one.consumer, one.provider, digest)]
    return Content(
        consumer=rows[0].consumer,
        provider=rows[0].provider,
        digest=rows[0].digest,
        contracts=1,
        newest=rows[-1].contract,
        created_at=rows[0].created_at,
    )


def _fewer(content: Content | None) -> Content | None:
    if content is None or content.contracts <= 1:
        return None
    return msgspec.structs.replace(content, contracts=content.contracts - 1)
