"""An environment as it is true at some moment, with the teams that it is attached to."""

from datetime import datetime
from typing import assert_never

import msgspec

from projections.principals import with_one
from service.events import environments as events
from service.events.teams import TeamEnvironmentsChanged
from service.log.recorded import Foldable
from service.vocabulary import EnvironmentId, Personal, TeamId, interned

EnvironmentEvent = events.EnvironmentEvent | TeamEnvironmentsChanged


class Environment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where applications are deployed to."""

    id: EnvironmentId
    name: str
    display_name: str
    production: bool
    teams: tuple[TeamId, ...] = ()
    contacts: Personal | None = None
    """Whom to turn to, as JSON in its seal."""
    created_at: datetime
    updated_at: datetime


def fold(environment: Environment | None, event: EnvironmentEvent, recorded: Foldable) -> Environment | None:
    """The environment after the event, or None once it is deleted."""
    match event:
        case events.EnvironmentCreated():
            return Environment(
                id=interned(event.environment),
                name=event.name,
                display_name=event.display_name,
                production=event.production,
                created_at=recorded.recorded_at,
                updated_at=recorded.recorded_at,
            )
        case events.EnvironmentEdited():
            fields: dict[str, object] = {
                change.field: change.after == "true" if change.field == "production" else change.after
                for change in event.changes
            }
            return environment and msgspec.structs.replace(
                environment, updated_at=recorded.recorded_at, **fields
            )
        case events.EnvironmentContactsChanged():
            contacts = event.after and Personal(recorded.id, "after", event.after)
            return environment and msgspec.structs.replace(
                environment, contacts=contacts, updated_at=recorded.recorded_at
            )
        case TeamEnvironmentsChanged():
            if environment is None:
                return None
            teams = with_one(environment.teams, interned(event.team), environment.id in event.added)
            return msgspec.structs.replace(environment, teams=teams)
        case events.EnvironmentDeleted():
            return None
        case _:
            assert_never(event)
