"""What things and people were called when a record was made, opened at the edge and nowhere before.

A thing that had ended by then is called what it was last called. A person whose key was destroyed is
«(forgotten)»: the record keeps standing, and says so.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

from projections.directory import Directory
from projections.people import People
from projections.principals import Principal
from projections.timeline import Timeline
from service import errors
from service.log.recorded import Recorded
from service.vocabulary import (
    ApplicationId,
    EnvironmentId,
    Personal,
    PrincipalId,
    ResourceId,
    RoleId,
    Sealed,
    SecretId,
    TeamId,
    Thing,
    WebhookId,
)

FORGOTTEN = "(forgotten)"
WITHHELD = "somebody"
"""Stands for a person whom the reader may not read."""
UNNAMED = "(not shown)"
"""Stands for a thing that the reader may not read."""
UNREADABLE = "(unreadable)"
"""A seal that was changed or moved: `verify` says which, and the trail goes on."""

K = TypeVar("K", bound=str)
V = TypeVar("V")


class _Named(Protocol):
    @property
    def name(self) -> str: ...


class Names:
    """Names as of one position; nothing beyond the committed head may be asked."""

    def __init__(self, directory: Directory, people: People, position: int) -> None:
        self._directory = directory
        self._people = people
        self.position = position

    def actor(self, record: Recorded) -> str:
        """Who did it, for a sentence to begin with."""
        actor = record.actor
        if actor.principal is not None:
            name = self.principal(actor.principal)
            behalf = actor.on_behalf_of
            return f"{name} (on behalf of {self.principal(behalf)})" if behalf else name
        if actor.console is not None:
            return f"{self.text(record, 'console', actor.console)} at the console"
        return "The service" if actor.system else "The bearer of an invitation's code"

    def principal(self, principal: str) -> str:
        """A person's name, `system account …`, or the id of somebody this log never knew."""
        found = self.last_principal(principal)
        if found is None:
            return principal
        name = self._opened(found.name) or FORGOTTEN
        return name if found.type == "user" else f"system account {name}"

    def last_principal(self, principal: str) -> Principal | None:
        """The principal as it was at the position, or as it last was."""
        return self._last(self._directory.principals, PrincipalId(principal))

    def email(self, principal: str) -> str | None:
        """The e-mail address of a principal, «(forgotten)», or None where it had none."""
        found = self.last_principal(principal)
        if found is None or found.email is None:
            return None
        return self._opened(found.email) or FORGOTTEN

    def person_name(self, principal: str) -> str | None:
        """A principal's bare name, «(forgotten)», or None for somebody this log never knew."""
        found = self.last_principal(principal)
        return None if found is None else self._opened(found.name) or FORGOTTEN

    def role(self, role: str) -> str:
        return self._name(self._last(self._directory.roles, RoleId(role)), role)

    def team(self, team: str) -> str:
        return self._name(self._last(self._directory.teams, TeamId(team)), team)

    def application(self, application: str) -> str:
        return self._name(self._last(self._directory.applications, ApplicationId(application)), application)

    def environment(self, environment: str) -> str:
        return self._name(self._last(self._directory.environments, EnvironmentId(environment)), environment)

    def secret(self, secret: str) -> str:
        return self._name(self._last(self._directory.secrets, SecretId(secret)), secret)

    def webhook(self, webhook: str) -> str:
        """A webhook's description, or where it has none the id that clients know it by."""
        found = self._last(self._directory.webhooks, WebhookId(webhook))
        return webhook if found is None else " ".join(found.settings.description.split()) or found.shown_id

    def resource(self, resource: str) -> str:
        """A registered thing by its type and what clients call it."""
        found = self._last(self._directory.resources, ResourceId(resource))
        return f"thing {resource}" if found is None else f"{found.type} {found.name}"

    def integration(self, consumer: str, provider: str) -> str:
        """`consumer/provider`, by name."""
        return f"{self.application(consumer)}/{self.application(provider)}"

    def thing(self, thing: Thing) -> str:
        """What a thing is called: a name where it has one, its id otherwise."""
        match thing.type:
            case "user" | "system_account":
                return self.person_name(thing.id) or thing.id
            case "role":
                return thing.name or self.role(thing.id)
            case "team":
                return thing.name or self.team(thing.id)
            case "application":
                return thing.name or self.application(thing.id)
            case "environment":
                return thing.name or self.environment(thing.id)
            case "secret":
                return thing.name or self.secret(thing.id)
            case "webhook":
                return thing.name or self.webhook(thing.id)
            case "integration" if "/" in thing.id:
                consumer, _, provider = thing.id.partition("/")
                return self.integration(consumer, provider)
            case _:
                return thing.name or thing.id

    def text(self, record: Recorded, field: str, sealed: Sealed | None) -> str | None:
        """What a seal of this record says, «(forgotten)», or None where there is none."""
        if sealed is None:
            return None
        return self._opened(Personal(record.id, field, sealed)) or FORGOTTEN

    def _opened(self, personal: Personal) -> str | None:
        try:
            return self._people.text(personal)
        except errors.Broken:
            return UNREADABLE

    def _last(self, table: dict[K, Timeline[V]], key: K) -> V | None:
        timeline = table.get(key)
        return None if timeline is None else timeline.last_at(self.position)

    @staticmethod
    def _name(found: _Named | None, otherwise: str) -> str:
        return otherwise if found is None else found.name


class Discreet(Names):
    """Names for a reader who may not read everything.

    Whoever `readable` says no to is «somebody»; a team or an application, by its type and id, that `named` says no to
    is not named either.
    """

    def __init__(
        self,
        directory: Directory,
        people: People,
        position: int,
        readable: Callable[[Principal], bool],
        named: Callable[[str, str], bool],
    ) -> None:
        super().__init__(directory, people, position)
        self._readable = readable
        self._named_to = named

    def actor(self, record: Recorded) -> str:
        if record.actor.console is not None:
            return "Somebody at the console"
        named = super().actor(record)
        return named[0].upper() + named[1:] if named.startswith(WITHHELD) else named

    def principal(self, principal: str) -> str:
        return super().principal(principal) if self._may_know(principal) else WITHHELD

    def email(self, principal: str) -> str | None:
        return super().email(principal) if self._may_know(principal) else None

    def person_name(self, principal: str) -> str | None:
        return super().person_name(principal) if self._may_know(principal) else WITHHELD

    def team(self, team: str) -> str:
        return super().team(team) if self._named_to("team", team) else UNNAMED

    def application(self, application: str) -> str:
        return super().application(application) if self._named_to("application", application) else UNNAMED

    def text(self, record: Recorded, field: str, sealed: Sealed | None) -> str | None:
        """Only what is sealed of the person whom the record is about, where that one may be read."""
        known = self._may_know(getattr(record.data, "principal", ""))
        return super().text(record, field, sealed) if known or sealed is None else WITHHELD

    def _may_know(self, principal: str) -> bool:
        found = self.last_principal(principal)
        return found is not None and self._readable(found)
