"""A naive model of an account: plain dicts and sets, changed in place, forgetting at once what ends.

It shares nothing with the folds but the events. What it answers, they must answer, now and at every moment before.
"""

import copy
from collections.abc import Mapping
from typing import Any

from projections import access, asking, newcomers, things
from projections.applications import Application
from projections.roles import Role
from projections.teams import Team
from projections.view import View
from service.catalogue.compiled import DEFAULT_TEAM, USER
from service.events import Event
from service.events import applications as application_events
from service.events import contracts as contract_events
from service.events import environments as environment_events
from service.events import roles as role_events
from service.events import secrets as secret_events
from service.events import teams as team_events
from service.events import users as user_events
from service.events import webhooks as webhook_events
from service.events.preferences import PreferenceChanged
from service.events.system_accounts import SystemAccountCreated
from tests import own_types
from tests.projections.naive_own import Own

ACTIONS = (
    "contract_data:manage",
    "contract_data:read",
    "contract_data:bulk_delete",
    "team:manage",
    "team:read",
    "environment:read",
    "environment:manage",
    "secret:manage",
    "secret:read",
    "webhook:manage",
    "role:manage",
    "user:manage",
    "ai:generation:code",
    "ai:generation:openapi",
)
OWN_WORDS = tuple(word for word in own_types.WORDS if word != "contract_data:manage")
REQUESTS: tuple[dict[str, Any], ...] = (
    {},
    {
        "subject": {"properties": {"department": "Legal"}},
        "action": {"properties": {"soft": True}},
        "resource": {"properties": {"status": "active", "department": "Legal", "size": 10}},
    },
    {
        "action": {"properties": {"soft": False}},
        "resource": {"properties": {"status": "archived", "size": "99"}},
    },
)
"""What questions bring with them, on which grants may depend."""
NAMES = ("Foo", "Bar", "Baz", "Qux", "Administrator", "Default", "User", "Viewer")
Answers = dict[str, Any]
Left = tuple[str, str | None, str | None]
"""A name, the team, and the team that was deleted under it."""
Side = tuple[set[str], str | None]
"""The teams and the owner that decide about a thing."""


