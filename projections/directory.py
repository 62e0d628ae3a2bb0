"""All nouns, every version: what the log says, folded, and askable at any position.

Pure: no clock, no database. `apply` folds one record and journals it, so that a batch that was not committed
can be undone exactly. Readers name a position and never see what stands above the committed head.
"""

import functools
from array import array
from bisect import bisect_right
from collections.abc import Callable, Hashable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar, assert_never

from projections import (
    applications,
    contracts,
    environments,
    principals,
    roles,
    teams,
    tokens,
)
from projections.timeline import Timeline
from service.catalogue.compiled import NOTHING, Compiled, Masks
from service.events import Event, account, attempts
from service.events import applications as application_events
from service.events import contracts as contract_events
from service.events import environments as environment_events
from service.events import people as person_events
from service.events import roles as role_events
from service.events import system_accounts as system_account_events
from service.events import teams as team_events
from service.events import tokens as token_events
from service.events import users as user_events
from service.log.recorded import Recorded
from service.vocabulary import (
    ApplicationId,
    ContractId,
    EnvironmentId,
    KeyId,
    PrincipalId,
    RoleId,
    TeamId,
    TokenId,
    VaultRef,
)

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class _Named(Protocol):
    @property
    def name(self) -> str: ...


def _name_of(noun: _Named | None) -> str | None:
    return None if noun is None else noun.name


