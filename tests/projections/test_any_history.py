"""Any sequence of orders: what is served is the fold of the log is what a naive model says, at every position."""

from collections.abc import Callable
from typing import get_args

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from msgspec import UNSET, UnsetType

from projections import digest
from projections.branches import Branch, BranchVersion
from projections.contents import Content, content_key
from projections.deliveries import Delivery, Owed
from projections.deployments import Deployment, Release
from projections.directory import Directory
from projections.people import People
from projections.results import VerificationResult
from projections.spans import keyed
from projections.versions import Version
from projections.view import View
from projections.webhooks import named_applications
from service import errors
from service.catalogue.compiled import ADMINISTRATOR, CI_CD, DEFAULT_TEAM, USER
from service.catalogue.own import OwnCatalogue
from service.commands import Command
from service.commands.applications import DeleteApplication, EditApplication
from service.commands.branches import DeleteBranch, PutOnBranch
from service.commands.contracts import DeleteContract, PublishContracts
from service.commands.deployments import EndDeployment, EndSupport, RecordDeployment, RecordRelease
from service.commands.environments import DeleteEnvironment, EditEnvironment
from service.commands.integrations import DeleteIntegration, DeleteIntegrationContracts, DeleteIntegrations
from service.commands.order import NewValue
from service.commands.organization import ChangeOrganizationAdministrator
from service.commands.preferences import ChangePersonalPreferences, ChangePreferences, Wanted
from service.commands.results import PublishVerification
from service.commands.roles import DeleteRole, EditRole, ResetRoles
from service.commands.secrets import CreateSecret, DeleteSecret, EditSecret
from service.commands.teams import ChangeMembers, DeleteTeam, EditTeam
from service.commands.users import ChangeRoles, DeleteUser, EditUser
from service.commands.versions import DeleteVersion, TagVersion
from service.commands.webhooks import Asked, CreateWebhook, DeleteWebhook, EditWebhook, Side
from service.events.attempts import AttemptDenied
from service.events.resources import Value
from service.events.webhooks import Trigger, WebhooksTriggered
from service.log import recorded
from service.vocabulary import (
    ApplicationId,
    ContractId,
    DeploymentId,
    EnvironmentId,
    PrincipalId,
    ReleaseId,
    ResourceId,
    ResultId,
    RoleId,
    Secret,
    SecretId,
    TeamId,
)
from tests import given, own_types
from tests.given import Account
from tests.projections.naive import Model, answers_of

SCOPES = (
    "contract_data:manage:*",
    "contract_data:manage:team",
    "contract_data:manage:own",
    "contract_data:bulk_delete:team",
    "contract_data:bulk_delete:own",
    "contract_data:read:*",
    "secret:manage:*",
    "secret:manage:team",
    "secret:read:team",
    "webhook:manage:*",
    "webhook:manage:team",
    "team:manage:*",
    "team:read:*",
    "environment:read:team*",
    "environment:read:team",
    "environment:manage:*",
    "user:manage:*",
    "role:manage:*",
    "ai:*",
    "ai:generation:*",
    "ai:generation:code",
    *own_types.SCOPES[::5],
    "contract_data:manage:*?soft",
)
NAMES = ("Foo", "Bar", "Baz", "Qux")
few_max = 6
few = st.integers(min_value=0, max_value=few_max)
anybody = st.sampled_from((0, 0, 0, 1, 2, 3, 4))
"""Kevin more often than others: what is mostly denied proves little."""
some = st.lists(few, max_size=3)
names = st.sampled_from(NAMES)
numbers = st.sampled_from(("1", "2"))
statuses = st.sampled_from((None, "active", "archived"))
scopes = st.lists(st.sampled_from(SCOPES), max_size=4).map(tuple)
how = st.sampled_from(("replace", "add", "remove"))


