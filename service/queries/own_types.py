"""Records of an organisation's own catalogues and of the things of its own types, in words and as a table."""

from collections.abc import Mapping
from typing import assert_never

from service.events import own_catalogues as catalogue_events
from service.events import resources as resource_events
from service.events import users as user_events
from service.queries import wording
from service.queries.changed import Changed, Member, ended, made, one
from service.queries.names import Names

OwnTypeEvent = catalogue_events.OwnCatalogueEvent | resource_events.ResourceEvent


def sentence(event: OwnTypeEvent, names: Names) -> str:
    """What was done, for a sentence that begins with who did it."""
    match event:
        case catalogue_events.OwnCatalogueAdopted():
            if event.number_before:
                return (
                    f"replaced the own permission catalogue {event.name} {event.number_before} by "
                    f"{event.catalogue.number}"
                )
            return f"adopted the own permission catalogue {event.name} {event.catalogue.number}"
        case catalogue_events.OwnCatalogueWithdrawn():
            return f"withdrew the own permission catalogue {event.name} {event.number_before}"
        case resource_events.ResourceRegistered():
            owner = f" of {names.principal(event.owner)}" if event.owner else ""
            return f"registered the {event.type} {event.name}{owner}"
        case resource_events.ResourceOwnerChanged():
            return f"{_handed(event, names)} the {names.resource(event.resource)}"
        case resource_events.ResourceTeamsChanged():
            return f"changed the teams of the {names.resource(event.resource)}{_moved(event, names)}"
        case resource_events.ResourcePropertiesChanged():
            listed = wording.listed(one.name for one in event.changes)
            return f"changed {listed} of the {names.resource(event.resource)}"
        case resource_events.ResourceRemoved():
            return f"removed the {event.type} {event.name} from what is registered"
        case _:
            assert_never(event)


def alias(
    event: user_events.PrincipalAliasAdded | user_events.PrincipalAliasRemoved, text: str | None, names: Names
) -> str:
    """An id by which programs know somebody came or went."""
    who = names.principal(event.principal)
    if isinstance(event, user_events.PrincipalAliasAdded):
        return f"gave {who} the alias {text}"
    return f"took the alias {text or 'that they had'} from {who}"


def changes(event: OwnTypeEvent, names: Names) -> tuple[Changed, ...]:
    """The fields that changed."""
    match event:
        case catalogue_events.OwnCatalogueAdopted():
            return one("number", event.number_before or None, event.catalogue.number)
        case catalogue_events.OwnCatalogueWithdrawn():
            return one("number", event.number_before, None)
        case resource_events.ResourceRegistered():
            return made(**_registered(event, names))
        case resource_events.ResourceRemoved():
            return ended(**_registered(event, names))
        case resource_events.ResourceOwnerChanged():
            return one("owner", *(who and names.principal(who) for who in (event.before, event.after)))
        case resource_events.ResourceTeamsChanged():
            added, removed = (
                tuple(Member(id=team, name=names.team(team)) for team in teams)
                for teams in (event.added, event.removed)
            )
            return (Changed(field="teams", added=added, removed=removed),)
        case resource_events.ResourcePropertiesChanged():
            return tuple(
                Changed(field=f"properties.{it.name}", before=it.before, after=it.after)
                for it in event.changes
            )
        case _:
            assert_never(event)


def _registered(
    event: resource_events.ResourceRegistered | resource_events.ResourceRemoved, names: Names
) -> Mapping[str, object]:
    return {
        "type": event.type,
        "name": event.name,
        "owner": event.owner and names.principal(event.owner),
        "teams": [names.team(team) for team in event.teams] or None,
        "properties": {one.name: one.value for one in event.properties} or None,
    }


def _handed(event: resource_events.ResourceOwnerChanged, names: Names) -> str:
    if event.after is None:
        return f"took from {names.principal(event.before or '')}"
    return f"gave {names.principal(event.after)}"


def _moved(event: resource_events.ResourceTeamsChanged, names: Names) -> str:
    added = f" to {wording.listed(map(names.team, event.added))}" if event.added else ""
    removed = f" away from {wording.listed(map(names.team, event.removed))}" if event.removed else ""
    return f":{added}{' and' if added and removed else ''}{removed}"
