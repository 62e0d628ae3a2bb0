"""Verification results of contents that nobody holds any more: they end with the last contract that held theirs."""

from collections.abc import Iterable

from projections import spans
from projections.contents import Content, content_key
from projections.contracts import Contract
from projections.results import VerificationResult
from projections.view import View
from service.commands import removals
from service.events import Event
from service.events.contracts import ContractPublished
from service.vocabulary import ApplicationId


def results_removed(pair: tuple[ApplicationId, ApplicationId], digest: str, view: View) -> list[Event]:
    """Those that vanish where one contract less holds the content; what `wanted` says was read."""
    key = content_key(*pair, digest)
    content = view.shelf.get(Content, key)
    if content is not None and content.contracts > 1:
        return []
    return removals.results_removed(view.shelf.at_place(VerificationResult, key))


def of_replaced(published: Iterable[ContractPublished], view: View) -> list[Event]:
    """Those of contents that were replaced."""
    return [
        event
        for one in published
        if one.replaces not in (None, one.digest)
        for event in results_removed((one.consumer, one.provider), one.replaces or "", view)
    ]


def wanted(contract: Contract) -> tuple[spans.Want, ...]:
    """What has to be read to know them: who holds the contract's content, and its results."""
    key = content_key(contract.consumer, contract.provider, contract.digest)
    return (spans.by_key(Content, key), spans.at_place(VerificationResult, key))
