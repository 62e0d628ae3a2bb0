"""Nobody is locked out (section 3.12, seed 000): every way there is, whoever gives the order and in whatever order.

Two things are proved of random sequences of all commands that could matter. After each somebody can still undo it, or
it was refused. And the list of events after which the guard looks is whole: no other event ever took the last way back.
"""

import typing
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given as random_orders
from hypothesis import settings
from hypothesis import strategies as st

from projections import digest
from service import errors
from service.catalogue.compiled import ADMINISTRATOR, CI_CD, DEFAULT_TEAM, USER
from service.catalogue.loader import shipped
from service.commands import Command, guard
from service.commands.account import AdoptCatalogue, BreakGlass
from service.commands.decide import decide
from service.commands.order import Caller
from service.commands.organization import ChangeOrganizationAdministrator
from service.commands.people import ForgetPerson
from service.commands.preferences import ChangePreferences, Wanted
from service.commands.roles import CreateRole, DeleteRole, EditRole, ResetRoles
from service.commands.system_accounts import CreateSystemAccount
from service.commands.teams import ChangeMembers, DeleteTeam, EditTeam
from service.commands.tokens import RegenerateToken
from service.commands.users import ChangeRoles, DeleteUser, EditUser, InviteUser, RedeemInvitation
from service.events import Event
from service.log import recorded
from service.log.recorded import Foldable
from service.orders import Outcome
from service.vocabulary import PrincipalId, RoleId, TeamId, TokenId
from tests import given
from tests.given import Account

TRIED = {
    AdoptCatalogue, BreakGlass, ChangeMembers, ChangeOrganizationAdministrator, ChangePreferences, ChangeRoles,
    CreateRole, CreateSystemAccount, DeleteRole, DeleteTeam, DeleteUser, EditRole, EditTeam, EditUser, ForgetPerson,
    InviteUser, RedeemInvitation, RegenerateToken, ResetRoles,
}  # fmt: skip
OF_OTHER_THINGS = {
    "OpenAccount", "ReadTrail", "RestoreLog", "AddKey", "CreateTeam", "CreateApplication", "EditApplication",
    "DeleteApplication", "PublishContract", "PublishContracts", "DeleteContract", "DeleteIntegrationContracts",
    "DeleteTaggedContracts", "DeleteBranchContracts", "DeleteIntegration", "DeleteIntegrations",
    "CreateEnvironment", "EditEnvironment", "DeleteEnvironment", "ChangePersonalPreferences",
    "CreateSecret", "EditSecret", "DeleteSecret",
    "RegisterResource", "RegisterResources", "EditResource", "RemoveResource", "SetAliases",
    "AdoptRouteTable", "WithdrawRouteTable", "AuthoriseChange", "ReportChange",
    "CreateWebhook", "EditWebhook", "DeleteWebhook", "TestWebhook", "RecordExecution", "AbandonDelivery",
    "RecordDeployment", "EndDeployment", "RecordRelease", "EndSupport",
    "ChangeAuthentication",
    "AdoptOwnCatalogue", "WithdrawOwnCatalogue",
    "PublishVerification", "DeleteVerification", "RestoreDeletion", "ForgetBodies",
    "DescribeVersion", "TagVersion", "UntagVersion", "DeleteVersion", "PutOnBranch", "TakeOffBranch", "DeleteBranch",
    "DeleteBranches", "AddLabel", "RemoveLabel",
}  # fmt: skip
"""Commands none of whose events is about a role, who holds it, an account that is there, or its tokens."""
SAFE = {
    "log.opened", "log.restored", "key.added", "trail.read", "break_glass.used", "attempt.denied",
    "role.created", "role.renamed", "role.described",
    "team.created", "team.renamed", "team.members_changed", "team.administrators_changed",
    "team.applications_changed", "team.environments_changed", "team.deleted",
    "user.created", "system_account.created", "principal.enabled", "principal.renamed", "principal.email_changed",
    "principal.names_changed", "principal.external_ids_changed", "principal.alias_added", "principal.alias_removed",
    "own_catalogue.adopted", "own_catalogue.withdrawn",
    "resource.registered", "resource.owner_changed", "resource.teams_changed", "resource.properties_changed",
    "resource.removed",
    "invitation.issued", "invitation.redeemed", "invitation.revoked", "token.issued",
    "person.forgotten", "preference.changed", "preference.contacts_changed", "personal_preference.changed",
    "authentication.changed",
    "application.created", "application.edited", "application.deleted", "applications.removed",
    "environment.created", "environment.edited", "environment.contacts_changed", "environment.deleted",
    "deployment.recorded", "deployment.ended", "release.recorded", "release.support_ended",
    "deployments.removed", "releases.removed",
    "contract.published", "contract.deleted", "contracts.removed",
    "version.created", "version.edited", "version.deleted", "version.tagged", "version.untagged", "versions.removed",
    "tags.removed", "version.put_on_branch", "version.taken_off_branch", "branch.deleted", "branches.deleted",
    "branches.removed", "branch_versions.removed", "label.added", "label.removed", "labels.removed",
    "verification.published", "verification.deleted", "verification_results.removed",
    "integration.contracts_deleted", "integration.deleted", "integrations.deleted",
    "integration.tagged_contracts_deleted", "integration.branch_contracts_deleted",
    "secret.created", "secret.edited", "secret.rotated", "secret.moved", "secret.deleted",
    "webhook.created", "webhook.edited", "webhook.request_changed", "webhook.moved", "webhook.trusted",
    "webhook.deleted", "webhooks.triggered", "webhook.test_ordered", "webhook.executed", "webhook.delivery_abandoned",
    "contracts.restored", "contract_bodies.forgotten", "deletion.restored", "facts.restored",
    "route_table.adopted", "route_table.withdrawn", "change.authorised", "change.reported",
}  # fmt: skip
"""Kinds of event that take nobody's way back: what they change is none of what the guard asks for.

A team gives no permission on roles or people, and managing one by administering it neither. Forgetting follows a
deletion. A preference about expiry gives every token a whole period from then on, in which its owner can renew it.
"""
SCOPES = ("role:manage:*", "user:manage:*", "team:manage:*", "token:manage:own", "system_account:manage:*")
ROLES = (ADMINISTRATOR, USER, CI_CD, given.GUEST, given.VIEWER)


