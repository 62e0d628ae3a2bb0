"""A naive model of own catalogues, registered things and aliases: dicts changed in place, every rule spelt out.

It shares nothing with the compiled catalogue, the folds or the evaluator but the events and the structs that they hold.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from service.catalogue.loader import shipped
from service.catalogue.own import Condition, OwnAction, OwnCatalogue, ThingType
from service.events import Event
from service.events import own_catalogues as catalogue_events
from service.events import resources as resource_events
from service.events import users as user_events
from tests.catalogue import naive as naive_conditions

Holder = Iterator[tuple[str, str, Condition | None]]
Thing = tuple[str, str, str | None, set[str], dict[str, Any]]
"""Type, name, owner, teams, properties."""
_BUILT_IN = shipped()
_FIRST_WORDS = {action.name.split(":")[0] for action in _BUILT_IN.actions}
_BUILT_IN_TYPES = {type_ for action in _BUILT_IN.actions for type_ in action.types}


class Own:
    """What is in force, registered and called so after some events."""

    def __init__(self) -> None:
        self.catalogues: dict[str, OwnCatalogue] = {}
        self.resources: dict[str, Thing] = {}
        self.aliases: dict[str, str] = {}

    def apply(self, event: Event) -> None:
        match event:
            case catalogue_events.OwnCatalogueAdopted():
                self.catalogues[event.name] = event.catalogue
            case catalogue_events.OwnCatalogueWithdrawn():
                del self.catalogues[event.name]
            case resource_events.ResourceRegistered():
                properties = {one.name: one.value for one in event.properties}
                self.resources[event.resource] = (
                    event.type,
                    event.name,
                    event.owner,
                    {*event.teams},
                    properties,
                )
            case resource_events.ResourceOwnerChanged():
                type_, name, _, teams, properties = self.resources[event.resource]
                self.resources[event.resource] = (type_, name, event.after, teams, properties)
            case resource_events.ResourceTeamsChanged():
                teams = self.resources[event.resource][3]
                teams -= {*event.removed}
                teams |= {*event.added}
            case resource_events.ResourcePropertiesChanged():
                properties = self.resources[event.resource][4]
                for change in event.changes:
                    properties.pop(change.name, None)
                    if change.after is not None:
                        properties[change.name] = change.after
            case resource_events.ResourceRemoved():
                del self.resources[event.resource]
            case user_events.PrincipalAliasAdded():
                self.aliases[event.alias] = event.principal
            case user_events.PrincipalAliasRemoved():
                self.aliases.pop(event.alias, None)
            case user_events.PrincipalDeleted():
                self.aliases = {alias: one for alias, one in self.aliases.items() if one != event.principal}
            case _:
                pass

    # -- what is in force ----------------------------------------------------------------------------------

    def types(self) -> dict[str, ThingType]:
        """Every own type: of several with the name the one whose catalogue's name comes first; never a built-in one."""
        found: dict[str, ThingType] = {}
        for name in sorted(self.catalogues, reverse=True):
            found |= {one.name: one for one in reversed(self.catalogues[name].types)}
        return {name: one for name, one in found.items() if name not in _BUILT_IN_TYPES}

    def actions(self) -> dict[str, tuple[str, OwnAction]]:
        """Every own action with its catalogue's name, in the same way."""
        found: dict[str, tuple[str, OwnAction]] = {}
        for name in sorted(self.catalogues):
            for one in self.catalogues[name].actions:
                if one.name not in found and one.name.split(":")[0] not in _FIRST_WORDS:
                    found[one.name] = (name, one)
        return found

    def conditions(self) -> dict[str, Condition]:
        """Every condition, in the same way."""
        found: dict[str, Condition] = {}
        for name in sorted(self.catalogues, reverse=True):
            found |= {one.name: one for one in reversed(self.catalogues[name].conditions)}
        return found

    def meant(self, type_: str, word: str) -> str | None:
        """The own action that a word means on things of the type: its name, or else the first that is called so."""
        fitting = [(name, one) for name, (_, one) in self.actions().items() if type_ in one.types]
        if any(name == word for name, _ in fitting):
            return word
        return next((name for name, one in fitting if word in one.called), None)

    def given(self, scope: str, action: str) -> Holder:
        """How a scope gives an action, if it does: extent and condition."""
        base, mark, condition = scope.partition("?")
        held, _, extent = base.rpartition(":")
        actions, conditions = self.actions(), self.conditions()
        if (
            held not in actions
            or extent not in actions[held][1].extents
            or (mark and condition not in conditions)
        ):
            return
        if action == held or action in self._implied(held):
            yield action, extent, conditions[condition] if mark else None

    def _implied(self, action: str) -> set[str]:
        """All that comes with it, of its own catalogue alone."""
        actions, found, left = self.actions(), set[str](), [action]
        while left:
            catalogue, one = actions[left.pop()]
            for implied in one.implies:
                if implied not in found and actions.get(implied, ("",))[0] == catalogue:
                    found.add(implied)
                    left.append(implied)
        return found

    # -- who may -------------------------------------------------------------------------------------------

    def may(
        self,
        scopes: set[str],
        principal: str,
        mine: set[str],
        action: str,
        teams: set[str],
        owner: str | None,
        request: Mapping[str, Any],
    ) -> bool:
        """Whether one of the scopes reaches a thing of these living teams and this owner; `mine` are whose teams."""
        return any(
            (
                extent == "*"
                or (extent == "own" and owner == principal)
                or (extent == "team" and bool(mine & teams))
            )
            and (condition is None or naive_conditions.holds(condition, request))
            for scope in scopes
            for _, extent, condition in self.given(scope, action)
        )

    def found(self, type_: str, text: str) -> str | None:
        """The registered thing of an own type that clients call so, or whose id here it is."""
        if type_ not in self.types():
            return None
        named = [one for one, held in self.resources.items() if held[:2] == (type_, text)]
        by_id = [text] if text in self.resources and self.resources[text][0] == type_ else []
        return next(iter([*named, *by_id]), None)

    def seen(self, resource: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """The request as conditions see it where it is about a registered thing: what is held wins."""
        type_, name, _, _, properties = self.resources[resource]
        known = self.types()[type_]
        asked = dict(request.get("resource", {}))
        said = dict(asked.get("properties", {}))
        for gone in (known.owner, known.teams):
            said.pop(gone, None)
        said |= {one: list(value) if isinstance(value, tuple) else value for one, value in properties.items()}
        return {**request, "resource": {**asked, "id": name, "properties": said}}
