"""A team as it is true at some moment. Who belongs to it is kept with the members (`principals`, `applications`)."""

from datetime import datetime
from typing import assert_never

import msgspec

from service.events import teams as events
from service.log.recorded import Foldable
from service.vocabulary import TeamId, interned


class Team(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A team. The `default` one receives every new principal and application while it lives."""

    id: TeamId
    name: str
    default: bool
    created_at: datetime
    updated_at: datetime


def fold(team: Team | None, event: events.TeamEvent, recorded: Foldable) -> Team | None:
    """The team after the event, or None once it is deleted."""
    match event:
        # Most of a log first: to find that an event is of another type takes longer than that it is of this one.
        case (
            events.TeamMembersChanged()
            | events.TeamApplicationsChanged()
            | events.TeamAdministratorsChanged()
            | events.TeamEnvironmentsChanged()
        ):
            return team and msgspec.structs.replace(team, updated_at=recorded.recorded_at)
        case events.TeamCreated():
            return Team(
                id=interned(event.team),
                name=event.name,
                default=event.default,
                created_at=recorded.recorded_at,
                updated_at=recorded.recorded_at,
            )
        case events.TeamRenamed():
            return team and msgspec.structs.replace(team, name=event.after, updated_at=recorded.recorded_at)
        case events.TeamDeleted():
            return None
        case _:
            assert_never(event)
