"""An application as it is true at some moment, with the teams that own it."""

from datetime import datetime
from typing import ClassVar, assert_never

import msgspec

from projections.principals import with_one
from service.events import applications as events
from service.events.teams import TeamApplicationsChanged
from service.log.recorded import Foldable
from service.vocabulary import ApplicationId, PrincipalId, TeamId, interned

ApplicationEvent = events.ApplicationEvent | TeamApplicationsChanged


class Application(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An application. Its creator holds `own` over it, for as long as it lives; ownership does not move."""

    id: ApplicationId
    name: str
    creator: PrincipalId | None
    teams: tuple[TeamId, ...] = ()
    display_name: str | None = None
    repository_url: str | None = None
    main_branch: str | None = None
    created_at: datetime
    updated_at: datetime
    team: ClassVar[None] = None
    readers: ClassVar[None] = None
    """It is decided about by itself: it is no team, and no other thing's reach suffices to read it."""

    @property
    def owner(self) -> PrincipalId | None:
        """Who holds `own` over it."""
        return self.creator


def fold(application: Application | None, event: ApplicationEvent, recorded: Foldable) -> Application | None:
    """The application after the event, or None once it is deleted."""
    match event:
        case events.ApplicationCreated():
            return Application(
                id=interned(event.application),
                name=event.name,
                creator=event.creator and interned(event.creator),
                display_name=event.display_name,
                repository_url=event.repository_url,
                main_branch=event.main_branch,
                created_at=recorded.recorded_at,
                updated_at=recorded.recorded_at,
            )
        case events.ApplicationEdited():
            fields = {change.field: change.after for change in event.changes}
            return application and msgspec.structs.replace(
                application, updated_at=recorded.recorded_at, **fields
            )
        case TeamApplicationsChanged():
            if application is None:
                return None
            teams = with_one(application.teams, interned(event.team), application.id in event.added)
            return msgspec.structs.replace(application, teams=teams)
        case events.ApplicationDeleted() | events.ApplicationsRemoved():
            return None
        case _:
            assert_never(event)