class Model:
    """The state after some events."""

    def __init__(self) -> None:
        self.roles: dict[str, tuple[str, frozenset[str]]] = {}
        self.teams: dict[str, str] = {}
        self.principals: dict[str, bool] = {}
        self.applications: dict[str, tuple[str, str | None]] = {}
        self.environments: dict[str, str] = {}
        self.contracts: dict[str, tuple[str, str, str]] = {}
        self.secrets: dict[str, Left] = {}
        self.conflicts: set[str] = set()
        self.webhooks: dict[str, Left] = {}
        self.holds: set[tuple[str, str]] = set()
        self.members: set[tuple[str, str]] = set()
        self.administrators: set[tuple[str, str]] = set()
        self.team_applications: set[tuple[str, str]] = set()
        self.team_environments: set[tuple[str, str]] = set()
        self.ai = True
        self.default_role: str | None = None
        self.default_team: str | None = None
        self.own = Own()

    def apply(self, event: Event) -> None:  # noqa: C901  # one branch a kind is the point of a naive model
        self.own.apply(event)
        match event:
            case role_events.RoleCreated():
                self.roles[event.role] = (event.name, frozenset(event.scopes))
            case role_events.RoleRenamed():
                self.roles[event.role] = (event.after, self.roles[event.role][1])
            case role_events.RolePermissionsChanged():
                self.roles[event.role] = (self.roles[event.role][0], frozenset(event.after))
            case role_events.RoleReset():
                self.roles[event.role] = (event.after.name, frozenset(event.after.scopes))
            case role_events.RoleDeleted():
                del self.roles[event.role]
                self.holds = {pair for pair in self.holds if pair[1] != event.role}
            case team_events.TeamCreated():
                self.teams[event.team] = event.name
            case team_events.TeamRenamed():
                self.teams[event.team] = event.after
            case team_events.TeamMembersChanged():
                self._relate(self.members, event.team, event.added, event.removed)
            case team_events.TeamAdministratorsChanged():
                self._relate(self.administrators, event.team, event.added, event.removed)
            case team_events.TeamApplicationsChanged():
                self._relate(self.team_applications, event.team, event.added, event.removed)
            case team_events.TeamEnvironmentsChanged():
                self._relate(self.team_environments, event.team, event.added, event.removed)
            case team_events.TeamDeleted():
                del self.teams[event.team]
                for relation in self._relations():
                    relation -= {pair for pair in relation if pair[0] == event.team}
            case user_events.UserCreated() | SystemAccountCreated():
                self.principals[event.principal] = True
            case user_events.PrincipalDisabled():
                self.principals[event.principal] = False
            case user_events.PrincipalEnabled():
                self.principals[event.principal] = True
            case user_events.PrincipalRolesChanged():
                self.holds |= {(event.principal, role) for role in event.added}
                self.holds -= {(event.principal, role) for role in event.removed}
            case user_events.PrincipalDeleted():
                del self.principals[event.principal]
                self.holds = {pair for pair in self.holds if pair[0] != event.principal}
                for relation in (self.members, self.administrators):
                    relation -= {pair for pair in relation if pair[1] == event.principal}
            case application_events.ApplicationCreated():
                self.applications[event.application] = (event.name, event.creator)
            case application_events.ApplicationEdited():
                for change in event.changes:
                    if change.field == "name":
                        creator = self.applications[event.application][1]
                        self.applications[event.application] = (str(change.after), creator)
            case application_events.ApplicationDeleted():
                self._application_gone(event.application)
            case application_events.ApplicationsRemoved():
                for application in event.applications:
                    self._application_gone(application)
            case contract_events.ContractPublished():
                self.contracts[event.contract] = (event.consumer, event.provider, event.version)
            case contract_events.ContractDeleted():
                del self.contracts[event.contract]
            case contract_events.ContractsRemoved():
                for gone in event.contracts:
                    self.contracts.pop(gone.contract, None)  # its application may have gone first
            case environment_events.EnvironmentCreated():
                self.environments[event.environment] = event.name
            case environment_events.EnvironmentDeleted():
                del self.environments[event.environment]
                self.team_environments = {
                    pair for pair in self.team_environments if pair[1] != event.environment
                }
            case secret_events.SecretCreated():
                self.secrets[event.secret] = (event.name, event.team, None)
            case secret_events.SecretEdited():
                for change in event.changes:
                    if change.field in ("name", "conflicting"):
                        self.conflicts.discard(event.secret)
                    if change.field == "name":
                        self.secrets[event.secret] = (str(change.after), *self.secrets[event.secret][1:])
            case secret_events.SecretMoved():
                self._moved_on(self.secrets, event.secret, event)
                self.conflicts -= {event.secret}
                self.conflicts |= {event.secret} if event.conflicting else set()
            case secret_events.SecretDeleted():
                del self.secrets[event.secret]
            case webhook_events.WebhookCreated():
                self.webhooks[event.webhook] = (event.settings.description, event.team, None)
            case webhook_events.WebhookEdited():
                self.webhooks[event.webhook] = (event.after.description, *self.webhooks[event.webhook][1:])
            case webhook_events.WebhookMoved():
                self._moved_on(self.webhooks, event.webhook, event)
            case webhook_events.WebhookTrusted():
                self.webhooks[event.webhook] = (*self.webhooks[event.webhook][:2], None)
            case webhook_events.WebhookDeleted():
                del self.webhooks[event.webhook]
            case PreferenceChanged():
                match event.name:
                    case "aiEnabled":
                        self.ai = event.after is True
                    case "defaultRole":
                        self.default_role = str(event.after) if event.after else None
                    case "defaultTeam":
                        self.default_team = str(event.after) if event.after else None
                    case _:
                        pass
            case _:
                pass  # nothing that this model is asked about

    def copied(self) -> "Model":
        return copy.deepcopy(self)

    def answers(self) -> Answers:
        """What `answers_of` a view must be."""
        return {
            "roles": self.roles,
            "role names": _named({name: role for role, (name, _) in self.roles.items()}),
            "teams": {
                team: (
                    name,
                    *({pair[1] for pair in relation if pair[0] == team} for relation in self._relations()),
                )
                for team, name in self.teams.items()
            },
            "team names": _named({name: team for team, name in self.teams.items()}),
            "principals": {
                principal: (
                    active,
                    {role for one, role in self.holds if one == principal},
                    {team for team, one in self.members if one == principal},
                )
                for principal, active in self.principals.items()
            },
            "applications": {
                application: (name, creator, self.teams_of(application))
                for application, (name, creator) in self.applications.items()
            },
            "application names": _named({name: one for one, (name, _) in self.applications.items()}),
            "environments": self.environments,
            "secrets": {one: (*held, one in self.conflicts) for one, held in self.secrets.items()},
            "webhooks": self.webhooks,
            "usable": self._usable(),
            "contracts": self.contracts,
            "integrations": self._integrations(),
            "may": self._grid(),
            "own catalogues": {name: one.number for name, one in self.own.catalogues.items()},
            "own words": {
                (type_, word): self.own.meant(type_, word) for type_ in own_types.TYPES for word in OWN_WORDS
            },
            "resources": {
                one: (type_, name, owner, teams & self.teams.keys(), properties)
                for one, (type_, name, owner, teams, properties) in self.own.resources.items()
            },
            "aliases": {alias: who for alias, who in self.own.aliases.items() if who in self.principals},
            "own may": self._own_grid(),
            "newcomers": (self._newcomers_role(), self._newcomers_team()),
        }

    def _newcomers_role(self) -> str | None:
        """Sections 3.1 and 3.9: the preferred role while it lives and has no power over people, otherwise User."""
        preferred = self.default_role
        elevating = {"role:manage:*", "user:manage:*", "system_account:manage:*"}
        if preferred in self.roles and not self.roles[preferred][1] & elevating:
            return preferred
        return USER if USER in self.roles else None

    def _newcomers_team(self) -> str | None:
        """Section 3.2: the preferred team while it lives, then the Default team while it does."""
        return next((team for team in (self.default_team, DEFAULT_TEAM) if team in self.teams), None)

    def _relations(self) -> tuple[set[tuple[str, str]], ...]:
        return self.members, self.administrators, self.team_applications, self.team_environments

    @staticmethod
    def _relate(
        relation: set[tuple[str, str]], team: str, added: tuple[str, ...], removed: tuple[str, ...]
    ) -> None:
        relation -= {(team, one) for one in removed}
        relation |= {(team, one) for one in added}

    @staticmethod
    def _moved_on(
        table: dict[str, Left], one: str, event: secret_events.SecretMoved | webhook_events.WebhookMoved
    ) -> None:
        table[one] = (table[one][0], event.team, event.team_before if event.team_deleted else None)

    def _usable(self) -> set[tuple[str, str]]:
        """Section 3.7: a team's secrets in its webhooks, those of none in webhooks of none; where a team was deleted,
        what came from it, until somebody who may manage every webhook says otherwise."""
        return {
            (webhook, secret)
            for webhook, (_, team, left) in self.webhooks.items()
            for secret, (_, held, from_) in self.secrets.items()
            if team == held and left in (None, from_) and secret not in self.conflicts
        }

    def _application_gone(self, application: str) -> None:
        del self.applications[application]
        self.team_applications = {pair for pair in self.team_applications if pair[1] != application}
        self.contracts = {
            one: held for one, held in self.contracts.items() if application not in (held[0], held[1])
        }

    def teams_of(self, application: str) -> set[str]:
        return {team for team, one in self.team_applications if one == application}

    def _integrations(self) -> dict[tuple[str, str], int]:
        counted: dict[tuple[str, str], int] = {}
        for consumer, provider, _ in self.contracts.values():
            counted[consumer, provider] = counted.get((consumer, provider), 0) + 1
        return counted

    def _grid(self) -> set[tuple[str, str, str]]:
        allowed = set()
        for principal in self.principals:
            for action in ACTIONS:
                for resource, one, sides in self.things():
                    reading = action.endswith(":read")
                    if resource == action.partition(":")[0] and any(
                        self.may(principal, action, one, teams, owner)
                        for teams, owner in (sides if reading else sides[:1])
                    ):
                        allowed.add((principal, action, one))
        return allowed

    def _own_grid(self) -> set[tuple[str, str, str, int]]:
        """Who may do which own action to which registered thing, with each of the requests behind the question."""
        return {
            (principal, action, one, number)
            for principal in self.principals
            for one, (type_, _, owner, teams, _) in self.own.resources.items()
            for action, (_, known) in self.own.actions().items()
            if type_ in known.types
            for number, request in enumerate(REQUESTS)
            if self.may_own(principal, action, teams & self.teams.keys(), owner, request)
        }

    def may_own(
        self, principal: str, action: str, teams: set[str], owner: str | None, request: Mapping[str, Any]
    ) -> bool:
        """Whether somebody may do an own action to a thing of these living teams and this owner."""
        mine = {team for team, one in self.members if one == principal}
        scopes = {
            scope for holder, role in self.holds if holder == principal for scope in self.roles[role][1]
        }
        return self.principals[principal] and self.own.may(
            scopes, principal, mine, action, teams, owner, request
        )

    def things(self) -> list[tuple[str, str, list[Side]]]:
        """(resource, id, sides): an integration is managed from its consumer's side and read from both."""
        found: list[tuple[str, str, list[Side]]] = []
        sides = {
            application: (self.teams_of(application), creator)
            for application, (_, creator) in self.applications.items()
        }
        found += [("contract_data", application, [side]) for application, side in sides.items()]
        for consumer, provider in self._integrations():
            found.append(("contract_data", f"{consumer}/{provider}", [sides[consumer], sides[provider]]))
        found += [("team", team, [({team}, None)]) for team in self.teams]
        for environment in self.environments:
            attached = {team for team, one in self.team_environments if one == environment}
            found.append(("environment", environment, [(attached, None)]))
        for noun, table in (("secret", self.secrets), ("webhook", self.webhooks)):
            found += [(noun, one, [({team} if team else set(), None)]) for one, (_, team, _) in table.items()]
        whole: list[Side] = [(set(), None)]
        return [*found, ("role", "*", whole), ("user", "*", whole), ("ai", "*", whole)]

    def may(self, principal: str, action: str, thing: str, teams: set[str], owner: str | None) -> bool:
        """The vendor's rules in the words of the vendor: section 1.2."""
        if not self.principals[principal]:
            return False
        if action.startswith("ai:"):
            return self.ai and any(
                scope == action or (scope.endswith(":*") and action.startswith(scope.removesuffix("*")))
                for holder, role in self.holds
                if holder == principal
                for scope in self.roles[role][1]
            )
        resource, verb = action.split(":")
        verbs = {verb, "manage"} if verb == "read" else {verb}
        mine = {team for team, one in self.members if one == principal}
        for holder, role in self.holds:
            if holder != principal:
                continue
            for scope in self.roles[role][1]:
                parts = scope.removesuffix("*" if scope.endswith("team*") else "").split(":")
                if len(parts) != 3 or parts[0] != resource or parts[1] not in verbs:
                    continue
                if (
                    parts[2] == "*"
                    or (parts[2] == "own" and owner == principal)
                    or (parts[2] == "team" and mine & teams)
                ):
                    return True
        led = {team for team, one in self.administrators if one == principal}
        return (resource == "team" and thing in led) or (action == "environment:read" and bool(led & teams))


