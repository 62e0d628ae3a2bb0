"""What a restoration does to the facts in Postgres' spans: each is again what it was, since when it was."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, get_args

import msgspec

from projections.spans import Fold, keyed
from service.events import Event
from service.events.deletions import ContractsRestored, FactsRestored, RestorableEvent, RestoredFact
from service.log.recorded import Actor, Foldable
from service.vocabulary import EventId, Sealed

Folds = Mapping[type, tuple[Fold, ...]]
RESTORABLE = get_args(RestorableEvent)
"""The kinds that a restoration repeats."""


def versions_of_contracts(event: ContractsRestored) -> tuple[str, ...]:
    """The versions of the contracts that are here again: none of them is without its version."""
    return tuple(dict.fromkeys(keyed(one.consumer, one.version) for one in event.contracts))


class _AsItWas(msgspec.Struct, frozen=True):
    """The record as if it were the old one: what is here again keeps its date and its author."""

    position: int
    id: EventId
    recorded_at: datetime
    actor: Actor
    data: Event
    reason: Sealed | None = None


class _Rows(msgspec.Struct, frozen=True):
    """The rows of one event by the fact and the key that they are about."""

    event: FactsRestored | None
    by_key: dict[tuple[str, str], list[tuple[Fold, RestoredFact]]]


_last = [_Rows(None, {})]
"""Of the event that was folded last: its every key is asked for, one after the other."""


def folds(direct: Folds) -> tuple[Fold, ...]:
    """How a child of a restoration changes each kind of fact: by the folds of the events that its rows repeat."""
    facts = dict.fromkeys(fold.fact for kind in RESTORABLE for fold in direct.get(kind, ()))
    return tuple(Fold(fact, partial(_keys, direct, fact), partial(_step, direct, fact)) for fact in facts)


def _keys(direct: Folds, fact: type[Any], event: FactsRestored) -> Iterable[str]:
    return [key for noun, key in _rows(direct, event) if noun == fact.noun]


def _step(
    direct: Folds, fact: type[Any], value: Any, event: FactsRestored, recorded: Foldable, key: str
) -> Any:
    for fold, row in _rows(direct, event)[fact.noun, key]:
        past = _AsItWas(recorded.position, recorded.id, row.at, Actor(principal=row.by), row.event)
        value = fold.step(value, row.event, past, key)
    return value


def _rows(direct: Folds, event: FactsRestored) -> dict[tuple[str, str], list[tuple[Fold, RestoredFact]]]:
    last = _last[0]
    if last.event is event:
        return last.by_key
    found: dict[tuple[str, str], list[tuple[Fold, RestoredFact]]] = {}
    for row in event.facts:
        for fold in direct.get(type(row.event), ()):
            for key in fold.keys(row.event):
                found.setdefault((fold.fact.noun, key), []).append((fold, row))
    _last[0] = _Rows(event, found)
    return found
