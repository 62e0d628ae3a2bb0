"""What was true at one moment: a position of the log and an instant. Now is (head, clock).

Every question, about now or about any moment before, goes through a view and costs about the same. Look-ups
by id raise NotFound in the words of the noun; `…_or_none` do not.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar

from projections import authentication, preferences
from projections.applications import Application
from projections.authentication import Authentication
from projections.contracts import Contract, Integration, integration_id
from projections.directory import Directory
from projections.environments import Environment
from projections.index import Index
from projections.people import People
from projections.preferences import Preference
from projections.principals import Principal
from projections.resources import Resource
from projections.resources import name_key as resource_key
from projections.roles import Role
from projections.secrets import Secret, name_key
from projections.spans import NOTHING_READ, Shelf
from projections.teams import Team
from projections.timeline import Timeline
from projections.tokens import Invitation, Token
from projections.webhooks import Webhook, may_use, named_applications
from service import errors
from service.catalogue.compiled import DEFAULT_TEAM, Compiled
from service.catalogue.own import OwnCatalogue
from service.catalogue.route_tables import RouteTable
from service.vocabulary import (
    ApplicationId,
    ContractId,
    EnvironmentId,
    Personal,
    PrincipalId,
    ResourceId,
    RoleId,
    SecretId,
    TeamId,
    TokenId,
    VaultRef,
    WebhookId,
    email_key,
)

K = TypeVar("K", bound=Hashable)
S = TypeVar("S", bound=str)
V = TypeVar("V")
B = TypeVar("B", Contract, Integration)
_FROM_THE_FIRST = ("preference", "personal_preference", "authentication")
"""Nouns that nobody creates: until somebody changes one, its version is the record that opened the log."""


class View:
    """The directory at `position`; expiry is compared with `instant`.

    `shelf` holds what was read for this view of the facts that live in Postgres.
    """

    __slots__ = ("_people", "catalogue", "directory", "instant", "position", "shelf")

    def __init__(
        self,
        directory: Directory,
        people: People,
        position: int,
        instant: datetime,
        shelf: Shelf = NOTHING_READ,
    ) -> None:
        self.directory = directory
        self.shelf = shelf
        self._people = people
        self.position = position
        self.instant = instant
        catalogues = directory.catalogues.get("")
        self.catalogue: Compiled | None = catalogues.at(position) if catalogues else None

    def at(self, position: int) -> "View":
        """What was true right after an earlier position, 1 or beyond."""
        return View(self.directory, self._people, position, self.directory.instant(position))

    def beside(self, shelf: Shelf) -> "View":
        """The same, with what was read of the facts that live in Postgres."""
        return View(self.directory, self._people, self.position, self.instant, shelf)

    @property
    def compiled(self) -> Compiled:
        """The catalogue in force. Raises NotFound before the account was opened."""
        if self.catalogue is None:
            raise errors.NotFound("The account was not open yet.")
        return self.catalogue

    # -- one thing by its id -----------------------------------------------------------------------------

    def role(self, role: str) -> Role:
        return self._found(self.directory.roles, RoleId(role), "role")

    def team(self, team: str) -> Team:
        return self._found(self.directory.teams, TeamId(team), "team")

    def principal(self, principal: str) -> Principal:
        return self._found(self.directory.principals, PrincipalId(principal), "user")

    def token(self, token: str) -> Token:
        return self._found(self.directory.tokens, TokenId(token), "token")

    def application(self, application: str) -> Application:
        return self._found(self.directory.applications, ApplicationId(application), "application")

    def contract(self, contract: str) -> Contract:
        found = self._found(self.directory.contracts, ContractId(contract), "contract")
        return self._between_the_living(found, "contract")

    def environment(self, environment: str) -> Environment:
        return self._found(self.directory.environments, EnvironmentId(environment), "environment")

    def integration(self, consumer: str, provider: str) -> Integration:
        pair = integration_id(consumer, provider)
        found = self._found(self.directory.integrations, pair, "integration")
        return self._between_the_living(found, "integration")

    def secret(self, secret: str) -> Secret:
        return self._found(self.directory.secrets, SecretId(secret), "secret")

    def webhook(self, webhook: str) -> Webhook:
        """By its id, or by what a client called it that chose the id itself."""
        given = self._at(self.directory.webhook_names, webhook)
        return self._found(self.directory.webhooks, given or WebhookId(webhook), "webhook")

    def resource(self, resource: str) -> Resource:
        return self._found(self.directory.resources, ResourceId(resource), "resource")

    def role_or_none(self, role: str) -> Role | None:
        return self._at(self.directory.roles, RoleId(role))

    def team_or_none(self, team: str) -> Team | None:
        return self._at(self.directory.teams, TeamId(team))

    def principal_or_none(self, principal: str) -> Principal | None:
        return self._at(self.directory.principals, PrincipalId(principal))

    def token_or_none(self, token: str) -> Token | None:
        return self._at(self.directory.tokens, TokenId(token))

    def application_or_none(self, application: str) -> Application | None:
        return self._at(self.directory.applications, ApplicationId(application))

    def contract_or_none(self, contract: str) -> Contract | None:
        found = self._at(self.directory.contracts, ContractId(contract))
        return found if found is not None and self._both_live(found) else None

    def environment_or_none(self, environment: str) -> Environment | None:
        return self._at(self.directory.environments, EnvironmentId(environment))

    def secret_or_none(self, secret: str) -> Secret | None:
        return self._at(self.directory.secrets, SecretId(secret))

    def webhook_or_none(self, webhook: str) -> Webhook | None:
        given = self._at(self.directory.webhook_names, webhook)
        return self._at(self.directory.webhooks, given or WebhookId(webhook))

    def webhook_by_own_id(self, webhook: str) -> Webhook | None:
        """The webhook that a record is about: never a later one, which a client calls what a deleted one was called."""
        return self._at(self.directory.webhooks, WebhookId(webhook))

    def resource_or_none(self, resource: str) -> Resource | None:
        return self._at(self.directory.resources, ResourceId(resource))

    def own_catalogue_or_none(self, name: str) -> OwnCatalogue | None:
        """An organisation's own catalogue that is in force."""
        return self._at(self.directory.own_catalogues, name)

    def integration_or_none(self, consumer: str, provider: str) -> Integration | None:
        found = self._at(self.directory.integrations, integration_id(consumer, provider))
        return found if found is not None and self._both_live(found) else None

    def invitation_or_none(self, principal: str) -> Invitation | None:
        return self._at(self.directory.invitations, PrincipalId(principal))

    def route_table(self, name: str) -> RouteTable:
        return self._found(self.directory.route_tables, name, "route table")

    def route_table_or_none(self, name: str) -> RouteTable | None:
        return self._at(self.directory.route_tables, name)

    def last_route_table(self, name: str) -> RouteTable | None:
        """The table as it is, or as it was when it was withdrawn; None where no table ever had the name."""
        timeline = self.directory.route_tables.get(name)
        return None if timeline is None else timeline.last_at(self.position)

    def last_principal(self, principal: str) -> Principal | None:
        """The principal as it is, or as it last was; None for somebody this log never knew."""
        timeline = self.directory.principals.get(PrincipalId(principal))
        return None if timeline is None else timeline.last_at(self.position)

    def addresses_ever(self, principal: str) -> set[str]:
        """Every e-mail address that the principal had up to now, as `email_key` writes it; none that was forgotten."""
        timeline = self.directory.principals.get(PrincipalId(principal))
        had = {one.email for one in timeline.until(self.position)} if timeline is not None else set()
        return {email_key(text) for text in map(self.text, had) if text is not None}

    def forgotten(self, principal: str) -> bool:
        """Whether the person's keys were destroyed."""
        return self._at(self.directory.forgotten, PrincipalId(principal)) is not None

    def added_keys(self) -> list[tuple[str, str]]:
        """The (fingerprint, verifier) of every later secret that was added by then, the newest last."""
        found = (
            (fingerprint, one.at(self.position)) for fingerprint, one in self.directory.added_keys.items()
        )
        return [(fingerprint, verifier) for fingerprint, verifier in found if verifier is not None]

    # -- preferences and settings ------------------------------------------------------------------------

    def preference_or_none(self, name: str) -> Preference | None:
        """A preference of the account that somebody changed; None while it is what it was from the first day."""
        return self._at(self.directory.preferences, name)

    def preference_ever(self, name: str) -> Iterator[Preference]:
        """Everything that a preference of the account ever held, the newest first."""
        timeline = self.directory.preferences.get(name)
        return iter(()) if timeline is None else timeline.until(self.position)

    def preference_history(self, name: str, since: datetime) -> Iterator[tuple[Preference, datetime | None]]:
        """What the preference held at some time from `since` on, the newest first, each with when it was replaced."""
        timeline, position, replaced_at = self.directory.preferences.get(name), self.position, None
        while timeline is not None and (held := timeline.at(position)) is not None:
            yield held, replaced_at
            if held.changed_at <= since:
                return
            position, replaced_at = timeline.since(position) - 1, held.changed_at

    def preference(self, name: str) -> preferences.Held:
        """What a preference of the account holds, be it its default. Raises KeyError for one that there is not."""
        held = self.preference_or_none(name)
        return preferences.SYSTEM[name].default if held is None else held.value

    def personal_preference_or_none(self, principal: str, name: str) -> Preference | None:
        """A principal's own preference, if they ever changed it."""
        return self._at(self.directory.personal_preferences, preferences.personal_id(principal, name))

    def personal_preference(self, principal: str, name: str) -> preferences.Held:
        """What a principal's own preference holds, be it its default. Raises KeyError as `preference` does."""
        held = self.personal_preference_or_none(principal, name)
        return preferences.PERSONAL[name].default if held is None else held.value

    @property
    def ai_enabled(self) -> bool:
        """Whether AI features are on for the account (section 1.2, rule 7)."""
        return self.preference(preferences.AI_ENABLED) is not False

    def authentication(self) -> Authentication:
        """The settings of signing in."""
        held = self._at(self.directory.authentication, authentication.THE_ONE)
        return held or authentication.NOTHING

    # -- one thing by its name ---------------------------------------------------------------------------

    def role_named(self, name: str) -> Role | None:
        return self._named(self.directory.role_names, self.directory.roles, name)

    def team_named(self, name: str) -> Team | None:
        return self._named(self.directory.team_names, self.directory.teams, name)

    def application_named(self, name: str) -> Application | None:
        return self._named(self.directory.application_names, self.directory.applications, name)

    def environment_named(self, name: str) -> Environment | None:
        return self._named(self.directory.environment_names, self.directory.environments, name)

    def secret_named(self, team: TeamId | None, name: str) -> Secret | None:
        """The secret of a team, or of none, that has the name. A conflicting one has none."""
        return self._named(self.directory.secret_names, self.directory.secrets, name_key(team, name))

    def resource_named(self, type_: str, name: str) -> Resource | None:
        """The registered thing of an own type that clients call so."""
        return self._named(self.directory.resource_names, self.directory.resources, resource_key(type_, name))

    def secrets_called(self, name: str) -> list[Secret]:
        """Every secret with the name, whosever it is; a conflicting one has none."""
        keys = [one for one in self.directory.secret_names if one.partition("/")[2] == name]
        found = (self._named(self.directory.secret_names, self.directory.secrets, one) for one in keys)
        return [one for one in found if one is not None]

    def secret_for(self, team: TeamId | None, left: TeamId | None, name: str) -> Secret | None:
        """What `${user.<name>}` stands for in a webhook of the team, or of none since the team `left` was deleted."""
        secret = self.secret_named(team, name)
        return secret if secret is not None and may_use(team, left, secret) else None

    def contract_of(self, consumer: str, provider: str, version: str) -> Contract | None:
        """The contract of one consumer version with one provider."""
        keys = self.directory.contract_keys.get(f"{integration_id(consumer, provider)}/{version}")
        contract = keys.at(self.position) if keys else None
        return self.contract_or_none(contract) if contract else None

    def principal_with_email(self, email: str) -> Principal | None:
        found = self._people.with_email(email, self.directory.principals, self.position)
        return found[0] if found else None

    def principal_with_external_id(self, external_id: str) -> Principal | None:
        found = self._people.with_external_id(external_id, self.directory.principals, self.position)
        return found[0] if found else None

    def principal_with_external_username(self, username: str) -> Principal | None:
        found = self._people.with_external_username(username, self.directory.principals, self.position)
        return found[0] if found else None

    def principal_with_alias(self, alias: str) -> Principal | None:
        """Whom programs know by this further id, be it an identity provider's or another address."""
        found = self._people.with_alias(alias, self.directory.principals, self.position)
        return found[0] if found else None

    def principals_named(self, name: str) -> list[Principal]:
        return self._people.with_name(name, self.directory.principals, self.position)

    def token_with_digest(self, digest: str) -> Token | None:
        """The token whose value works at this moment; an old value's digest finds nothing."""
        return next(
            (
                token
                for candidate in self.directory.token_digests.of(digest)
                if (token := self.token_or_none(candidate)) is not None and token.digest == digest
            ),
            None,
        )

    def invitation_with_digest(self, digest: str) -> Invitation | None:
        """The open invitation that this code belongs to; a redeemed or replaced one is none."""
        return next(
            (
                invitation
                for candidate in self.directory.invitation_digests.of(digest)
                if (invitation := self.invitation_or_none(candidate)) is not None
                and invitation.digest == digest
            ),
            None,
        )

    def body_ref(self, digest: str) -> VaultRef | None:
        """Where the vault keeps the body with this digest, if any contract ever brought it."""
        bodies = self.directory.bodies.get(digest)
        return bodies.at(self.position) if bodies else None

    def body_since(self, digest: str, body: VaultRef, position: int) -> bool:
        """Whether the body stands in the vault under this ref, and nobody published it after a position."""
        bodies = self.directory.bodies.get(digest)
        return (
            bodies is not None
            and bodies.at(self.position) == body
            and bodies.since(self.position) <= position
        )

    # -- everything of a kind ----------------------------------------------------------------------------

    def roles(self) -> Iterator[Role]:
        return self._all(self.directory.roles)

    def teams(self) -> Iterator[Team]:
        return self._all(self.directory.teams)

    def principals(self) -> Iterator[Principal]:
        return self._all(self.directory.principals)

    def applications(self) -> Iterator[Application]:
        return self._all(self.directory.applications)

    def integrations(self) -> Iterator[Integration]:
        return filter(self._both_live, self._all(self.directory.integrations))

    def environments(self) -> Iterator[Environment]:
        return self._all(self.directory.environments)

    def secrets(self) -> Iterator[Secret]:
        return self._all(self.directory.secrets)

    def webhooks(self) -> Iterator[Webhook]:
        return self._all(self.directory.webhooks)

    def own_catalogues(self) -> Iterator[OwnCatalogue]:
        return self._all(self.directory.own_catalogues)

    def resources(self) -> Iterator[Resource]:
        return self._all(self.directory.resources)

    def resources_of_type(self, type_: str) -> Iterator[Resource]:
        """Every registered thing of a type, in the order in which they came."""
        found = map(self.resource_or_none, self.directory.typed_resources.of(type_))
        return (one for one in found if one is not None)

    def route_tables(self) -> Iterator[RouteTable]:
        return self._all(self.directory.route_tables)

    # -- relations: a candidate counts while both ends live and its own side says so ---------------------

    def members(self, team: str) -> list[Principal]:
        """The members of a live team; of a deleted one there are none."""
        return list(self.each_member(team))

    def each_member(self, team: str) -> Iterator[Principal]:
        """`members` one by one, for whoever breathes between them."""
        return self._related(
            self.directory.members, team, self.principal_or_none, lambda one: TeamId(team) in one.teams
        )

    def administrators(self, team: str) -> list[Principal]:
        found = self._related(
            self.directory.administrators,
            team,
            self.principal_or_none,
            lambda one: TeamId(team) in one.administers,
        )
        return list(found)

    def team_applications(self, team: str) -> list[Application]:
        found = self._related(
            self.directory.team_applications, team, self.application_or_none, lambda one: team in one.teams
        )
        return list(found)

    def team_environments(self, team: str) -> list[Environment]:
        found = self._related(
            self.directory.team_environments, team, self.environment_or_none, lambda one: team in one.teams
        )
        return list(found)

    def team_secrets(self, team: str) -> list[Secret]:
        """The secrets of a live team."""
        found = self._related(
            self.directory.team_secrets, team, self.secret_or_none, lambda one: team == one.team
        )
        return list(found)

    def team_webhooks(self, team: str) -> list[Webhook]:
        """The webhooks of a live team."""
        found = self._related(
            self.directory.team_webhooks, team, self.webhook_by_own_id, lambda one: team == one.team
        )
        return list(found)

    def team_resources(self, team: str) -> list[Resource]:
        """The registered things of a live team."""
        found = self._related(
            self.directory.team_resources, team, self.resource_or_none, lambda one: team in one.teams
        )
        return list(found)

    def resources_of(self, owner: str) -> list[Resource]:
        """The registered things that somebody owns."""
        found = map(self.resource_or_none, self.directory.owned_resources.of(PrincipalId(owner)))
        return [one for one in found if one is not None and one.owner == owner]

    def webhooks_naming(self, application: str) -> list[Webhook]:
        """Every webhook that fires for this application by its id, on either side."""
        found = map(self.webhook_by_own_id, self.directory.application_webhooks.of(application))
        return [one for one in found if one is not None and application in named_applications(one)]

    def webhooks_without_name(self) -> list[Webhook]:
        """Every webhook that names no application: those that fire for all, or for a label."""
        found = map(self.webhook_by_own_id, self.directory.application_webhooks.of(""))
        return [one for one in found if one is not None and not named_applications(one)]

    def ever_linked(self, team: TeamId) -> int:
        """How many links a team ever had, of any kind: at least as many as it has, and cheap to ask."""
        directory = self.directory
        return (
            directory.members.count(team)
            + directory.administrators.count(team)
            + directory.team_applications.count(team)
            + directory.team_environments.count(team)
            + directory.team_secrets.count(team)
            + directory.team_webhooks.count(team)
            + directory.team_resources.count(team)
        )

    def created_by(self, principal: str) -> list[Application]:
        """The live applications that somebody created."""
        found = (self.application_or_none(one) for one in self.directory.created.of(PrincipalId(principal)))
        return [one for one in found if one is not None]

    def holders(self, role: str) -> list[Principal]:
        """Everybody who holds a live role."""
        if self.role_or_none(role) is None:
            return []
        found = (self.principal_or_none(one) for one in self.directory.holders.of(RoleId(role)))
        return [one for one in found if one is not None and role in one.roles]

    def roles_of(self, principal: Principal) -> list[Role]:
        """The live roles somebody was given; Team Administrator, which is computed, is not among them."""
        return [role for held in principal.roles if (role := self.role_or_none(held)) is not None]

    def live_teams(self, teams: Iterable[str]) -> list[Team]:
        return [team for one in teams if (team := self.team_or_none(one)) is not None]

    def contracts_of(self, consumer: str, provider: str) -> list[Contract]:
        """Every live contract of an integration."""
        if self.integration_or_none(consumer, provider) is None:  # it lives as long as its last contract
            return []
        ever = self.directory.integration_contracts.of(integration_id(consumer, provider))
        table = self.directory.contracts
        return [contract for one in ever if (contract := self._at(table, one)) is not None]

    def newest_contracts(self, consumer: str, provider: str) -> Iterator[Contract]:
        """Every live contract of an integration, the newest first; only as many are looked up as are taken."""
        if self.integration_or_none(consumer, provider) is not None:
            ever = self.directory.integration_contracts.of(integration_id(consumer, provider))
            table = self.directory.contracts
            for one in reversed(ever):
                if (contract := self._at(table, one)) is not None:
                    yield contract

    def integrations_of(self, application: str) -> list[Integration]:
        """Every live integration that an application takes part in, on either side."""
        ever = self.directory.application_integrations.of(ApplicationId(application))
        found = (self._at(self.directory.integrations, pair) for pair in ever)
        return [one for one in found if one is not None and self._both_live(one)]

    def default_team(self) -> Team | None:
        """The team that the account came with, while it lives. Who is new may join another one: `newcomers.team`."""
        team = self.team_or_none(DEFAULT_TEAM)
        return team if team is not None and team.default else None

    # -- a person's text and a fact's age ----------------------------------------------------------------

    def text(self, personal: Personal | None) -> str | None:
        """A person's text in the clear, or None where there is none or the person was forgotten."""
        return self._people.text(personal)

    def version(self, noun: str, thing: str) -> int:
        """The position that last changed a noun (`role`, `team`, …): its version, for an ETag."""
        timeline = self._timeline(noun, thing)
        found = timeline.since(self.position) if timeline else 0
        return found or int(noun in _FROM_THE_FIRST)

    def changed_since(self, noun: str, thing: str, version: int) -> list[int]:
        """The positions beyond a version, oldest first, that changed a noun."""
        timeline = self._timeline(noun, thing)
        return timeline.made_between(version, self.position) if timeline else []

    # -- how -----------------------------------------------------------------------------------------------

    def _timeline(self, noun: str, thing: str) -> Timeline[Any] | None:
        directory = self.directory
        tables: dict[str, Mapping[Any, Timeline[Any]]] = {
            "role": directory.roles,
            "team": directory.teams,
            "user": directory.principals,
            "application": directory.applications,
            "environment": directory.environments,
            "secret": directory.secrets,
            "webhook": directory.webhooks,
            "resource": directory.resources,
            "own_catalogue": directory.own_catalogues,
            "route_table": directory.route_tables,
            "preference": directory.preferences,
            "personal_preference": directory.personal_preferences,
            "authentication": directory.authentication,
        }
        return tables[noun].get(thing)

    def _at(self, table: dict[K, Timeline[V]], key: K) -> V | None:
        timeline = table.get(key)
        return timeline.at(self.position) if timeline is not None else None

    def _found(self, table: dict[K, Timeline[V]], key: K, noun: str) -> V:
        timeline = table.get(key)
        value = timeline.at(self.position) if timeline is not None else None
        if value is None:
            gone = timeline is not None and timeline.ever(self.position)
            raise errors.NotFound(
                f"This {noun} was deleted." if gone else f"There is no such {noun}.", gone=gone
            )
        return value

    def _named(self, names: dict[str, Timeline[K]], table: dict[K, Timeline[V]], name: str) -> V | None:
        key = self._at(names, name)
        return self._at(table, key) if key is not None else None

    def _all(self, table: dict[K, Timeline[V]]) -> Iterator[V]:
        position = self.position
        for timeline in list(table.values()):  # copied at one stroke: others write meanwhile
            value = timeline.at(position)
            if value is not None:
                yield value

    def _both_live(self, between: Contract | Integration) -> bool:
        """Whether consumer and provider live: from the record that deletes one of them on, nothing is between them."""
        first = self.application_or_none(between.consumer)
        return first is not None and self.application_or_none(between.provider) is not None

    def _between_the_living(self, between: B, noun: str) -> B:
        if not self._both_live(between):
            raise errors.NotFound(f"This {noun} was deleted.", gone=True)
        return between

    def _related(
        self,
        index: Index[TeamId, S],
        team: str,
        find: Callable[[str], V | None],
        holds: Callable[[V], bool],
    ) -> Iterator[V]:
        if self.team_or_none(team) is None:
            return
        for one in index.of(TeamId(team)):
            found = find(one)
            if found is not None and holds(found):
                yield found
