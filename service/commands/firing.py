"""What an order brings about beside what it does: requests that webhooks send. Pure.

The records are the outbox: they stand in the log with their cause, in one transaction, so that nothing is sent for what
did not happen, and nothing that happened is forgotten, whatever becomes of the service.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final

from projections.contents import Content, content_key
from projections.contracts import Contract
from projections.view import View
from projections.webhooks import Webhook
from service import errors
from service.commands import Command, occurring, triggers
from service.commands.contracts import PublishContract, PublishContracts
from service.commands.occurring import Occurrence, Pair
from service.commands.packing import packed
from service.commands.results import PublishVerification
from service.events import Event
from service.events.contracts import ContractPublished
from service.events.results import VerificationPublished
from service.events.webhooks import Delivery, WebhooksTriggered
from service.vocabulary import ContractId, DeliveryId, ResultId

DELIVERIES_MAX: Final = 20_000
"""Requests that one order may bring about: what needs more is refused, so that no order holds everybody up."""
_NEWEST_LOOKED_AT: Final = 1_000
_DELIVERIES_BYTES_MAX: Final = 32_768
_DELIVERY_BYTES: Final = 2 * 38 + 4  # two ids in quotes, and what stands around and between them
_Fired = tuple[Occurrence, list[Webhook]]


def fired(
    command: Command, decided: Iterable[Event], before: View, new_id: Callable[[], str]
) -> list[WebhooksTriggered]:
    """What webhooks owe for an order that leaves these events, by the state `before` them.

    A publication fires whether or not it changes anything: whoever publishes the same again asks for the same again.
    Nothing else fires, whatever it does: no deletion, and no restoration of what was published before. Raises Refused
    for more than `DELIVERIES_MAX`.
    """
    match command:
        case PublishContract():
            return _of_contracts((command,), (), decided, before, new_id)
        case PublishContracts():
            return _of_contracts(command.contracts, command.tags, decided, before, new_id)
        case PublishVerification():
            return _of_result(decided, before, new_id)
        case _:
            return []


def _of_contracts(
    contracts: tuple[PublishContract, ...],
    tags: tuple[str, ...],
    decided: Iterable[Event],
    before: View,
    new_id: Callable[[], str],
) -> list[WebhooksTriggered]:
    events = {(one.consumer, one.provider): one for one in decided if isinstance(one, ContractPublished)}
    found: list[WebhooksTriggered] = []
    left = DELIVERIES_MAX
    for contract in contracts:
        publication = occurring.publication(contract, before, tags)
        now: ContractPublished | Contract | None = events.get(publication.pair) or contract.held(before)
        assert now is not None, "whatever is published is either recorded or was there already"
        fresh = now.contract if isinstance(now, ContractPublished) else now.id
        owing = triggers.published(before, publication.having(now.digest))
        left = _left(left, owing)
        found += _triggered(owing, publication.pair, publication.version, new_id, contract=fresh)
    return found


def _of_result(decided: Iterable[Event], before: View, new_id: Callable[[], str]) -> list[WebhooksTriggered]:
    result = next(one for one in decided if isinstance(one, VerificationPublished))
    pair = (result.consumer, result.provider)
    owing = triggers.verified(before, pair, result.version, success=result.success)
    if not owing:
        return []
    _left(DELIVERIES_MAX, owing)
    contract = _newest_holding(before, result)
    version, holding = (contract.version, contract.id) if contract is not None else ("", None)
    return list(_triggered(owing, pair, version, new_id, contract=holding, result=result.result))


def _triggered(
    owing: Iterable[_Fired],
    pair: Pair,
    consumer_version: str,
    new_id: Callable[[], str],
    *,
    contract: ContractId | None,
    result: ResultId | None = None,
) -> Iterator[WebhooksTriggered]:
    """The records for what fired, each with as many deliveries as fit."""
    consumer, provider = pair
    for occurrence, webhooks in owing:
        deliveries = (Delivery(DeliveryId(new_id()), webhook.id) for webhook in webhooks)
        for fitting in packed(deliveries, lambda _one: _DELIVERY_BYTES, _DELIVERIES_BYTES_MAX):
            yield WebhooksTriggered(
                event=occurrence.event,
                consumer=consumer,
                provider=provider,
                consumer_version=consumer_version,
                contract=contract,
                result=result,
                provider_version=occurrence.provider_version,
                descriptions=occurrence.descriptions,
                deliveries=fitting,
            )


def _left(left: int, owing: Iterable[_Fired]) -> int:
    """How many more deliveries there may be after these. Raises Refused."""
    left -= sum(len(webhooks) for _, webhooks in owing)
    if left < 0:
        raise errors.Refused(
            "too_many_webhooks",
            f"This would have more than {DELIVERIES_MAX:,} requests of webhooks sent at once. Publish fewer contracts"
            " at once, or disable webhooks that fire for all applications; nothing was done.",
        )
    return left


def _newest_holding(view: View, result: VerificationPublished) -> Contract | None:
    """The contract whose version is the newest that holds the content: it is the one that the result is about.

    Where that lies far back, the one that was published last with the content.
    """
    newest = islice(view.newest_contracts(result.consumer, result.provider), _NEWEST_LOOKED_AT)
    for one in newest:
        if one.digest == result.digest:
            return one
    content = view.shelf.get(Content, content_key(result.consumer, result.provider, result.digest))
    return view.contract_or_none(content.newest) if content is not None else None
