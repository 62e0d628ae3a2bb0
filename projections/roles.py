"""A role as it is true at some moment. The fold never refuses, because it happened."""

from datetime import datetime
from typing import assert_never

import msgspec

from service.events import roles as events
from service.log.recorded import Foldable
from service.vocabulary import RoleId, Scope, interned


class Role(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A named set of scopes. Identity is the id; the name is a label and may change."""

    id: RoleId
    name: str
    description: str
    scopes: tuple[Scope, ...]
    predefined: bool
    locked: bool
    assignable: bool
    api_access: bool
    created_at: datetime
    updated_at: datetime


def fold(role: Role | None, event: events.RoleEvent, recorded: Foldable) -> Role | None:
    """The role after the event, or None once it is deleted."""
    match event:
        case events.RoleCreated():
            return Role(
                id=interned(event.role),
                name=event.name,
                description=event.description,
                scopes=event.scopes,
                predefined=event.predefined,
                locked=event.locked,
                assignable=event.assignable,
                api_access=event.api_access,
                created_at=recorded.recorded_at,
                updated_at=recorded.recorded_at,
            )
        case events.RoleRenamed():
            return role and _changed(role, recorded, name=event.after)
        case events.RoleDescribed():
            return role and _changed(role, recorded, description=event.after)
        case events.RolePermissionsChanged():
            return role and _changed(role, recorded, scopes=event.after)
        case events.RoleReset():
            after = event.after
            return role and _changed(
                role, recorded, name=after.name, description=after.description, scopes=after.scopes
            )
        case events.RoleDeleted():
            return None
        case _:
            assert_never(event)


def _changed(role: Role, recorded: Foldable, **fields: object) -> Role:
    return msgspec.structs.replace(role, updated_at=recorded.recorded_at, **fields)
