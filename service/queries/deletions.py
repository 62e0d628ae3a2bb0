"""What one deletion removed: its own records name each thing, and Postgres' spans say what the facts of them were."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec

from projections import span_reading, spans
from projections.results import VerificationResult
from projections.span_folds import FOLDS
from projections.spans import Shelf, Want
from service import errors
from service.commands.deletions import FACTS_MAX, RestoreDeletion
from service.commands.returning import NOUNS, Fact
from service.events.applications import ApplicationDeleted, ApplicationsRemoved
from service.events.branches import BranchDeleted, BranchesDeleted
from service.events.contracts import (
    ContractDeleted,
    ContractsRemoved,
    IntegrationBranchContractsDeleted,
    IntegrationContractsDeleted,
    IntegrationDeleted,
    IntegrationsDeleted,
    IntegrationTaggedContractsDeleted,
    RemovedContract,
)
from service.events.results import VerificationDeleted
from service.events.versions import VersionDeleted
from service.events.webhooks import WebhookDeleted
from service.log import reader, recorded
from service.log.connect import Connection
from service.log.recorded import Recorded
from service.queries import effects
from service.vocabulary import ApplicationId, EventId, WebhookId, is_uuid

_DELETIONS: Final = (
    IntegrationContractsDeleted,
    IntegrationTaggedContractsDeleted,
    IntegrationBranchContractsDeleted,
    IntegrationDeleted,
    IntegrationsDeleted,
    ApplicationDeleted,
    ContractDeleted,
    VerificationDeleted,
    VersionDeleted,
    BranchDeleted,
    BranchesDeleted,
)
"""The first records of the orders whose doing can be undone."""
_NOUNS: Final = {fact.noun: fact for fact in NOUNS}
_KEYS_MAX: Final = 2_000
"""Facts that are read by their keys; of more, all that their applications have is looked through."""
_MANY: Final = 4
"""Records, of which each may name some hundred things."""
T = TypeVar("T")


class Deletion(msgspec.Struct, frozen=True, kw_only=True):
    """One deletion: its first record, and everything that its records name."""

    event: EventId
    position: int
    recorded_at: datetime
    of: str
    """The kind of its first record."""
    contracts: tuple[RemovedContract, ...]
    consumers: tuple[ApplicationId, ...]
    providers: tuple[ApplicationId, ...]
    applications: tuple[ApplicationId, ...]
    keys: dict[str, tuple[str, ...]] = {}
    """Of each noun of the spans the keys that its records are about."""
    facts: tuple[Fact, ...] = ()
    """What stood under these keys just before it."""
    owners: tuple[ApplicationId, ...] = ()
    """Whose the facts are; a result's consumer too."""
    webhooks: tuple[WebhookId, ...] = ()
    """That vanished with what they named, and do not come back with it."""

    def order(self, seed: str) -> RestoreDeletion:
        """The command that undoes it. `seed` is a new random id."""
        return RestoreDeletion(
            deletion=self.event,
            position=self.position,
            of=self.of,
            contracts=self.contracts,
            consumers=self.consumers,
            makes=tuple(dict.fromkeys((*self.applications, *self.consumers, *self.providers))),
            facts=self.facts,
            owners=self.owners,
            webhooks=self.webhooks,
            seed=seed,
        )


async def deletion_of(connection: Connection, event: str, pointer: str = "event") -> Deletion:
    """The deletion that an event is of, be it the parent or a child; `event` is its id or its position.

    Raises Invalid for neither, NotFound where there is no such event or it is of no deletion that can be undone,
    Refused where it removed more facts than one order can bring back.
    """
    records = await effects.order_of(connection, await _named(connection, event, pointer))
    deletion = await _beside(records, lambda: removed_by(records))
    if (facts := sum(map(len, deletion.keys.values()))) > FACTS_MAX:
        raise errors.Refused(
            "too_much_at_once",
            f"This deletion removed {facts:,} facts, and one order can bring back {FACTS_MAX:,}.",
        )
    wants = await _beside(records, lambda: _wants(deletion))
    shelf = await span_reading.shelf(connection, deletion.position - 1, wants)

    def found() -> Deletion:
        named = with_facts(deletion, shelf)
        shelf.empty()  # here, too: to let go of a hundred thousand at once takes its time
        records.clear()
        return named

    return await _beside(records, found)


