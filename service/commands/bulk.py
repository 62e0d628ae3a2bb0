"""Which orders are so large that they are drafted apart from the others. Pure."""

import typing
from collections.abc import Callable

from projections.view import View
from service import errors
from service.commands import Command
from service.commands.applications import DeleteApplication
from service.commands.branches import DeleteBranch, DeleteBranches
from service.commands.contracts import PublishContract, PublishContracts
from service.commands.deletions import RestoreDeletion
from service.commands.environments import DeleteEnvironment
from service.commands.integrations import (
    DeleteBranchContracts,
    DeleteIntegration,
    DeleteIntegrationContracts,
    DeleteIntegrations,
    DeleteTaggedContracts,
)
from service.commands.own_catalogues import AdoptOwnCatalogue, WithdrawOwnCatalogue
from service.commands.resources import RegisterResources
from service.commands.results import PublishVerification
from service.commands.roles import DeleteRole, EditRole, ResetRoles
from service.commands.teams import ChangeMembers, DeleteTeam, EditTeam
from service.vocabulary import RoleId, TeamId

_Removing = RestoreDeletion | DeleteTeam | EditTeam | ChangeMembers
_REMOVING = frozenset(typing.get_args(_Removing))
_SWEEPING = frozenset(
    {
        DeleteBranch,
        DeleteBranches,
        DeleteEnvironment,
        DeleteIntegration,
        DeleteIntegrationContracts,
        DeleteTaggedContracts,
        DeleteBranchContracts,
        DeleteApplication,
        DeleteIntegrations,
    }
)
"""What may remove any number of facts that only Postgres knows of: always apart."""
_FIRING = PublishContract | PublishContracts | PublishVerification
_FIRING_KINDS = frozenset(typing.get_args(_FIRING))
FIRED_MIN = 2_000
"""Webhooks for any application or for a label, times contracts, from which on a publication is drafted beside the event
loop: some milliseconds' work."""
REMOVED_MIN = 500
"""Links to a team from which on an order gets a batch of its own, drafted beside the event loop: some
milliseconds' work."""
REGISTERED_MIN = 100
"""Things to register from which on it is so too: each is a record."""
REACHED_MIN = 1_000
"""Principals from which on a dry run is drafted beside the event loop: some milliseconds' work as well."""


def is_bulk(command: Command, now: Callable[[], View]) -> bool:
    """Whether the order is about to do a great deal, as far as is known now; cheap to ask of any order."""
    if type(command) in _SWEEPING:
        return True
    if type(command) in _FIRING_KINDS:
        contracts = len(command.contracts) if isinstance(command, PublishContracts) else 1
        return contracts * now().directory.application_webhooks.count("") >= FIRED_MIN
    if type(command) is RegisterResources:
        return len(command.things) >= REGISTERED_MIN
    if type(command) not in _REMOVING:
        return False
    assert isinstance(command, _Removing), "the set holds these types"
    try:
        return command.removes(now(), REMOVED_MIN) >= REMOVED_MIN
    except errors.NotFound:
        return False


def reaches_many(command: Command, now: Callable[[], View]) -> bool:
    """Whether so many hold the role or belong to the team that what a dry run would do to each takes its time."""
    directory = now().directory
    match command:
        case EditRole() | DeleteRole():
            return directory.holders.count(RoleId(command.role)) >= REACHED_MIN
        case ResetRoles():
            return any(directory.holders.count(role) >= REACHED_MIN for role in directory.roles)
        case AdoptOwnCatalogue() | WithdrawOwnCatalogue():
            return len(directory.principals) >= REACHED_MIN
        case EditTeam() | DeleteTeam() | ChangeMembers():
            reached = directory.members.count(TeamId(command.team))
            named = len(command.members) if isinstance(command, ChangeMembers) else 0
            return reached + named >= REACHED_MIN
        case _:
            return False
