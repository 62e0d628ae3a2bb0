"""Which webhooks fire on what (section 3.7 of the vendor's rules), by the events that a Pact Broker has. Pure.

A webhook waits for events of the pairs that it selects: a consumer or a provider by its id, by a label, or any. Its
team plays no part in that: it may name applications of others.

What is asked of the facts that live in Postgres is asked only where some enabled webhook could match: publishing costs
nothing more while nobody waits for it.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from projections import spans
from projections.labels import Label
from projections.spans import Want, keyed
from projections.view import View
from projections.webhooks import Webhook
from service.commands import occurring
from service.commands.occurring import Occurrence, Pair, Publication
from service.events.webhooks import Trigger
from service.vocabulary import ApplicationId

OF_CONTRACTS: Final[tuple[Trigger, ...]] = (
    "contract_published",
    "contract_requiring_verification_published",
    "contract_content_changed",
)
"""What a publication of a contract can be, in the order in which it is told."""
OF_RESULTS: Final[tuple[Trigger, ...]] = (
    "provider_verification_published",
    "provider_verification_succeeded",
    "provider_verification_failed",
)


def published(view: View, publication: Publication) -> list[tuple[Occurrence, list[Webhook]]]:
    """What a publication is, and which webhooks fire on each, the oldest first. `view` is the moment before it."""
    waiting = _waiting(view, publication.pair, OF_CONTRACTS)
    found: list[tuple[Occurrence, list[Webhook]]] = []
    for event in OF_CONTRACTS:
        matching = _matching(view, publication.pair, waiting, event)
        if matching:
            found += [(one, matching) for one in occurring.occurrences(view, publication, event)]
    return found


def verified(
    view: View, pair: Pair, version: str, *, success: bool
) -> list[tuple[Occurrence, list[Webhook]]]:
    """What a verification result is, and which webhooks fire on each. `version` is the provider's."""
    waiting = _waiting(view, pair, OF_RESULTS)
    outcome: Trigger = "provider_verification_succeeded" if success else "provider_verification_failed"
    events: tuple[Trigger, ...] = ("provider_verification_published", outcome)
    found = ((Occurrence(event, version), _matching(view, pair, waiting, event)) for event in events)
    return [(one, matching) for one, matching in found if matching]


def reads(view: View, publications: Iterable[Publication]) -> list[Want]:
    """What has to be read first to know what these publications are; nothing where nobody waits for them."""
    found: list[Want] = []
    for one in publications:
        waiting = _waiting(view, one.pair, OF_CONTRACTS)
        if not waiting:
            continue
        found += _labels_wanted(view, one.pair, waiting)
        for event in OF_CONTRACTS:
            if _waited_for(waiting, event):
                found += occurring.reads(view, one, event)
    return found


def reads_then(view: View, publications: Iterable[Publication]) -> list[Want]:
    """What has to be read besides, once the view's shelf holds what `reads` asked for. Raises NotRead."""
    found: list[Want] = []
    for one in publications:
        waiting = _waiting(view, one.pair, OF_CONTRACTS)
        for event in OF_CONTRACTS:
            if _waited_for(waiting, event):
                found += occurring.reads_then(view, one, event)
    return found


def reads_of_result(view: View, pair: Pair) -> list[Want]:
    """What has to be read to know which webhooks a verification result fires."""
    return _labels_wanted(view, pair, _waiting(view, pair, OF_RESULTS))


# -- which webhooks ------------------------------------------------------------------------------------------


def _waiting(view: View, pair: Pair, events: Sequence[Trigger]) -> list[Webhook]:
    """Every enabled webhook that waits for one of the events and selects the pair, as far as ids tell; each once."""
    consumer, provider = pair
    candidates = {
        one.id: one
        for listed in (
            view.webhooks_naming(consumer),
            view.webhooks_naming(provider),
            view.webhooks_without_name(),
        )
        for one in listed
    }
    found = [
        one
        for one in candidates.values()
        if (settings := one.settings).enabled
        and settings.consumer in (None, consumer)
        and settings.provider in (None, provider)
        and not set(events).isdisjoint(settings.events)
    ]
    return sorted(found, key=lambda one: (one.created_at, one.id))


def _matching(view: View, pair: Pair, waiting: Iterable[Webhook], event: Trigger) -> list[Webhook]:
    """Those of them that wait for this event and whose labels the pair carries. Raises NotRead."""
    consumer, provider = pair
    return [
        one
        for one in waiting
        if event in one.settings.events
        and _carries(view, consumer, one.settings.consumer_label)
        and _carries(view, provider, one.settings.provider_label)
    ]


def _carries(view: View, application: ApplicationId, label: str | None) -> bool:
    """Whether the application carries the label; every one carries none. What is about to be made has no labels."""
    if label is None:
        return True
    return (
        occurring.is_here(view, application) and view.shelf.get(Label, keyed(application, label)) is not None
    )


def _labels_wanted(view: View, pair: Pair, waiting: Iterable[Webhook]) -> list[Want]:
    """The labels by which any of these webhooks selects."""
    labels = [(one.settings.consumer_label, one.settings.provider_label) for one in waiting]
    found: list[Want] = []
    for side, application in enumerate(pair):
        asked = dict.fromkeys(named for both in labels if (named := both[side]) is not None)
        if asked and occurring.is_here(view, application):
            found.append(spans.by_key(Label, *(keyed(application, label) for label in asked)))
    return found


def _waited_for(waiting: Iterable[Webhook], event: Trigger) -> bool:
    return any(event in one.settings.events for one in waiting)