def removed_by(records: Sequence[Recorded]) -> Deletion:
    """What an order's records removed, without the facts themselves. Raises NotFound where that is no deletion."""
    first = records[0]
    if not isinstance(first.data, _DELETIONS):
        raise errors.NotFound("This event is of no deletion that can be undone.")
    contracts = tuple(one for record in records for one in _contracts(record))
    return Deletion(
        event=first.id,
        position=first.position,
        recorded_at=first.recorded_at,
        of=recorded.kind_of(first.data),
        contracts=contracts,
        consumers=tuple(dict.fromkeys(one.consumer for one in contracts)),
        providers=tuple(dict.fromkeys(one.provider for one in contracts)),
        applications=tuple(one for record in records for one in _applications(record)),
        keys=_keys(records),
        webhooks=tuple(one.data.webhook for one in records if isinstance(one.data, WebhookDeleted)),
    )


def _contracts(record: Recorded) -> Iterable[RemovedContract]:
    match event := record.data:
        case ContractDeleted():
            fields = msgspec.structs.asdict(event)
            return (RemovedContract(**{one: fields[one] for one in RemovedContract.__struct_fields__}),)
        case ContractsRemoved():
            return event.contracts
        case _:
            return ()


def _applications(record: Recorded) -> Iterable[ApplicationId]:
    match event := record.data:
        case ApplicationDeleted():
            return (event.application,)
        case ApplicationsRemoved():
            return event.applications
        case _:
            return ()


def _keys(records: Sequence[Recorded]) -> dict[str, tuple[str, ...]]:
    """Of each noun what the records are about, by the very folds that ended it."""
    found: dict[str, dict[str, None]] = {}
    for record in records:
        for fold in FOLDS.get(type(record.data), ()):
            if fold.fact.noun in _NOUNS:
                found.setdefault(fold.fact.noun, {}).update(dict.fromkeys(fold.keys(record.data)))
    return {noun: tuple(keys) for noun, keys in found.items()}


def with_facts(deletion: Deletion, shelf: Shelf) -> Deletion:
    """With the facts as they were just before it; what only its own order made was none of them."""
    wanted = {noun: frozenset(keys) for noun, keys in deletion.keys.items()}
    facts: list[Any] = [one for one in shelf.everything() if one.key in wanted[one.noun]]
    owners = {one.application: None for one in facts}
    owners |= {one.consumer: None for one in facts if isinstance(one, VerificationResult)}
    return msgspec.structs.replace(deletion, facts=tuple(facts), owners=tuple(owners))


async def _beside(records: Sequence[Recorded], work: Callable[[], T]) -> T:
    """Do the work: about many records beside the event loop, which goes on answering."""
    return await asyncio.to_thread(work) if len(records) > _MANY else work()


def _wants(deletion: Deletion) -> list[Want]:
    few = sum(map(len, deletion.keys.values())) <= _KEYS_MAX
    wants: list[Want] = []
    for noun, keys in deletion.keys.items():
        fact = _NOUNS[noun]
        if few or (fact is not VerificationResult and not _owned(keys)):
            wants.append(spans.by_key(fact, *keys))
        elif fact is VerificationResult:
            consumers = dict.fromkeys(key.partition("/")[0] for key in keys)
            wants += [spans.under(fact, f"{one}/") for one in consumers]
        else:
            wants += [spans.of_application(fact, one) for one in _owned(keys)]
    return [want for want in wants if want.keys or want.application or want.prefix]


def _owned(keys: Iterable[str]) -> list[str]:
    """The applications with which the keys begin; none, where they are ids of their own."""
    return list(dict.fromkeys(key.partition(spans.SEPARATOR)[0] for key in keys if spans.SEPARATOR in key))


async def _named(connection: Connection, event: str, pointer: str) -> EventId:
    if is_uuid(event):
        return EventId(event.lower())
    if not (event.isascii() and event.isdigit()):
        raise errors.Invalid("Name the event by its position, as in 65, or by its id, a UUID.", pointer)
    row = await reader.entry_at(connection, int(event)) if len(event) < 18 else None
    if row is None:
        raise errors.NotFound("There is no such event.")
    return row.event_id
