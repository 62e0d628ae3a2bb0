"""All nouns, every version: what the log says, folded, and askable at any position.

Pure: no clock, no database. `apply` folds one record and journals it, so that a batch that was not committed
can be undone exactly. Readers name a position and never see what stands above the committed head.
"""

import functools
from array import array
from bisect import bisect_right
from collections.abc import Callable, Hashable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Protocol, TypeVar, assert_never, get_args

import msgspec

from projections import (
    applications,
    authentication,
    contracts,
    environments,
    preferences,
    principals,
    resources,
    roles,
    route_tables,
    secrets,
    teams,
    tokens,
    webhooks,
)
from projections.index import Index
from projections.timeline import Timeline
from service.catalogue.compiled import NOTHING, Compiled, Masks
from service.catalogue.model import Catalogue
from service.catalogue.own import OwnCatalogue
from service.catalogue.route_tables import RouteTable
from service.events import account, attempts
from service.events import applications as application_events
from service.events import authentication as authentication_events
from service.events import branches as branch_events
from service.events import changes as change_events
from service.events import contracts as contract_events
from service.events import deletions as deletion_events
from service.events import deployments as deployment_events
from service.events import environments as environment_events
from service.events import labels as label_events
from service.events import own_catalogues as own_catalogue_events
from service.events import people as person_events
from service.events import preferences as preference_events
from service.events import resources as resource_events
from service.events import results as result_events
from service.events import roles as role_events
from service.events import route_tables as route_table_events
from service.events import secrets as secret_events
from service.events import system_accounts as system_account_events
from service.events import teams as team_events
from service.events import tokens as token_events
from service.events import users as user_events
from service.events import versions as version_events
from service.events import webhooks as webhook_events
from service.log.recorded import Foldable
from service.vocabulary import (
    ApplicationId,
    ContractId,
    EnvironmentId,
    KeyId,
    PrincipalId,
    ResourceId,
    RoleId,
    SecretId,
    TeamId,
    TokenId,
    VaultRef,
    WebhookId,
    interned,
)

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


M = TypeVar("M", bound=str)
OnePrincipalEvent = (
    user_events.UserCreated
    | system_account_events.SystemAccountCreated
    | user_events.PrincipalRenamed
    | user_events.PrincipalEmailChanged
    | user_events.PrincipalNamesChanged
    | user_events.PrincipalExternalIdsChanged
    | user_events.PrincipalAliasAdded
    | user_events.PrincipalAliasRemoved
    | user_events.PrincipalDisabled
    | user_events.PrincipalEnabled
    | user_events.PrincipalRolesChanged
    | user_events.PrincipalDeleted
)


Nothing = (
    contract_events.IntegrationContractsDeleted
    | contract_events.IntegrationTaggedContractsDeleted
    | contract_events.IntegrationBranchContractsDeleted
    | contract_events.IntegrationDeleted
    | contract_events.IntegrationsDeleted
    | result_events.ResultEvent
    | deployment_events.DeploymentEvent
    | version_events.VersionEvent
    | branch_events.BranchEvent
    | label_events.LabelEvent
    | webhook_events.DeliveryEvent
    | change_events.ChangeEvent
    | deletion_events.DeletionRestored
    | deletion_events.FactsRestored
    | account.LogRestored
    | account.TrailRead
    | account.BreakGlassUsed
    | attempts.AttemptDenied
)


class _Named(Protocol):
    @property
    def name(self) -> str: ...


def _microseconds(instant: datetime) -> int:
    """Since 1970, exactly; dividing a timedelta takes three times as long."""
    since = instant - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _name_of(noun: _Named | None) -> str | None:
    return None if noun is None else noun.name


def _by_type(*folds: tuple[object, Callable[..., object]]) -> dict[type, Callable[..., object]]:
    return {kind: fold for kinds, fold in folds for kind in (get_args(kinds) or (kinds,))}


