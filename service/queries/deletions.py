"""What one deletion removed, as its own records say: the parent and the children that name each thing."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from service import errors
from service.commands.deletions import RestoreDeletion
from service.events.applications import ApplicationDeleted, ApplicationsRemoved
from service.events.contracts import (
    ContractDeleted,
    ContractsRemoved,
    IntegrationContractsDeleted,
    IntegrationDeleted,
    IntegrationsDeleted,
    RemovedContract,
)
from service.log import reader, recorded
from service.log.connect import Connection
from service.log.recorded import Recorded
from service.queries import effects
from service.vocabulary import ApplicationId, EventId, is_uuid

_DELETIONS = (
    IntegrationContractsDeleted,
    IntegrationDeleted,
    IntegrationsDeleted,
    ApplicationDeleted,
    ContractDeleted,
)
"""The first records of the orders whose doing can be undone."""


class Deletion(msgspec.Struct, frozen=True, kw_only=True):
    """One deletion: its first record, and everything that its records name."""

    event: EventId
    position: int
    recorded_at: datetime
    of: str
    """The kind of its first record."""
    contracts: tuple[RemovedContract, ...]
    applications: tuple[ApplicationId, ...]

    def order(self, seed: str) -> RestoreDeletion:
        """The command that undoes it. `seed` is a new random id."""
        return RestoreDeletion(
            deletion=self.event,
            position=self.position,
            of=self.of,
            contracts=self.contracts,
            applications=self.applications,
            seed=seed,
        )


async def deletion_of(connection: Connection, event: str, pointer: str = "event") -> Deletion:
    """The deletion that an event is of, be it the parent or a child; `event` is its id or its position.

    Raises Invalid for neither, NotFound where there is no such event, or it is of no deletion that can be undone.
    """
    return removed_by(await effects.order_of(connection, await _named(connection, event, pointer)))


def removed_by(records: list[Recorded]) -> Deletion:
    """What an order's records removed. Raises NotFound for an order that is no deletion."""
    first = records[0]
    if not isinstance(first.data, _DELETIONS):
        raise errors.NotFound("This event is of no deletion that can be undone.")
    return Deletion(
        event=first.id,
        position=first.position,
        recorded_at=first.recorded_at,
        of=recorded.kind_of(first.data),
        contracts=tuple(one for record in records for one in _contracts(record)),
        applications=tuple(one for record in records for one in _applications(record)),
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


async def _named(connection: Connection, event: str, pointer: str) -> EventId:
    if is_uuid(event):
        return EventId(event.lower())
    if not (event.isascii() and event.isdigit()):
        raise errors.Invalid("Name the event by its position, as in 65, or by its id, a UUID.", pointer)
    row = await reader.entry_at(connection, int(event)) if len(event) < 18 else None
    if row is None:
        raise errors.NotFound("There is no such event.")
    return row.event_id
