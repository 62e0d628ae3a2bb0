"""What an order of the past did to who may do what, worked out from history as a dry run would have."""

import asyncio
import typing
from collections.abc import Sequence
from typing import Final

from projections.effects import Comparison
from projections.replica import Replica
from service import errors
from service.commands import foretelling
from service.commands.cautions import Caution
from service.events.account import CatalogueAdopted
from service.events.environments import EnvironmentEvent
from service.events.own_catalogues import OwnCatalogueEvent
from service.events.resources import ResourceEvent
from service.events.roles import RoleEvent
from service.events.secrets import SecretEvent
from service.events.system_accounts import SystemAccountEvent
from service.events.teams import TeamEvent
from service.events.users import InvitationRedeemed, UserEvent
from service.events.webhooks import OneWebhookEvent
from service.log import reader, recorded
from service.log.connect import Connection
from service.log.recorded import Recorded
from service.queries import wording
from service.vocabulary import EventId

_PAGE: Final = 200
_PAGE_BYTES: Final = 128 * 1024
_CHANGING: Final = frozenset(
    {
        *(
            kind
            for union in (RoleEvent, TeamEvent, UserEvent, EnvironmentEvent, SecretEvent, OneWebhookEvent)
            for kind in typing.get_args(union)
        ),
        *(typing.get_args(SystemAccountEvent) or (SystemAccountEvent,)),
        CatalogueAdopted,
        *typing.get_args(OwnCatalogueEvent),
        *typing.get_args(ResourceEvent),
    }
) - {InvitationRedeemed}
"""The kinds whose orders are about who may do what, or see what. Redeeming a code gives nobody a permission."""


async def order_of(connection: Connection, event: EventId) -> list[Recorded]:
    """The records of the order that an event is of, in their order: they follow each other in the log.

    Raises NotFound for an event that does not exist.
    """
    position = await reader.position_of_event(connection, event)
    row = await reader.entry_at(connection, position) if position else None
    if position is None or row is None:
        raise errors.NotFound("There is no such event.")
    record = recorded.decode(row.entry)
    first = record.correlation or record.id
    if record.id != first:
        position = await reader.position_of_event(connection, first)
        assert position is not None, "what a record names as its correlation was recorded before it"
    found: list[Recorded] = []
    while rows := await reader.page_of_bytes(connection, position - 1 + len(found), _PAGE, _PAGE_BYTES):
        for one in map(recorded.decode, (row.entry for row in rows)):
            if first not in (one.id, one.correlation):
                return found
            found.append(one)
            await asyncio.sleep(0)  # a bulk deletion's records are large and many
    return found


def comparison(replica: Replica, records: Sequence[Recorded]) -> Comparison:
    """Everybody before the order's first record and after its last, about to be compared.

    Both moments have the instant of the first record, as they had in a dry run: what ended meanwhile is not the order's
    doing. Raises NotFound where the order is none that changes who may do what.
    """
    events = [record.data for record in records]
    if not any(type(event) in _CHANGING for event in events) and not foretelling.removes(events):
        raise errors.NotFound(
            "This event is of no order that changes who may do what, and of no bulk deletion."
        )
    first, last = records[0], records[-1]
    return Comparison(
        replica.view(first.position - 1, first.recorded_at),
        replica.view(last.position, first.recorded_at),
        events,
    )


def sentence(caution: Caution, who: str) -> str:
    """A caution for a person; `who` is the account that it is about, as the reader may call it."""
    match caution.code:
        case "team_without_administrator":
            return (
                f"The team {caution.team_name!r} loses its last active administrator: only who may manage all teams "
                "can manage it then."
            )
        case "giver_loses" if who == "you":
            return "You lose something by this yourself."
        case "giver_loses":
            return f"Who gave the order loses something by it: {who}."
        case "one_left_to_undo":
            return f"Nobody but {who} could undo this: nobody else able to act may manage roles and users."
        case "permissions_unknown":
            return (
                f"{_holding(caution)} permissions that no catalogue knows any more and that grant nothing: "
                f"{wording.listed(caution.scopes)}."
            )
        case "permissions_redefined":
            return (
                f"{_holding(caution)} permissions that ask another thing of requests than before: "
                f"{wording.listed(caution.scopes)}."
            )
        case _:
            typing.assert_never(caution.code)


def _holding(caution: Caution) -> str:
    return "1 role holds" if caution.roles == 1 else f"{caution.roles} roles hold"