def answers_of(view: View) -> Answers:
    """The same questions, asked of a view."""
    roles, teams = list(view.roles()), list(view.teams())
    applications = list(view.applications())
    contracts = [
        contract
        for pair in view.integrations()
        for contract in view.contracts_of(pair.consumer, pair.provider)
    ]
    return {
        "roles": {role.id: (role.name, frozenset(role.scopes)) for role in roles},
        "role names": {name: _id(view.role_named(name)) for name in NAMES},
        "teams": {
            team.id: (
                team.name,
                {one.id for one in view.members(team.id)},
                {one.id for one in view.administrators(team.id)},
                {one.id for one in view.team_applications(team.id)},
                {one.id for one in view.team_environments(team.id)},
            )
            for team in teams
        },
        "team names": {name: _id(view.team_named(name)) for name in NAMES},
        "principals": {
            one.id: (
                one.active,
                {role.id for role in view.roles_of(one)},
                {team.id for team in view.live_teams(one.teams)},
            )
            for one in view.principals()
        },
        "applications": {
            one.id: (one.name, one.creator, {team.id for team in view.live_teams(one.teams)})
            for one in applications
        },
        "application names": {name: _id(view.application_named(name)) for name in NAMES},
        "environments": {one.id: one.name for one in view.environments()},
        "secrets": {one.id: (one.name, one.team, one.left, one.conflicting) for one in view.secrets()},
        "webhooks": {one.id: (one.settings.description, one.team, one.left) for one in view.webhooks()},
        "usable": {
            (webhook.id, secret.id)
            for webhook in view.webhooks()
            for name in {one.name for one in view.secrets()}
            if (secret := view.secret_for(webhook.team, webhook.left, name)) is not None
        },
        "contracts": {one.id: (one.consumer, one.provider, one.version) for one in contracts},
        "integrations": {(one.consumer, one.provider): one.contracts for one in view.integrations()},
        "may": _grid(view),
        "own catalogues": {one.name: one.number for one in view.own_catalogues()},
        "own words": {
            (type_, word): _own_word(view, type_, word) for type_ in own_types.TYPES for word in OWN_WORDS
        },
        "resources": {
            one.id: (
                one.type,
                one.name,
                one.owner,
                {team.id for team in view.live_teams(one.teams)},
                dict(one.properties),
            )
            for one in view.resources()
        },
        "aliases": {alias.id: one.id for one in view.principals() for alias in one.aliases},
        "own may": _own_grid(view),
        "newcomers": tuple(
            None if given is None else given.id for given in (newcomers.role(view), newcomers.team(view))
        ),
    }