class Directory:
    """Timelines of every noun and index. `position` is the last one folded, committed or not."""

    def __init__(self) -> None:
        self.position = 0
        self.instants = array("q")  # microseconds since 1970 of each position, so that a time bisects to one
        self.opened: account.LogOpened | None = None
        self.catalogues: dict[str, Timeline[Compiled]] = {}
        self.roles: dict[RoleId, Timeline[roles.Role]] = {}
        self.teams: dict[TeamId, Timeline[teams.Team]] = {}
        self.principals: dict[PrincipalId, Timeline[principals.Principal]] = {}
        self.tokens: dict[TokenId, Timeline[tokens.Token]] = {}
        self.invitations: dict[PrincipalId, Timeline[tokens.Invitation]] = {}
        self.applications: dict[ApplicationId, Timeline[applications.Application]] = {}
        self.contracts: dict[ContractId, Timeline[contracts.Contract]] = {}
        self.integrations: dict[str, Timeline[contracts.Integration]] = {}
        self.environments: dict[EnvironmentId, Timeline[environments.Environment]] = {}
        # Whose keys were destroyed, and which: what a restore from an older copy must not bring back.
        self.forgotten: dict[PrincipalId, Timeline[tuple[KeyId, ...]]] = {}
        # Names are timelines too: who had this name when.
        self.role_names: dict[str, Timeline[RoleId]] = {}
        self.team_names: dict[str, Timeline[TeamId]] = {}
        self.application_names: dict[str, Timeline[ApplicationId]] = {}
        self.environment_names: dict[str, Timeline[EnvironmentId]] = {}
        self.contract_keys: dict[str, Timeline[ContractId]] = {}
        self.bodies: dict[str, Timeline[VaultRef]] = {}
        # What roles grant, compiled once: by role, and by each distinct set of roles that somebody holds.
        self.role_masks: dict[RoleId, Timeline[Masks]] = {}
        self.role_sets: dict[tuple[RoleId, ...], Timeline[Masks]] = {}
        self.sets_of_role: dict[RoleId, dict[tuple[RoleId, ...], None]] = {}
        # Ever-members, of the large side: a candidate's own timeline says whether it counts at a position.
        self.token_digests: dict[str, dict[TokenId, None]] = {}
        self.invitation_digests: dict[str, dict[PrincipalId, None]] = {}
        self.members: dict[TeamId, dict[PrincipalId, None]] = {}
        self.administrators: dict[TeamId, dict[PrincipalId, None]] = {}
        self.team_applications: dict[TeamId, dict[ApplicationId, None]] = {}
        self.team_environments: dict[TeamId, dict[EnvironmentId, None]] = {}
        self.holders: dict[RoleId, dict[PrincipalId, None]] = {}
        self.integration_contracts: dict[str, dict[ContractId, None]] = {}
        self.application_integrations: dict[ApplicationId, dict[str, None]] = {}
        self._journal: list[Callable[[], Any]] | None = None

    # -- folding -----------------------------------------------------------------------------------------

    def apply(self, recorded: Recorded) -> None:
        """Fold the next record. Raises ValueError when it is not the next one."""
        if recorded.position != self.position + 1:
            raise ValueError(f"position {recorded.position} cannot follow {self.position}")
        self.position = recorded.position
        self.instants.append((recorded.recorded_at - _EPOCH) // _MICROSECOND)
        if self._journal is not None:
            self._journal.append(self._step_back)
        self._fold(recorded.data, recorded)

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

    def keep(self) -> None:
        """The steps since `begin` are committed; nothing can undo them."""
        self._journal = None

    # -- time --------------------------------------------------------------------------------------------

    def instant(self, position: int) -> datetime:
        """When the record at `position` was recorded. Raises IndexError outside 1…position."""
        if not 1 <= position <= len(self.instants):
            raise IndexError(position)
        return _EPOCH + self.instants[position - 1] * _MICROSECOND

    def position_at(self, instant: datetime) -> int:
        """The last position recorded at or before the instant; 0 before the first."""
        return bisect_right(self.instants, (instant - _EPOCH) // _MICROSECOND)

    # -- one record --------------------------------------------------------------------------------------

    def _fold(self, event: Event, recorded: Recorded) -> None:
        match event:
            case (
                role_events.RoleCreated()
                | role_events.RoleRenamed()
                | role_events.RoleDescribed()
                | role_events.RolePermissionsChanged()
                | role_events.RoleDeleted()
            ):
                self._fold_role(event, recorded)
            case (
                team_events.TeamCreated()
                | team_events.TeamRenamed()
                | team_events.TeamMembersChanged()
                | team_events.TeamAdministratorsChanged()
                | team_events.TeamApplicationsChanged()
                | team_events.TeamEnvironmentsChanged()
                | team_events.TeamDeleted()
            ):
                self._fold_team(event, recorded)
            case (
                user_events.UserCreated()
                | system_account_events.SystemAccountCreated()
                | user_events.PrincipalRenamed()
                | user_events.PrincipalEmailChanged()
                | user_events.PrincipalNamesChanged()
                | user_events.PrincipalDisabled()
                | user_events.PrincipalEnabled()
                | user_events.PrincipalRolesChanged()
                | user_events.PrincipalDeleted()
            ):
                self._fold_principal(event, recorded)
            case (
                user_events.InvitationIssued()
                | user_events.InvitationRedeemed()
                | user_events.InvitationRevoked()
            ):
                self._put(self.invitations, event.principal, tokens.fold_invitation(event, recorded))
                if isinstance(event, user_events.InvitationIssued):
                    self._ever(self.invitation_digests, event.digest, event.principal)
            case person_events.PersonForgotten():
                self._put(self.forgotten, event.principal, event.keys)
            case token_events.TokenIssued() | token_events.TokenRegenerated() | token_events.TokenRevoked():
                self._fold_token(event, recorded)
            case (
                application_events.ApplicationCreated()
                | application_events.ApplicationEdited()
                | application_events.ApplicationDeleted()
                | application_events.ApplicationsRemoved()
            ):
                self._fold_application(event, recorded)
            case (
                contract_events.ContractPublished()
                | contract_events.ContractDeleted()
                | contract_events.ContractsRemoved()
            ):
                self._fold_contract(event, recorded)
            case (
                environment_events.EnvironmentCreated()
                | environment_events.EnvironmentEdited()
                | environment_events.EnvironmentDeleted()
            ):
                self._fold_environment(event, recorded)
            case account.CatalogueAdopted() | account.LogOpened():
                self._fold_account(event)
            case (
                contract_events.IntegrationContractsDeleted()
                | contract_events.IntegrationDeleted()
                | contract_events.IntegrationsDeleted()
            ):
                pass  # parents of a bulk deletion: their children say what vanished
            case (
                account.LogRestored()
                | account.TrailRead()
                | account.BreakGlassUsed()
                | attempts.AttemptDenied()
            ):
                pass  # recorded for the trail; nothing that a question depends on changed
            case _:
                assert_never(event)

    def _fold_account(self, event: account.CatalogueAdopted | account.LogOpened) -> None:
        match event:
            case account.CatalogueAdopted():
                self._put(self.catalogues, "", Compiled(event.catalogue))
                for role in list(self.roles):
                    self._compile(role)
            case account.LogOpened():
                before = self.opened
                self.opened = event
                if self._journal is not None:
                    self._journal.append(lambda: setattr(self, "opened", before))
            case _:
                assert_never(event)

    def _fold_role(self, event: role_events.RoleEvent, recorded: Recorded) -> None:
        before = self._last(self.roles, event.role)
        after = roles.fold(before, event, recorded)
        self._put(self.roles, event.role, after)
        self._rename(self.role_names, _name_of(before), _name_of(after), event.role)
        if (before.scopes if before else None) != (after.scopes if after else None):
            self._compile(event.role)

    def _fold_team(self, event: team_events.TeamEvent, recorded: Recorded) -> None:
        before = self._last(self.teams, event.team)
        after = teams.fold(before, event, recorded)
        self._put(self.teams, event.team, after)
        self._rename(self.team_names, _name_of(before), _name_of(after), event.team)
        match event:
            case team_events.TeamMembersChanged() | team_events.TeamAdministratorsChanged():
                members = isinstance(event, team_events.TeamMembersChanged)
                for principal in (*event.added, *event.removed):
                    held = principals.fold(self._last(self.principals, principal), event, recorded)
                    self._put(self.principals, principal, held)
                    self._ever(self.members if members else self.administrators, event.team, principal)
            case team_events.TeamApplicationsChanged():
                for application in (*event.added, *event.removed):
                    owned = applications.fold(self._last(self.applications, application), event, recorded)
                    self._put(self.applications, application, owned)
                    self._ever(self.team_applications, event.team, application)
            case team_events.TeamEnvironmentsChanged():
                for environment in (*event.added, *event.removed):
                    attached = environments.fold(self._last(self.environments, environment), event, recorded)
                    self._put(self.environments, environment, attached)
                    self._ever(self.team_environments, event.team, environment)
            case team_events.TeamCreated() | team_events.TeamRenamed() | team_events.TeamDeleted():
                pass
            case _:
                assert_never(event)

    def _fold_principal(
        self,
        event: user_events.UserCreated
        | system_account_events.SystemAccountCreated
        | user_events.PrincipalRenamed
        | user_events.PrincipalEmailChanged
        | user_events.PrincipalNamesChanged
        | user_events.PrincipalDisabled
        | user_events.PrincipalEnabled
        | user_events.PrincipalRolesChanged
        | user_events.PrincipalDeleted,
        recorded: Recorded,
    ) -> None:
        before = self._last(self.principals, event.principal)
        after = principals.fold(before, event, recorded)
        self._put(self.principals, event.principal, after)
        if after is not None and (before is None or before.roles != after.roles):
            self._hold(after.roles)
        if isinstance(event, user_events.PrincipalRolesChanged):
            for role in event.added:
                self._ever(self.holders, role, event.principal)

    def _compile(self, role: RoleId) -> None:
        """What the role grants from here on, and with it every set of roles that it is in."""
        held, compiled = self._last(self.roles, role), self._last(self.catalogues, "")
        self._put(self.role_masks, role, compiled.masks(held.scopes) if held and compiled else None)
        for roles_held in self.sets_of_role.get(role, {}):
            self._put(self.role_sets, roles_held, self._united(roles_held))

    def _hold(self, roles_held: tuple[RoleId, ...]) -> None:
        """Somebody holds this set of roles; each distinct set is compiled once and shared."""
        if roles_held not in self.role_sets:
            self._put(self.role_sets, roles_held, self._united(roles_held))
            for role in roles_held:
                self._ever(self.sets_of_role, role, roles_held)

    def _united(self, roles_held: tuple[RoleId, ...]) -> Masks:
        granted = (self._last(self.role_masks, role) for role in roles_held)
        return functools.reduce(Masks.united, filter(None, granted), NOTHING)

    def _fold_token(self, event: token_events.TokenEvent, recorded: Recorded) -> None:
        token = tokens.fold(self._last(self.tokens, event.token), event, recorded)
        self._put(self.tokens, event.token, token)
        if token is not None:
            self._ever(self.token_digests, token.digest, token.id)
        if not isinstance(event, token_events.TokenRegenerated):
            held = principals.fold(self._last(self.principals, event.principal), event, recorded)
            self._put(self.principals, event.principal, held)

    def _fold_application(self, event: application_events.ApplicationEvent, recorded: Recorded) -> None:
        named = (
            event.applications
            if isinstance(event, application_events.ApplicationsRemoved)
            else (event.application,)
        )
        for application in named:
            before = self._last(self.applications, application)
            after = applications.fold(before, event, recorded)
            self._put(self.applications, application, after)
            self._rename(self.application_names, _name_of(before), _name_of(after), application)

    def _fold_contract(self, event: contracts.OneContractEvent, recorded: Recorded) -> None:
        touched = event.contracts if isinstance(event, contract_events.ContractsRemoved) else (event,)
        for one in touched:
            before = self._last(self.contracts, one.contract)
            after = contracts.fold(before, event, recorded)
            self._put(self.contracts, one.contract, after)
            pair = contracts.integration_id(one.consumer, one.provider)
            self._put(self.contract_keys, f"{pair}/{one.version}", after.id if after else None)
            if isinstance(event, contract_events.ContractPublished):
                self._put(self.bodies, event.digest, event.body)
                self._ever(self.integration_contracts, pair, one.contract)
                self._ever(self.application_integrations, one.consumer, pair)
                self._ever(self.application_integrations, one.provider, pair)
            change = (after is not None) - (before is not None)
            if change:
                integration = contracts.fold_integration(
                    self._last(self.integrations, pair),
                    one.consumer,
                    one.provider,
                    change,
                    recorded.recorded_at,
                )
                self._put(self.integrations, pair, integration)

    def _fold_environment(self, event: environment_events.EnvironmentEvent, recorded: Recorded) -> None:
        before = self._last(self.environments, event.environment)
        after = environments.fold(before, event, recorded)
        self._put(self.environments, event.environment, after)
        self._rename(self.environment_names, _name_of(before), _name_of(after), event.environment)

    # -- steps, each with its way back -------------------------------------------------------------------

    @staticmethod
    def _last(table: dict[K, Timeline[V]], key: K) -> V | None:
        timeline = table.get(key)
        return timeline.last if timeline is not None else None

    def _put(self, table: dict[K, Timeline[V]], key: K, value: V | None) -> None:
        timeline = table.get(key)
        journal = self._journal
        if timeline is None:
            timeline = table[key] = Timeline()
            if journal is not None:
                journal.append(lambda: table.pop(key))
        if journal is None:
            timeline.put(self.position, value)
            return
        before = timeline.last
        if timeline.put(self.position, value):
            journal.append(timeline.undo)
        else:
            kept = timeline
            journal.append(lambda: kept.put(kept.positions[-1], before))

    def _rename(self, names: dict[str, Timeline[K]], before: str | None, after: str | None, key: K) -> None:
        if before == after:
            return
        if before is not None and self._last(names, before) == key:
            self._put(names, before, None)
        if after is not None:
            self._put(names, after, key)

    def _ever(self, index: dict[Any, dict[Any, None]], key: str, member: Hashable) -> None:
        seen = index.get(key)
        if seen is None:
            seen = index[key] = {}
            if self._journal is not None:
                self._journal.append(lambda: index.pop(key))
        if member not in seen:
            seen[member] = None
            if self._journal is not None:
                self._journal.append(lambda: seen.pop(member))

    def _step_back(self) -> None:
        self.position -= 1
        self.instants.pop()