def test_the_guard_knows_every_kind_of_event() -> None:
    """A new kind is either one after which the guard looks, or listed as safe; and every command is tried or not."""
    dangerous = {recorded.kind_of_type(event) for event in guard.DANGEROUS}
    assert set() == dangerous & SAFE
    assert {recorded.kind_of_type(event) for event in typing.get_args(Event)} == dangerous | SAFE
    tried = {command.__name__ for command in TRIED}
    assert {command.__name__ for command in typing.get_args(Command)} == tried | OF_OTHER_THINGS


small = st.integers(min_value=0, max_value=6)
Drawn = tuple[int, int, int, int, tuple[str, ...], bool]
drawn = st.tuples(
    st.integers(min_value=0, max_value=len(TRIED)),
    small,
    small,
    small,
    st.lists(st.sampled_from(SCOPES), max_size=3, unique=True).map(tuple),
    st.booleans(),
)


class Company:
    """Four people and a system account, of whom several could undo an edit, each in another way."""

    def __init__(self) -> None:
        self.account = account = Account()
        owner = account.role("Owner", "role:manage:*", "user:manage:*", "token:manage:own")
        halves = account.role("Roles", "role:manage:*"), account.role("People", "user:manage:*")
        self.roles = [RoleId(role) for role in (*ROLES[:2], owner, *halves, *ROLES[2:])]
        self.people = [
            account.kevin,
            account.person("Owner", [owner]),
            account.person("Halves", [*halves, given.VIEWER]),
            account.person("Dumb", [owner, given.GUEST]),
            account.robot("Robot", [owner]),
        ]
        self.team = account.team("A", (), self.people)
        self.codes: list[str] = []

    def somebody(self, number: int) -> PrincipalId:
        return self.people[number % len(self.people)]

    def role(self, number: int) -> RoleId:
        return self.roles[number % len(self.roles)]

    def caller(self, number: int, command: Command) -> Caller:
        """Somebody: a person, or the console or the service where nobody else may."""
        if isinstance(command, AdoptCatalogue):
            return Caller(system="catalogue of this release")
        if isinstance(command, ForgetPerson | BreakGlass | ChangeOrganizationAdministrator) or number == 0:
            return given.CONSOLE
        return (
            Caller(code=True)
            if isinstance(command, RedeemInvitation)
            else Caller(principal=self.somebody(number))
        )

    def command(self, one: Drawn) -> Command:
        """The order that was drawn."""
        what, whom, first, second, scopes, flag = one
        fresh = self.account.fresh
        somebody, role, other = self.somebody(whom), self.role(first), self.role(second)
        makers: list[Any] = [
            lambda: EditRole(role=role, scopes=scopes),
            lambda: EditRole(role=role, scopes=()),
            lambda: DeleteRole(role=role),
            lambda: ResetRoles(profile="seed" if flag else "2025"),
            lambda: CreateRole(role=RoleId(fresh.id()), name=fresh.id(), scopes=scopes, api_access=flag),
            lambda: ChangeRoles(principal=somebody, how="replace", roles=tuple({role, other})),
            lambda: ChangeRoles(principal=somebody, how="remove", roles=(role,)),
            lambda: EditUser(principal=somebody, active=flag and first == 0),
            lambda: DeleteUser(principal=somebody),
            lambda: ForgetPerson(principal=somebody, key=fresh.key()),
            lambda: RegenerateToken(
                token=self.token(somebody, first), new=fresh.token(), expires_at=None if flag else LATER
            ),
            lambda: ChangeMembers(team=self.team, how="remove", members=(somebody,)),
            lambda: EditTeam(team=self.team, administrators=(somebody,) if flag else ()),
            lambda: DeleteTeam(team=self.team if flag else TeamId(DEFAULT_TEAM)),
            lambda: ChangeOrganizationAdministrator(principal=somebody, granted=flag),
            lambda: self.preference(flag=flag, role=role),
            lambda: AdoptCatalogue(catalogue=self.catalogue(flag=flag)),
            lambda: self.invitation(somebody, flag=flag),
            lambda: CreateSystemAccount(new=fresh.principal(), tokens=fresh.tokens(), name="Again"),
            lambda: (
                BreakGlass(principal=somebody, tokens=fresh.tokens())
                if flag and first == 0
                else RedeemInvitation(digest=self.codes[-1] if self.codes else "", tokens=fresh.tokens())
            ),
        ]
        return cast("Command", makers[what % len(makers)]())

    def token(self, somebody: PrincipalId, number: int) -> TokenId:
        known = self.account.now.principal_or_none(somebody)
        tokens = known.tokens if known is not None else ()
        return tokens[number % len(tokens)] if tokens else TokenId(self.account.fresh.id())

    def preference(self, *, flag: bool, role: RoleId) -> ChangePreferences:
        expiry = Wanted("tokenExpiry", {"value": 1, "period": "hours"})
        return ChangePreferences(
            wanted=(expiry if flag else Wanted("defaultRole", role),), key=self.account.fresh.key()
        )

    def catalogue(self, *, flag: bool) -> Any:
        """The next catalogue, in which managing people means nothing any more unless `flag`."""
        held = shipped()
        scopes = (one for one in held.permissions if flag or one.scope != "user:manage:*")
        number = self.account.now.compiled.number + 1
        return msgspec.structs.replace(held, number=number, permissions=tuple(scopes))

    def invitation(self, somebody: PrincipalId, *, flag: bool) -> InviteUser:
        known = self.account.now.principal_or_none(somebody)
        address = self.account.now.text(known.email) if known is not None and flag else None
        fresh = self.account.fresh
        made = InviteUser(
            new=fresh.principal(),
            invitation=fresh.invitation(),
            name="Somebody",
            email=address or f"{fresh.id()}@example.org",
        )
        self.codes.append(made.invitation.digest)
        return made