def _named(ids: dict[str, str]) -> dict[str, str]:
    return {name: ids.get(name, "") for name in NAMES}


def _id(found: Role | Team | Application | None) -> str:
    return found.id if found else ""


def _own_word(view: View, type_: str, word: str) -> str | None:
    found = view.compiled.action_for(type_, word) if view.catalogue is not None else None
    return found if found is not None and found in view.compiled.owned_by else None


def _own_grid(view: View) -> set[tuple[str, str, str, int]]:
    allowed: set[tuple[str, str, str, int]] = set()
    if view.catalogue is None:
        return allowed
    for held in view.resources():
        target = things.of_resource(held)
        for action in view.compiled.owned_by:
            if held.type not in view.compiled.actions[action].types:
                continue
            for principal in view.principals():
                for number, facts in enumerate(REQUESTS):
                    question = (view, principal.id, action, target, facts)
                    may = access.may(*question)
                    assert may == access.explain(*question).allowed
                    assert may == (access.grant(*question) is not None)
                    if may:
                        allowed.add((principal.id, action, held.id, number))
    return allowed


def _grid(view: View) -> set[tuple[str, str, str]]:
    targets = [
        *(("contract_data", things.of_application(one)) for one in view.applications()),
        *(("contract_data", things.of_integration(view, one)) for one in view.integrations()),
        *(("team", things.of_team(one)) for one in view.teams()),
        *(("environment", things.of_environment(one)) for one in view.environments()),
        *(("secret", things.of_secret(one)) for one in view.secrets()),
        *(("webhook", things.of_webhook(one)) for one in view.webhooks()),
        ("role", things.anything("role")),
        ("user", things.anything("user")),
        ("ai", things.anything("ai")),
    ]
    allowed: set[tuple[str, str, str]] = set()
    asker = asking.Asker(view)
    for principal in view.principals():
        for action in ACTIONS:
            for resource, target in targets:
                if resource != action.partition(":")[0]:
                    continue
                may = access.may(view, principal.id, action, target)
                assert may == access.explain(view, principal.id, action, target).allowed
                assert may == (access.grant(view, principal.id, action, target) is not None)
                assert may == asker.judges(principal.id, action, target)
                if target.thing.type == "application":
                    question = (principal.id, action, target.thing.id)
                    assert [may, may] == [asker.may(*question), *asker.every((question,))]
                if may:
                    allowed.add((principal.id, action, target.thing.id))
    return allowed
