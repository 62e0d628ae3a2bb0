"""Which orders are so large that they are drafted apart from the others. Pure."""

import typing
from collections.abc import Callable

from projections.view import View
from service import errors
from service.commands import Command
from service.commands.applications import DeleteApplication
from service.commands.contracts import DeleteIntegration, DeleteIntegrationContracts, DeleteIntegrations
from service.commands.teams import ChangeMembers, DeleteTeam, EditTeam

_Removing = (
    DeleteIntegration
    | DeleteIntegrationContracts
    | DeleteApplication
    | DeleteIntegrations
    | DeleteTeam
    | EditTeam
    | ChangeMembers
)
_REMOVING = frozenset(typing.get_args(_Removing))
REMOVED_MIN = 500
"""Contracts, or links to a team, from which on an order gets a batch of its own, drafted beside the event loop: some
milliseconds' work."""


def is_bulk(command: Command, now: Callable[[], View]) -> bool:
    """Whether the order is about to remove a great deal, as far as is known now; cheap to ask of any order."""
    if type(command) not in _REMOVING:
        return False
    assert isinstance(command, _Removing), "the set holds these types"
    try:
        return command.removes(now(), REMOVED_MIN) >= REMOVED_MIN
    except errors.NotFound:
        return False
