"""A thing of an organisation's own type as it is true at some moment: what decides about it, and no more of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import assert_never

import msgspec

from projections.principals import changed
from service.events import resources as events
from service.log.recorded import Foldable
from service.vocabulary import PrincipalId, ResourceId, TeamId, interned


class Resource(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A registered thing. `properties` are sorted by name; a team listed here counts only while it lives."""

    id: ResourceId
    type: str
    name: str
    owner: PrincipalId | None
    teams: tuple[TeamId, ...]
    properties: tuple[tuple[str, events.Value], ...] = ()
    creator: PrincipalId | None
    created_at: datetime
    updated_at: datetime


def fold(resource: Resource | None, event: events.ResourceEvent, recorded: Foldable) -> Resource | None:
    """The thing after the event, or None once it is removed."""
    at = recorded.recorded_at
    match event:
        case events.ResourceRegistered():
            return Resource(
                id=interned(event.resource),
                type=interned(event.type),
                name=event.name,
                owner=event.owner and interned(event.owner),
                teams=changed((), event.teams, ()),
                properties=_sorted({one.name: one.value for one in event.properties}),
                creator=recorded.actor.principal and interned(recorded.actor.principal),
                created_at=at,
                updated_at=at,
            )
        case events.ResourceOwnerChanged():
            owner = event.after and interned(event.after)
            return resource and msgspec.structs.replace(resource, owner=owner, updated_at=at)
        case events.ResourceTeamsChanged():
            return resource and msgspec.structs.replace(
                resource, teams=changed(resource.teams, event.added, event.removed), updated_at=at
            )
        case events.ResourcePropertiesChanged():
            changes = {one.name: one.after for one in event.changes}
            return resource and msgspec.structs.replace(
                resource, properties=_sorted({**dict(resource.properties), **changes}), updated_at=at
            )
        case events.ResourceRemoved():
            return None
        case _:
            assert_never(event)


def name_key(type_: str, name: str) -> str:
    """Under what a thing is found: names are unique within a type. A type has no slash."""
    return f"{type_}/{name}"


def key_of(resource: Resource | None) -> str | None:
    """Where this one is found."""
    return None if resource is None else name_key(resource.type, resource.name)


def _sorted(properties: Mapping[str, events.Value | None]) -> tuple[tuple[str, events.Value], ...]:
    return tuple(sorted((name, value) for name, value in properties.items() if value is not None))