class AnyHistory(RuleBasedStateMachine):
    """Orders picked at random, by anybody, about anything that exists, existed, or never did."""

    def __init__(self) -> None:
        super().__init__()
        self.account = Account()
        self.roles: list[str] = [USER, CI_CD, ADMINISTRATOR]
        self.teams: list[str] = [DEFAULT_TEAM]
        self.principals: list[str] = [self.account.kevin]
        self.applications: list[str] = []
        self.environments: list[str] = []
        self.contracts: list[str] = []
        self.deployments: list[str] = []
        self.releases: list[str] = []
        self.secrets: list[str] = []
        self.webhooks: list[str] = []

    @initialize(apart=st.booleans())
    def something_is_there(self, apart: bool) -> None:
        """A small company to begin with, so that orders meet what they could go wrong about."""
        account = self.account
        self.applications += [account.application(name) for name in NAMES[:3]]
        self.principals += [account.person("Sally"), account.person("Billy"), account.robot("Robot")]
        self.roles.append(
            account.role("Own and team", "contract_data:manage:own", "contract_data:bulk_delete:team")
        )
        self.teams += [
            account.team("A", self.applications[:2], self.principals[1:2]),
            account.team("B", self.applications[1:], self.principals[2:]),
        ]
        self.environments.append(account.environment("production", self.teams[:2]))
        account.do(
            given.webhook(account.fresh, settings=Asked(events=get_args(Trigger)))
        )  # all that is published fires
        self.own_catalogue()
        self.roles += [
            account.role("Scribe", "record:write:own", "record:read:team?same_department", "note:read:own"),
            account.role("Archivist", "record:delete:*?soft", "record:write:*?unarchived"),
        ]
        for principal, role in zip(self.principals[1:], self.roles[-2:], strict=False):
            account.do(ChangeRoles(principal=PrincipalId(principal), how="add", roles=(role,)))
        self.own_things(PrincipalId(self.principals[1]), TeamId(self.teams[1]))
        self.contracts += [account.contract("Foo", "Bar"), account.contract("Bar", "Baz")]
        if apart:
            account.do(DeleteTeam(team=TeamId(DEFAULT_TEAM)))

    def own_catalogue(self) -> None:
        """The organisation's own permissions are in force, as a fact: no order adopts what clashes with itself."""
        own_types.adopt(self.account, own_types.RECORDS)

    def own_things(self, owner: PrincipalId, team: TeamId) -> None:
        """Two things of own types that are somebody's."""
        own_types.register(self.account, "record", "Foo", owner, (team,), status="active", department="Legal")
        own_types.register(self.account, "note", "Bar", owner)

    def ask(self, command: Command, by: str | None = None) -> None:
        """Give an order. Refused or not, only facts of the attempt may be left by what was not done."""
        length = len(self.account.log)
        answer = self.account.batch([self.account.order(command, PrincipalId(by or self.account.kevin))])[0]
        self.account.clock.advance(0.001)
        if isinstance(answer, errors.MunimentError):
            assert not isinstance(answer, errors.Broken), answer.sentence
            left = [record.data for record in self.account.log[length:]]
            assert all(isinstance(event, AttemptDenied) for event in left)

    def pick(self, among: list[str], index: int) -> str:
        return among[index % len(among)] if among else self.account.fresh.id()

    def picked(self, among: list[str], indexes: list[int]) -> tuple[str, ...]:
        return tuple(self.pick(among, index) for index in indexes) if among else ()

    @rule(name=names, wanted=scopes)
    def create_role(self, name: str, wanted: tuple[str, ...]) -> None:
        command = given.role(self.account.fresh, name, *wanted)
        self.roles.append(command.role)
        self.ask(command)

    @rule(index=few, wanted=scopes, name=st.none() | names)
    def edit_role(self, index: int, wanted: tuple[str, ...], name: str | None) -> None:
        self.ask(EditRole(role=RoleId(self.pick(self.roles, index)), scopes=wanted, name=name))

    @rule(index=few)
    def delete_role(self, index: int) -> None:
        self.ask(DeleteRole(role=RoleId(self.pick(self.roles, index))))

    @rule(profile=st.sampled_from(("2024", "2025")))
    def reset_roles(self, profile: str) -> None:
        self.ask(ResetRoles(profile=profile))

    @rule(index=few, granted=st.booleans())
    def change_organization_administrator(self, index: int, granted: bool) -> None:
        principal = PrincipalId(self.pick(self.principals, index))
        command = ChangeOrganizationAdministrator(principal=principal, granted=granted)
        self.account.batch([self.account.order(command, given.CONSOLE)])
        self.account.clock.advance(0.001)

    @rule(name=names, applications=some, administrators=some, environments=some)
    def create_team(
        self, name: str, applications: list[int], administrators: list[int], environments: list[int]
    ) -> None:
        command = given.team(
            self.account.fresh,
            name,
            self.picked(self.applications, applications),
            self.picked(self.principals, administrators),
            self.picked(self.environments, environments),
        )
        self.teams.append(command.team)
        self.ask(command)

    @rule(index=few, by=anybody, name=st.none() | names, applications=some, administrators=some)
    def edit_team(
        self, index: int, by: int, name: str | None, applications: list[int], administrators: list[int]
    ) -> None:
        command = EditTeam(
            team=TeamId(self.pick(self.teams, index)),
            name=name,
            applications=self.picked(self.applications, applications),
            administrators=self.picked(self.principals, administrators),
        )
        self.ask(command, self.pick(self.principals, by))

    @rule(index=few, by=anybody, kind=how, members=some)
    def change_members(self, index: int, by: int, kind: str, members: list[int]) -> None:
        team, named = TeamId(self.pick(self.teams, index)), self.picked(self.principals, members)
        command = ChangeMembers(team=team, how=kind, members=named)  # type: ignore[arg-type]  # one of the three
        self.ask(command, self.pick(self.principals, by))

    @rule(index=few)
    def delete_team(self, index: int) -> None:
        self.ask(DeleteTeam(team=TeamId(self.pick(self.teams, index))))

    @rule(name=names, person=st.booleans())
    def create_principal(self, name: str, person: bool) -> None:
        fresh = self.account.fresh
        command = given.invite(fresh, name) if person else given.system_account(fresh, name)
        self.principals.append(command.new.id)
        self.ask(command)

    @rule(index=few, kind=how, wanted=some)
    def change_roles(self, index: int, kind: str, wanted: list[int]) -> None:
        principal, named = PrincipalId(self.pick(self.principals, index)), self.picked(self.roles, wanted)
        self.ask(ChangeRoles(principal=principal, how=kind, roles=named))  # type: ignore[arg-type]  # one of the three

    @rule(index=few, active=st.booleans(), name=st.none() | names)
    def edit_principal(self, index: int, active: bool, name: str | None) -> None:
        principal = PrincipalId(self.pick(self.principals, index))
        self.ask(EditUser(principal=principal, active=active, name=name))

    @rule(index=few)
    def delete_principal(self, index: int) -> None:
        self.ask(DeleteUser(principal=PrincipalId(self.pick(self.principals, index))))

    @rule(name=names, by=anybody)
    def create_application(self, name: str, by: int) -> None:
        command = given.application(self.account.fresh, name)
        self.applications.append(command.application)
        self.ask(command, self.pick(self.principals, by))

    @rule(index=few, by=anybody, name=names)
    def rename_application(self, index: int, by: int, name: str) -> None:
        application = ApplicationId(self.pick(self.applications, index))
        self.ask(EditApplication(application=application, name=name), self.pick(self.principals, by))

    @rule(index=few, by=anybody)
    def delete_application(self, index: int, by: int) -> None:
        application = ApplicationId(self.pick(self.applications, index))
        self.ask(DeleteApplication(application=application), self.pick(self.principals, by))

    @rule(consumer=names, provider=names, version=numbers, by=anybody)
    def publish(self, consumer: str, provider: str, version: str, by: int) -> None:
        command = given.publish(self.account.fresh, consumer, provider, version)
        self.contracts.append(command.contract)
        self.ask(command, self.pick(self.principals, by))
        made = filter(self.account.now.application_or_none, (command.consumer_id, command.provider_id))
        self.applications += made

    @rule(
        consumer=names,
        providers=st.sets(names, min_size=1),
        version=numbers,
        tagged=st.booleans(),
        by=anybody,
    )
    def publish_several(
        self, consumer: str, providers: set[str], version: str, tagged: bool, by: int
    ) -> None:
        new = ApplicationId(self.account.fresh.id())
        made = tuple(
            msgspec.structs.replace(
                given.publish(self.account.fresh, consumer, one, version, body="{}"), consumer_id=new
            )
            for one in sorted(providers)
        )
        url = "https://ci.example.org/1" if tagged else None
        self.contracts += [one.contract for one in made]
        command = PublishContracts(contracts=made, tags=("dev",) if tagged else (), build_url=url)
        self.ask(command, self.pick(self.principals, by))
        ids = (new, *(one.provider_id for one in made))
        self.applications += filter(self.account.now.application_or_none, ids)

    @rule(index=few, by=anybody)
    def delete_contract(self, index: int, by: int) -> None:
        contract = ContractId(self.pick(self.contracts, index))
        self.ask(DeleteContract(contract=contract), self.pick(self.principals, by))

    @rule(application=names, version=numbers, tag=st.sampled_from(("dev", "prod")), by=anybody)
    def tag_version(self, application: str, version: str, tag: str, by: int) -> None:
        new = ApplicationId(self.account.fresh.id())
        command = TagVersion(application=application, application_id=new, version=version, tag=tag)
        self.ask(command, self.pick(self.principals, by))
        self.applications += filter(self.account.now.application_or_none, (new,))

    @rule(application=names, version=numbers, branch=st.sampled_from(("main", "feat/x")), by=anybody)
    def put_on_branch(self, application: str, version: str, branch: str, by: int) -> None:
        new = ApplicationId(self.account.fresh.id())
        command = PutOnBranch(application=application, application_id=new, version=version, branch=branch)
        self.ask(command, self.pick(self.principals, by))
        self.applications += filter(self.account.now.application_or_none, (new,))

    @rule(index=few, version=numbers, by=anybody)
    def delete_version(self, index: int, version: str, by: int) -> None:
        application = ApplicationId(self.pick(self.applications, index))
        self.ask(DeleteVersion(application=application, version=version), self.pick(self.principals, by))

    @rule(index=few, branch=st.sampled_from(("main", "feat/x")), by=anybody)
    def delete_branch(self, index: int, branch: str, by: int) -> None:
        application = ApplicationId(self.pick(self.applications, index))
        self.ask(DeleteBranch(application=application, branch=branch), self.pick(self.principals, by))

    @rule(index=few, version=numbers, success=st.booleans(), by=anybody)
    def publish_verification(self, index: int, version: str, success: bool, by: int) -> None:
        contract = self.account.now.contract_or_none(self.pick(self.contracts, index))
        if contract is not None:
            command = PublishVerification(
                result=ResultId(self.account.fresh.id()),
                consumer=contract.consumer,
                provider=contract.provider,
                digest=contract.digest,
                version=version,
                success=success,
            )
            self.ask(command, self.pick(self.principals, by))

    @rule(consumer=few, provider=few, by=anybody, whole=st.booleans())
    def delete_integration(self, consumer: int, provider: int, by: int, whole: bool) -> None:
        kind: Callable[..., Command] = DeleteIntegration if whole else DeleteIntegrationContracts
        first, second = self.pick(self.applications, consumer), self.pick(self.applications, provider)
        self.ask(kind(consumer=first, provider=second), self.pick(self.principals, by))

    @rule(by=anybody, really=few)
    def delete_everything(self, by: int, really: int) -> None:
        if really == few_max:
            self.ask(DeleteIntegrations(), self.pick(self.principals, by))

    @rule(name=names, teams=some)
    def create_environment(self, name: str, teams: list[int]) -> None:
        command = given.environment(self.account.fresh, name, self.picked(self.teams, teams))
        self.environments.append(command.environment)
        self.ask(command)

    @rule(index=few, teams=some)
    def edit_environment(self, index: int, teams: list[int]) -> None:
        environment = EnvironmentId(self.pick(self.environments, index))
        self.ask(EditEnvironment(environment=environment, teams=self.picked(self.teams, teams)))

    @rule(index=few)
    def delete_environment(self, index: int) -> None:
        self.ask(DeleteEnvironment(environment=EnvironmentId(self.pick(self.environments, index))))

    @rule(name=names, team=st.none() | few, by=anybody)
    def create_secret(self, name: str, team: int | None, by: int) -> None:
        fresh = self.account.fresh
        command = CreateSecret(
            secret=SecretId(fresh.id()),
            name=name,
            team=None if team is None else TeamId(self.pick(self.teams, team)),
            value=NewValue(ref=fresh.ref(), value=Secret("the value")),
        )
        self.secrets.append(command.secret)
        self.ask(command, self.pick(self.principals, by))

    @rule(
        index=few,
        name=st.none() | names,
        team=st.none() | st.just(UNSET) | few,
        rotated=st.booleans(),
        by=anybody,
    )
    def edit_secret(
        self, index: int, name: str | None, team: int | UnsetType | None, rotated: bool, by: int
    ) -> None:
        value = NewValue(ref=self.account.fresh.ref(), value=Secret("another")) if rotated else None
        command = EditSecret(
            secret=SecretId(self.pick(self.secrets, index)),
            name=name,
            team=TeamId(self.pick(self.teams, team)) if isinstance(team, int) else team,
            value=value,
        )
        self.ask(command, self.pick(self.principals, by))

    @rule(index=few, by=anybody)
    def delete_secret(self, index: int, by: int) -> None:
        self.ask(
            DeleteSecret(secret=SecretId(self.pick(self.secrets, index))), self.pick(self.principals, by)
        )

    @rule(team=st.none() | few, consumer=st.none() | names, provider=st.none() | names, by=anybody)
    def create_webhook(self, team: int | None, consumer: str | None, provider: str | None, by: int) -> None:
        command = self.webhook(consumer, provider, None if team is None else self.pick(self.teams, team))
        self.webhooks.append(command.webhook)
        self.ask(command, self.pick(self.principals, by))

    @rule(
        index=few,
        team=st.none() | st.just(UNSET) | few,
        consumer=st.none() | names,
        provider=st.none() | names,
        by=anybody,
    )
    def edit_webhook(
        self, index: int, team: int | UnsetType | None, consumer: str | None, provider: str | None, by: int
    ) -> None:
        made = self.webhook(consumer, provider, None)
        command = EditWebhook(
            webhook=self.pick(self.webhooks, index),
            new=made.webhook,
            settings=made.settings,
            request=made.request,
            values=made.values,
            team=TeamId(self.pick(self.teams, team)) if isinstance(team, int) else team,
        )
        self.ask(command, self.pick(self.principals, by))

    @rule(index=few, by=anybody)
    def delete_webhook(self, index: int, by: int) -> None:
        self.ask(DeleteWebhook(webhook=self.pick(self.webhooks, index)), self.pick(self.principals, by))

    def webhook(self, consumer: str | None, provider: str | None, team: str | None) -> CreateWebhook:
        asked = Asked(events=get_args(Trigger), consumer=Side(name=consumer), provider=Side(name=provider))
        of_team = None if team is None else TeamId(team)
        return given.webhook(self.account.fresh, team=of_team, settings=asked)

    @rule(index=few, version=numbers, where=few, instance=st.sampled_from((None, "blue")), by=anybody)
    def record_deployment(self, index: int, version: str, where: int, instance: str | None, by: int) -> None:
        command = RecordDeployment(
            deployment=DeploymentId(self.account.fresh.id()),
            application=ApplicationId(self.pick(self.applications, index)),
            version=version,
            environment=EnvironmentId(self.pick(self.environments, where)),
            instance=instance,
        )
        self.deployments.append(command.deployment)
        self.ask(command, self.pick(self.principals, by))

    @rule(index=few, version=numbers, where=few, by=anybody)
    def record_release(self, index: int, version: str, where: int, by: int) -> None:
        command = RecordRelease(
            release=ReleaseId(self.account.fresh.id()),
            application=ApplicationId(self.pick(self.applications, index)),
            version=version,
            environment=EnvironmentId(self.pick(self.environments, where)),
        )
        self.releases.append(command.release)
        self.ask(command, self.pick(self.principals, by))

    @rule(index=few, by=anybody, release=st.booleans())
    def end_one(self, index: int, by: int, release: bool) -> None:
        if held := (self.releases if release else self.deployments):
            named = self.pick(held, index)
            end = (
                EndSupport(release=ReleaseId(named))
                if release
                else EndDeployment(deployment=DeploymentId(named))
            )
            self.ask(end, self.pick(self.principals, by))

    @rule(
        index=few,
        name=st.sampled_from(("defaultRole", "defaultTeam", "aiEnabled", "staticBanner")),
        by=anybody,
    )
    def change_preference(self, index: int, name: str, by: int) -> None:
        among = {"defaultRole": self.roles, "defaultTeam": self.teams}.get(name, [])
        value = self.pick(among, index) if among else index % 2 == 0 if name == "aiEnabled" else str(index)
        command = ChangePreferences(wanted=(Wanted(name, value),), key=self.account.fresh.key())
        self.ask(command, self.pick(self.principals, by))

    @rule(index=few, by=anybody)
    def change_own_preference(self, index: int, by: int) -> None:
        wanted = Wanted("defaultTeamView", self.pick(self.teams, index))
        self.ask(ChangePersonalPreferences(wanted=(wanted,)), self.pick(self.principals, by))

    def pick_resource(self, index: int) -> ResourceId | None:
        held = list(self.account.now.resources())
        return held[index % len(held)].id if held else None

    @rule(catalogue=st.sampled_from(own_types.ALL))
    def adopt_catalogue(self, catalogue: OwnCatalogue) -> None:
        own_types.adopt(self.account, catalogue)

    @rule(catalogue=st.sampled_from(own_types.ALL))
    def withdraw_catalogue(self, catalogue: OwnCatalogue) -> None:
        own_types.withdraw(self.account, catalogue.name)

    @rule(
        type_=st.sampled_from(("record", "record", "note", "gone")),
        name=names,
        owner=st.none() | few,
        teams=some,
        status=statuses,
    )
    def register(
        self, type_: str, name: str, owner: int | None, teams: list[int], status: str | None
    ) -> None:
        if self.account.now.resource_named(type_, name) is not None:
            return  # names are unique within a type
        properties: dict[str, Value] = (
            {} if status is None else {"status": status, "size": len(teams) * 10, "tags": ("a", "b")}
        )
        own_types.register(
            self.account,
            type_,
            name,
            None if owner is None else PrincipalId(self.pick(self.principals, owner)),
            tuple(TeamId(one) for one in dict.fromkeys(self.picked(self.teams, teams))),
            **properties,
        )

    @rule(index=few, owner=st.none() | few, teams=some, status=statuses)
    def change_registered(self, index: int, owner: int | None, teams: list[int], status: str | None) -> None:
        resource = self.pick_resource(index)
        if resource is None:
            return
        held = self.account.now.resource(resource).teams
        wanted = {TeamId(one) for one in self.picked(self.teams, teams)}
        own_types.hand_over(
            self.account, resource, None if owner is None else PrincipalId(self.pick(self.principals, owner))
        )
        own_types.move(
            self.account, resource, tuple(sorted(wanted.difference(held))), tuple(sorted({*held} - wanted))
        )
        own_types.change(self.account, resource, status=status)

    @rule(index=few)
    def remove_registered(self, index: int) -> None:
        resource = self.pick_resource(index)
        if resource is not None:
            own_types.remove(self.account, resource)

    @rule(index=few, text=names, gone=st.booleans())
    def change_aliases(self, index: int, text: str, gone: bool) -> None:
        principal = PrincipalId(self.pick(self.principals, index))
        held = self.account.now.principal_or_none(principal)
        if held is None:
            return
        if gone and held.aliases:
            own_types.no_alias(self.account, principal, held.aliases[0].id)
        elif f"CiRm{text}" not in own_types.aliases(self.account.now):
            own_types.alias(self.account, principal, f"CiRm{text}")

    def _aliases_are_found(self) -> None:
        """Whom programs know by an alias is found by it, and nobody by one that is gone."""
        view, held = self.account.now, own_types.aliases(self.account.now)
        for text in (f"CiRm{name}" for name in NAMES):
            found = view.principal_with_alias(text)
            assert held.get(text) == (found and found.id)

    def teardown(self) -> None:
        """At the end of every history, every moment of it is asked about."""
        served, log = self.account.replica.directory, self.account.log
        replayed, model = Directory(), Model()
        people = People(lambda _: None)
        stood: dict[int, str] = {}
        for record in log:
            stored = recorded.decode(recorded.encode(record))
            stood[record.position - 1] = before = digest.digest(replayed)
            replayed.begin()
            replayed.apply(stored)
            replayed.undo()
            replayed.keep()
            assert before == digest.digest(replayed)
            replayed.apply(stored)
            model.apply(stored.data)
            expected = model.answers()
            then = View(replayed, people, record.position, record.recorded_at)
            later = View(served, people, record.position, record.recorded_at)
            assert expected == answers_of(then)
            assert expected == answers_of(later)
        assert () == digest.differing(digest.parts(served), digest.parts(replayed))
        self._aliases_are_found()
        self._spans_hang_together()
        self._nothing_is_of_what_is_gone()
        self._undo_half(log, stood)

    def _spans_hang_together(self) -> None:
        """What is on a version that lives is on a version that is there; a content is there while somebody holds it.

        What is deployed or released is so in an environment that is there, one at a time as one instance. What is owed
        is what was triggered, as often and no more: nobody sends here.
        """
        view = self.account.now
        there = [one for one in view.shelf.everything() if view.application_or_none(one.application)]
        keys = {(one.noun, one.key) for one in there}
        for one in there:
            if one.version and not isinstance(one, Delivery):  # what was owed outlives what it is about
                assert (Version.noun, keyed(one.application, one.version)) in keys
            if isinstance(one, BranchVersion):
                assert (Branch.noun, keyed(one.application, one.branch)) in keys
            if isinstance(one, VerificationResult) and view.application_or_none(one.consumer):
                assert (Content.noun, content_key(one.consumer, one.provider, one.digest)) in keys
        placed = [one for one in there if isinstance(one, Deployment | Release)]
        assert all(view.environment_or_none(one.environment) is not None for one in placed)
        current = [
            (one.application, one.environment, one.instance)
            for one in placed
            if isinstance(one, Deployment) and one.ended_at is None
        ]
        assert len(current) == len({*current})
        triggered = [one.data for one in self.account.log if isinstance(one.data, WebhooksTriggered)]
        owed = [delivery.delivery for one in triggered for delivery in one.deliveries]
        for fact in (Owed, Delivery):
            assert sorted(owed) == sorted(one.key for one in view.shelf.every(fact))
        held = {
            content_key(one.consumer, one.provider, one.digest)
            for pair in view.integrations()
            for one in view.contracts_of(pair.consumer, pair.provider)
        }
        assert held == {
            one.key for one in there if isinstance(one, Content) and view.application_or_none(one.provider)
        }

    def _nothing_is_of_what_is_gone(self) -> None:
        """A secret or webhook is of a team that is there or of none; a webhook names applications that are there."""
        view = self.account.now
        teams = [one.team for one in view.secrets()] + [one.team for one in view.webhooks()]
        assert all(view.team_or_none(team) is not None for team in teams if team is not None)
        for webhook in view.webhooks():
            assert all(view.application_or_none(one) is not None for one in named_applications(webhook))
        names = [(one.team, one.name) for one in view.secrets() if not one.conflicting]
        assert len(names) == len(set(names))

    def _undo_half(self, log: list[recorded.Recorded], stood: dict[int, str]) -> None:
        half = len(log) // 2
        directory = Directory()
        for record in log[:half]:
            directory.apply(record)
        directory.begin()
        for record in log[half:]:
            directory.apply(record)
        directory.undo()
        directory.keep()
        assert stood[half] == digest.digest(directory)


AnyHistory.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestAnyHistory = AnyHistory.TestCase