class Directory:
    """Timelines of every noun and index. `position` is the last one folded, committed or not."""

    def __init__(self) -> None:
        self.position = 0
        self.instants = array("q")  # microseconds since 1970 of each position, so that a time bisects to one
        self.opened: account.LogOpened | None = None
        self.catalogues: dict[str, Timeline[Compiled]] = {}
        self.own_catalogues: dict[str, Timeline[OwnCatalogue]] = {}
        self.roles: dict[RoleId, Timeline[roles.Role]] = {}
        self.teams: dict[TeamId, Timeline[teams.Team]] = {}
        self.principals: dict[PrincipalId, Timeline[principals.Principal]] = {}
        self.tokens: dict[TokenId, Timeline[tokens.Token]] = {}
        self.invitations: dict[PrincipalId, Timeline[tokens.Invitation]] = {}
        self.applications: dict[ApplicationId, Timeline[applications.Application]] = {}
        self.contracts: dict[ContractId, Timeline[contracts.Contract]] = {}
        self.integrations: dict[str, Timeline[contracts.Integration]] = {}
        self.environments: dict[EnvironmentId, Timeline[environments.Environment]] = {}
        self.secrets: dict[SecretId, Timeline[secrets.Secret]] = {}
        self.webhooks: dict[WebhookId, Timeline[webhooks.Webhook]] = {}
        self.resources: dict[ResourceId, Timeline[resources.Resource]] = {}
        self.route_tables: dict[str, Timeline[RouteTable]] = {}
        self.preferences: dict[str, Timeline[preferences.Preference]] = {}
        self.personal_preferences: dict[str, Timeline[preferences.Preference]] = {}
        self.authentication: dict[str, Timeline[authentication.Authentication]] = {}
        # Whose keys were destroyed, and which: what a restore from an older copy must not bring back.
        self.forgotten: dict[PrincipalId, Timeline[tuple[KeyId, ...]]] = {}
        # Every later secret, by its fingerprint, with its verifier, in the order in which they were added.
        self.added_keys: dict[str, Timeline[str]] = {}
        # Names are timelines too: who had this name when.
        self.role_names: dict[str, Timeline[RoleId]] = {}
        self.team_names: dict[str, Timeline[TeamId]] = {}
        self.application_names: dict[str, Timeline[ApplicationId]] = {}
        self.environment_names: dict[str, Timeline[EnvironmentId]] = {}
        self.secret_names: dict[str, Timeline[SecretId]] = {}
        self.webhook_names: dict[str, Timeline[WebhookId]] = {}
        self.resource_names: dict[str, Timeline[ResourceId]] = {}
        self.contract_keys: dict[str, Timeline[ContractId]] = {}
        self.bodies: dict[str, Timeline[VaultRef]] = {}
        # What roles grant, compiled once: by role, and by each distinct set of roles that somebody holds. A set has the
        # number under which its roles and what they reach together stand in two lists; number 0 is the set of no roles.
        self.role_masks: dict[RoleId, Timeline[Masks]] = {}
        self.set_numbers: dict[tuple[RoleId, ...], int] = {(): 0}
        self.set_roles: list[tuple[RoleId, ...]] = [()]
        self.role_sets: list[Timeline[bytes]] = [Timeline()]
        self.sets_of_role: dict[RoleId, list[int]] = {}
        # Ever-members, of the large side: a candidate's own timeline says whether it counts at a position.
        self.token_digests: Index[str, TokenId] = Index()
        self.invitation_digests: Index[str, PrincipalId] = Index()
        self.members: Index[TeamId, PrincipalId] = Index()
        self.administrators: Index[TeamId, PrincipalId] = Index()
        self.team_applications: Index[TeamId, ApplicationId] = Index()
        self.team_environments: Index[TeamId, EnvironmentId] = Index()
        self.team_secrets: Index[TeamId, SecretId] = Index()
        self.team_webhooks: Index[TeamId, WebhookId] = Index()
        self.team_resources: Index[TeamId, ResourceId] = Index()
        self.owned_resources: Index[PrincipalId, ResourceId] = Index()
        self.typed_resources: Index[str, ResourceId] = Index()
        # By each application that one names; by "" what fires for applications that it does not name.
        self.application_webhooks: Index[str, WebhookId] = Index()
        self.holders: Index[RoleId, PrincipalId] = Index()
        self.created: Index[PrincipalId, ApplicationId] = Index()
        self.integration_contracts: Index[str, ContractId] = Index()
        self.application_integrations: Index[ApplicationId, str] = Index()
        self._journal: list[Callable[[], Any]] | None = None

    # -- folding -----------------------------------------------------------------------------------------

    def apply(self, recorded: Foldable) -> None:
        """Fold the next record. Raises ValueError when it is not the next one."""
        if recorded.position != self.position + 1:
            raise ValueError(f"position {recorded.position} cannot follow {self.position}")
        self.position = recorded.position
        self.instants.append(_microseconds(recorded.recorded_at))
        if self._journal is not None:
            self._journal.append(self._step_back)
        event = recorded.data
        self.folds[type(event)](self, event, recorded)

    def begin(self) -> None:
        """From here on every step is journalled."""
        self._journal = []

    def mark(self) -> int:
        """A point to which `undo` can go back. Only between `begin` and `keep`."""
        assert self._journal is not None, "begin() comes first"
        return len(self._journal)

    def undo(self, mark: int = 0) -> None:
        """Take back every step since the mark, in reverse: the directory is as it was, indexes included."""
        assert self._journal is not None, "begin() comes first"
        while len(self._journal) > mark:
            self._journal.pop()()

    def keep(self, until: int | None = None) -> None:
        """The steps since `begin`, or up to the mark `until`, are committed; nothing can undo those."""
        if until is None:
            self._journal = None
        else:
            assert self._journal is not None, "begin() comes first"
            del self._journal[:until]

    # -- time --------------------------------------------------------------------------------------------

    def instant(self, position: int) -> datetime:
        """When the record at `position` was recorded. Raises IndexError outside 1…position."""
        if not 1 <= position <= len(self.instants):
            raise IndexError(position)
        return _EPOCH + self.instants[position - 1] * _MICROSECOND

    def position_at(self, instant: datetime) -> int:
        """The last position recorded at or before the instant; 0 before the first."""
        return bisect_right(self.instants, _microseconds(instant))

    # -- one record --------------------------------------------------------------------------------------

    def _fold_role(self, event: role_events.RoleEvent, recorded: Foldable) -> None:
        role = interned(event.role)
        before = self._last(self.roles, role)
        after = roles.fold(before, event, recorded)
        self._put(self.roles, role, after)
        self._rename(self.role_names, _name_of(before), _name_of(after), role)
        if (before.scopes if before else None) != (after.scopes if after else None):
            self._compile(role)
            for number in self.sets_of_role.get(role, ()):
                self._compile_set(number)

    def _fold_team(self, event: team_events.TeamEvent, recorded: Foldable) -> TeamId:
        """Fold the team itself; what is returned is the one object for all equal ids of it."""
        timeline = self.teams.get(event.team)
        before = None if timeline is None else timeline.value
        after = teams.fold(before, event, recorded)
        if timeline is not None and before is not None and after is not None and before.name is after.name:
            self._step(timeline, after)
            return before.id
        team = interned(event.team)
        self._put(self.teams, team, after)
        self._rename(self.team_names, _name_of(before), _name_of(after), team)
        return team

    def _fold_members(
        self,
        event: team_events.TeamMembersChanged | team_events.TeamAdministratorsChanged,
        recorded: Foldable,
    ) -> None:
        team = self._fold_team(event, recorded)
        members = type(event) is team_events.TeamMembersChanged
        index = self.members if members else self.administrators
        for named in (*event.added, *event.removed):
            timeline = self.principals.get(named)
            if timeline is None or (before := timeline.value) is None:
                self._put(self.principals, named, None)
                self._ever(index, team, named)
                continue
            joined = named in event.added
            after = (principals.in_team if members else principals.administering)(before, team, joined)
            self._step(timeline, after)
            self._ever(index, team, before.person.id)

    def _fold_team_applications(self, event: team_events.TeamApplicationsChanged, recorded: Foldable) -> None:
        team = self._fold_team(event, recorded)
        for named in (*event.added, *event.removed):
            application = interned(named)
            owned = applications.fold(self._last(self.applications, application), event, recorded)
            self._put(self.applications, application, owned)
            self._ever(self.team_applications, team, application)

    def _fold_team_environments(self, event: team_events.TeamEnvironmentsChanged, recorded: Foldable) -> None:
        team = self._fold_team(event, recorded)
        for named in (*event.added, *event.removed):
            environment = interned(named)
            attached = environments.fold(self._last(self.environments, environment), event, recorded)
            self._put(self.environments, environment, attached)
            self._ever(self.team_environments, team, environment)

    def _fold_principal(self, event: OnePrincipalEvent, recorded: Foldable) -> None:
        timeline = self.principals.get(event.principal)
        before = None if timeline is None else timeline.value
        after = principals.fold(before, event, recorded)
        if after is not None and before is not None and before.roles != after.roles:
            number = self._numbered(after.roles)
            after = msgspec.structs.replace(after, roles=self.set_roles[number], role_set=number)
        if timeline is None:
            self._put(self.principals, event.principal, after)
        else:
            self._step(timeline, after)
        if type(event) is user_events.PrincipalRolesChanged:
            principal = event.principal if after is None else after.person.id
            for role in event.added:
                self._ever(self.holders, interned(role), principal)

    def _numbered(self, roles_held: tuple[RoleId, ...]) -> int:
        """Somebody holds this set of roles: its number. Each distinct set is compiled once and shared."""
        number = self.set_numbers.get(roles_held)
        if number is None:
            number = len(self.set_roles)
            self.set_roles.append(roles_held)
            self.role_sets.append(Timeline())
            self.set_numbers[roles_held] = number
            for role in roles_held:
                self.sets_of_role.setdefault(role, []).append(number)
            if self._journal is not None:
                self._journal.append(self._forget_set)
            self._compile_set(number)
        return number

    def _forget_set(self) -> None:
        """Undo the last set that was numbered."""
        roles_held = self.set_roles.pop()
        self.role_sets.pop()
        del self.set_numbers[roles_held]
        for role in roles_held:
            self.sets_of_role[role].pop()
            if not self.sets_of_role[role]:
                del self.sets_of_role[role]

    def _compile(self, role: RoleId) -> None:
        """What the role grants from here on."""
        held, compiled = self._last(self.roles, role), self._last(self.catalogues, "")
        self._put(self.role_masks, role, compiled.masks(held.scopes) if held and compiled else None)

    def _compile_set(self, number: int) -> None:
        """What a set of roles reaches from here on; nothing before there is a catalogue that says what roles mean."""
        compiled = self._last(self.catalogues, "")
        granted = (self._last(self.role_masks, role) for role in self.set_roles[number])
        united = functools.reduce(Masks.united, filter(None, granted), NOTHING)
        ai = self._last(self.preferences, preferences.AI_ENABLED)
        if compiled is not None and ai is not None and ai.value is False:
            united = compiled.without_ai(united)
        self._step(self.role_sets[number], compiled.reaches(united) if compiled else None)

    def _fold_invitation(self, event: tokens.InvitationEvent, recorded: Foldable) -> None:
        if type(event) is not user_events.InvitationIssued:
            self._put(
                self.invitations, event.principal, tokens.fold_invitation(event, recorded, event.principal)
            )
            return
        principal = self._principal_id(event.principal)
        self._put(self.invitations, principal, tokens.fold_invitation(event, recorded, principal))
        self._ever(self.invitation_digests, event.digest, principal)

    def _principal_id(self, named: PrincipalId) -> PrincipalId:
        """The one object for all equal ids of a principal: the one that it holds itself."""
        held = self._last(self.principals, named)
        return named if held is None else held.person.id

    def _fold_key(self, event: account.KeyAdded, _recorded: Foldable) -> None:
        self._put(self.added_keys, event.fingerprint, event.verifier)

    def _fold_forgotten(self, event: person_events.PersonForgotten, _recorded: Foldable) -> None:
        self._put(self.forgotten, interned(event.principal), event.keys)

    def _fold_token(self, event: token_events.TokenEvent, recorded: Foldable) -> None:
        holder = self.principals.get(event.principal)
        held = None if holder is None else holder.value
        principal = event.principal if held is None else held.person.id
        timeline = self.tokens.get(event.token)
        token = tokens.fold(None if timeline is None else timeline.value, event, recorded, principal)
        if timeline is None:
            self._put(self.tokens, event.token, token)
        else:
            self._step(timeline, token)
        if token is not None:
            self._ever(self.token_digests, token.digest, token.id)
        match event:
            case token_events.TokenIssued() | token_events.TokenRevoked():
                after = None if held is None else principals.fold(held, event, recorded)
                self._put(self.principals, principal, after)
            case token_events.TokenRegenerated():
                pass  # it is the same token
            case _:
                assert_never(event)

    def _fold_application(self, event: application_events.ApplicationEvent, recorded: Foldable) -> None:
        every = (
            event.applications
            if isinstance(event, application_events.ApplicationsRemoved)
            else (event.application,)
        )
        for named in every:
            application = interned(named)
            before = self._last(self.applications, application)
            after = applications.fold(before, event, recorded)
            self._put(self.applications, application, after)
            self._rename(self.application_names, _name_of(before), _name_of(after), application)
            if before is None and after is not None and after.creator is not None:
                self._ever(self.created, after.creator, application)

    def _fold_contract(
        self, event: contract_events.ContractPublished | contract_events.ContractDeleted, recorded: Foldable
    ) -> None:
        contract = interned(event.contract)
        before = self._last(self.contracts, contract)
        after = contracts.fold(before, event, recorded)
        self._put(self.contracts, contract, after)
        pair = interned(contracts.integration_id(event.consumer, event.provider))
        self._put(self.contract_keys, f"{pair}/{event.version}", after.id if after else None)
        if after is not None and isinstance(event, contract_events.ContractPublished):
            self._put(self.bodies, after.digest, after.body)
            self._ever(self.integration_contracts, pair, contract)
            self._ever(self.application_integrations, after.consumer, pair)
            self._ever(self.application_integrations, after.provider, pair)
        change = (after is not None) - (before is not None)
        if change:
            integration = contracts.fold_integration(
                self._last(self.integrations, pair),
                event.consumer,
                event.provider,
                change,
                recorded.recorded_at,
            )
            self._put(self.integrations, pair, integration)

    def _fold_contracts_removed(self, event: contract_events.ContractsRemoved, recorded: Foldable) -> None:
        """As if each were deleted alone; an integration is counted down once, since there may be thousands."""
        gone: dict[tuple[ApplicationId, ApplicationId], int] = {}
        for one in event.contracts:
            contract = interned(one.contract)
            if self._last(self.contracts, contract) is not None:
                pair = (one.consumer, one.provider)
                gone[pair] = gone.get(pair, 0) + 1
            self._put(self.contracts, contract, None)
            key = f"{contracts.integration_id(one.consumer, one.provider)}/{one.version}"
            self._put(self.contract_keys, key, None)
        for (consumer, provider), count in gone.items():
            pair_id = interned(contracts.integration_id(consumer, provider))
            before = self._last(self.integrations, pair_id)
            after = contracts.fold_integration(before, consumer, provider, -count, recorded.recorded_at)
            self._put(self.integrations, pair_id, after)

    def _fold_contracts_restored(self, event: deletion_events.ContractsRestored, recorded: Foldable) -> None:
        """As if each were published alone; an integration is counted up once, since there may be thousands."""
        come: dict[tuple[ApplicationId, ApplicationId], int] = {}
        for row in event.contracts:
            contract = contracts.restored(row, recorded)
            pair = (contract.consumer, contract.provider)
            if self._last(self.contracts, contract.id) is None:
                come[pair] = come.get(pair, 0) + 1
            self._put(self.contracts, contract.id, contract)
            pair_id = interned(contracts.integration_id(*pair))
            self._put(self.contract_keys, f"{pair_id}/{contract.version}", contract.id)
            self._put(self.bodies, contract.digest, contract.body)
            self._ever(self.integration_contracts, pair_id, contract.id)
        for (consumer, provider), count in come.items():
            pair_id = interned(contracts.integration_id(consumer, provider))
            self._ever(self.application_integrations, consumer, pair_id)
            self._ever(self.application_integrations, provider, pair_id)
            before = self._last(self.integrations, pair_id)
            after = contracts.fold_integration(before, consumer, provider, count, recorded.recorded_at)
            self._put(self.integrations, pair_id, after)

    def _fold_bodies_forgotten(
        self, event: deletion_events.ContractBodiesForgotten, _recorded: Foldable
    ) -> None:
        for one in event.bodies:
            if self._last(self.bodies, one.digest) == one.body:
                self._put(self.bodies, interned(one.digest), None)

    def _fold_environment(self, event: environment_events.EnvironmentEvent, recorded: Foldable) -> None:
        environment = interned(event.environment)
        before = self._last(self.environments, environment)
        after = environments.fold(before, event, recorded)
        self._put(self.environments, environment, after)
        self._rename(self.environment_names, _name_of(before), _name_of(after), environment)

    def _fold_secret(self, event: secret_events.SecretEvent, recorded: Foldable) -> None:
        secret = interned(event.secret)
        before = self._last(self.secrets, secret)
        after = secrets.fold(before, event, recorded)
        self._put(self.secrets, secret, after)
        self._rename(self.secret_names, secrets.name_key_of(before), secrets.name_key_of(after), secret)
        if after is not None and after.team is not None:
            self._ever(self.team_secrets, after.team, secret)

    def _fold_webhook(self, event: webhook_events.OneWebhookEvent, recorded: Foldable) -> None:
        webhook = interned(event.webhook)
        before = self._last(self.webhooks, webhook)
        after = webhooks.fold(before, event, recorded)
        self._put(self.webhooks, webhook, after)
        self._rename(self.webhook_names, webhooks.given_by(before), webhooks.given_by(after), webhook)
        if after is None:
            return
        if after.team is not None:
            self._ever(self.team_webhooks, after.team, webhook)
        for application in webhooks.named_applications(after) or ("",):
            self._ever(self.application_webhooks, interned(application), webhook)

    def _fold_resource(self, event: resource_events.ResourceEvent, recorded: Foldable) -> None:
        resource = interned(event.resource)
        before = self._last(self.resources, resource)
        after = resources.fold(before, event, recorded)
        self._put(self.resources, resource, after)
        self._rename(self.resource_names, resources.key_of(before), resources.key_of(after), resource)
        if after is None:
            return
        self._ever(self.typed_resources, after.type, resource)
        for team in after.teams:
            self._ever(self.team_resources, team, resource)
        if after.owner is not None:
            self._ever(self.owned_resources, after.owner, resource)

    def _fold_route_table(self, event: route_table_events.RouteTableEvent, recorded: Foldable) -> None:
        name = interned(event.name)
        self._put(
            self.route_tables, name, route_tables.fold(self._last(self.route_tables, name), event, recorded)
        )

    def _fold_preference(self, event: preference_events.SystemPreferenceEvent, recorded: Foldable) -> None:
        contacts = preference_events.PreferenceContactsChanged
        name = preferences.OPERATIONAL_CONTACTS if isinstance(event, contacts) else event.name
        self._put(self.preferences, interned(name), preferences.fold(event, recorded))
        if name == preferences.AI_ENABLED:  # what a role grants stays; what its holders reach does not
            for number in range(len(self.role_sets)):
                self._compile_set(number)

    def _fold_personal_preference(
        self, event: preference_events.PersonalPreferenceChanged, recorded: Foldable
    ) -> None:
        one = interned(preferences.personal_id(event.principal, event.name))
        self._put(self.personal_preferences, one, preferences.fold(event, recorded))

    def _fold_authentication(
        self, event: authentication_events.AuthenticationEvent, recorded: Foldable
    ) -> None:
        self._put(self.authentication, authentication.THE_ONE, authentication.fold(event, recorded))

    def _fold_catalogue(self, event: account.CatalogueAdopted, _recorded: Foldable) -> None:
        self._adopt(event.catalogue)

    def _fold_own_catalogue(self, event: own_catalogue_events.OwnCatalogueEvent, _recorded: Foldable) -> None:
        match event:
            case own_catalogue_events.OwnCatalogueAdopted():
                self._put(self.own_catalogues, event.name, event.catalogue)
            case own_catalogue_events.OwnCatalogueWithdrawn():
                self._put(self.own_catalogues, event.name, None)
            case _:
                assert_never(event)
        in_force = self._last(self.catalogues, "")
        if in_force is not None:
            self._adopt(in_force.catalogue)

    def _adopt(self, built_in: Catalogue) -> None:
        """The built-in catalogue with every own one in force, and all that roles grant by them."""
        own = (self._last(self.own_catalogues, name) for name in sorted(self.own_catalogues))
        self._put(self.catalogues, "", Compiled(built_in, tuple(filter(None, own))))
        for role in self.roles:
            self._compile(role)
        for number in range(len(self.role_sets)):
            self._compile_set(number)

    def _fold_opening(self, event: account.LogOpened, _recorded: Foldable) -> None:
        before = self.opened
        self.opened = event
        if self._journal is not None:
            self._journal.append(lambda: setattr(self, "opened", before))

    def _fold_nothing(self, event: Nothing, _recorded: Foldable) -> None:
        """Recorded for the trail; nothing that a question depends on changed.

        The parents of a bulk deletion are among them: their children say what vanished. So are versions, their tags
        and branches, and labels: no permission depends on them, and Postgres holds them.
        """

    # -- steps, each with its way back -------------------------------------------------------------------

    @staticmethod
    def _last(table: dict[K, Timeline[V]], key: K) -> V | None:
        timeline = table.get(key)
        return timeline.value if timeline is not None else None

    def _put(self, table: dict[K, Timeline[V]], key: K, value: V | None) -> None:
        timeline = table.get(key)
        if timeline is not None:
            self._step(timeline, value)
        elif self._journal is None:
            table[key] = Timeline(self.position, value)
        else:
            self._journal.append(functools.partial(table.pop, key))
            table[key] = timeline = Timeline()
            self._step(timeline, value)

    def _step(self, timeline: Timeline[V], value: V | None) -> None:
        journal = self._journal
        if journal is None:
            timeline.put(self.position, value)
            return
        before = timeline.value
        if timeline.put(self.position, value):
            journal.append(timeline.undo)
        else:
            journal.append(functools.partial(timeline.put, timeline.made, before))

    def _rename(self, names: dict[str, Timeline[K]], before: str | None, after: str | None, key: K) -> None:
        if before == after:
            return
        if before is not None and self._last(names, before) == key:
            self._put(names, before, None)
        if after is not None:
            self._put(names, after, key)

    def _ever(self, index: Index[K, M], key: K, member: M) -> None:
        if index.add(key, member) and self._journal is not None:
            self._journal.append(functools.partial(index.take_back, key, member))

    def _step_back(self) -> None:
        self.position -= 1
        self.instants.pop()

    # -- which kind is folded how; a later line is the closer one ------------------------------------------

    folds: ClassVar[dict[type, Callable[["Directory", Any, Foldable], object]]] = _by_type(
        (role_events.RoleEvent, _fold_role),
        (team_events.TeamEvent, _fold_team),
        (team_events.TeamMembersChanged | team_events.TeamAdministratorsChanged, _fold_members),
        (team_events.TeamApplicationsChanged, _fold_team_applications),
        (team_events.TeamEnvironmentsChanged, _fold_team_environments),
        (OnePrincipalEvent, _fold_principal),
        (tokens.InvitationEvent, _fold_invitation),
        (person_events.PersonEvent, _fold_forgotten),
        (token_events.TokenEvent, _fold_token),
        (application_events.ApplicationEvent, _fold_application),
        (contracts.OneContractEvent, _fold_contract),
        (contract_events.ContractsRemoved, _fold_contracts_removed),
        (deletion_events.ContractsRestored, _fold_contracts_restored),
        (deletion_events.ContractBodiesForgotten, _fold_bodies_forgotten),
        (environment_events.EnvironmentEvent, _fold_environment),
        (secret_events.SecretEvent, _fold_secret),
        (webhook_events.OneWebhookEvent, _fold_webhook),
        (resource_events.ResourceEvent, _fold_resource),
        (route_table_events.RouteTableEvent, _fold_route_table),
        (preference_events.SystemPreferenceEvent, _fold_preference),
        (preference_events.PersonalPreferenceChanged, _fold_personal_preference),
        (authentication_events.AuthenticationEvent, _fold_authentication),
        (account.CatalogueAdopted, _fold_catalogue),
        (own_catalogue_events.OwnCatalogueEvent, _fold_own_catalogue),
        (account.LogOpened, _fold_opening),
        (account.KeyAdded, _fold_key),
        (Nothing, _fold_nothing),
    )
    """A look-up where a match would try thirty kinds; a test names the kind that nobody folds."""