LATER = given.START.replace(year=given.START.year + 1)


def without_the_guard(company: Company, command: Command, caller: Caller) -> tuple[list[Event], bool]:
    """What the decision alone would make, and whether anybody could undo it: folded as it is, and taken back."""
    account = company.account
    decided = decide(command, account.now, caller)
    directory = account.replica.directory
    directory.begin()
    for event in decided:
        record = SimpleNamespace(
            position=directory.position + 1, id=account.fresh.id(), recorded_at=account.clock.at, data=event,
            actor=SimpleNamespace(principal=caller.principal), reason=None,
        )  # fmt: skip
        directory.apply(cast("Foldable", record))
    left = guard.somebody(account.replica.drafting(account.clock.at))
    directory.undo()
    directory.keep()
    return decided, left


@settings(max_examples=120, deadline=None)
@random_orders(orders=st.lists(st.tuples(drawn, small), min_size=4, max_size=14))
def test_no_sequence_of_orders_ends_with_nobody_able_to_undo(orders: list[tuple[Drawn, int]]) -> None:
    """Whatever is ordered by whomever, somebody is left; what would leave nobody is 422, and its dry run too."""
    company = Company()
    account = company.account
    for one, number in orders:
        command = company.command(one)
        caller = company.caller(number, command)
        try:
            decided, left = without_the_guard(company, command, caller)
            assert left or guard.dangerous(decided), [recorded.kind_of(event) for event in decided]
        except errors.MunimentError:
            left = True  # there is nothing to guard
        before = account.replica.position, digest.digest(account.replica.directory)
        tried = account.batch([account.order(command, caller, dry_run=True)])[0]
        if not isinstance(tried, errors.Forbidden):  # whose attempt is recorded, as any
            assert before == (account.replica.position, digest.digest(account.replica.directory))
        answer = account.batch([account.order(command, caller)])[0]
        assert guard.somebody(account.now)
        if isinstance(answer, Outcome):
            assert left
            assert isinstance(tried, Outcome)
            assert tried.rehearsal is not None
            assert len(answer.records) == sum(records for _, records in tried.rehearsal.kinds)
        else:
            assert isinstance(tried, errors.MunimentError)
            assert (type(answer), answer.sentence) == (type(tried), tried.sentence)


def test_a_catalogue_in_which_nobody_could_undo_anything_is_not_adopted() -> None:
    """Not even the service itself takes the last way back: a release with such a catalogue does not start."""
    company = Company()
    command = AdoptCatalogue(catalogue=company.catalogue(flag=False))
    with pytest.raises(errors.Refused) as caught:
        company.account.do(command, Caller(system="catalogue of this release"))
    assert "would_lock_out" == caught.value.reason
