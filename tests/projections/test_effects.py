"""Who gains and loses what: exactly where the one evaluator answers differently, said as briefly as it can be."""

import typing
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given as random_worlds
from hypothesis import settings
from hypothesis import strategies as st

from projections import access, effects, things
from projections.effects import Comparison, Effect, Group
from projections.powers import API_ACCESS, Power
from projections.things import Target
from projections.timeline import Timeline
from projections.view import View
from service import errors
from service.catalogue import own_reading
from service.catalogue.own import OwnCatalogue
from service.commands import Command
from service.commands.environments import EditEnvironment
from service.commands.own_catalogues import AdoptOwnCatalogue, WithdrawOwnCatalogue
from service.commands.preferences import ChangePreferences, Wanted
from service.commands.resources import EditResource
from service.commands.roles import DeleteRole, EditRole
from service.commands.teams import ChangeMembers, DeleteTeam, EditTeam
from service.commands.users import ChangeRoles, DeleteUser, EditUser
from service.events import Event
from service.events.secrets import SecretMoved
from service.events.webhooks import WebhookMoved
from service.log import recorded
from service.vocabulary import EnvironmentId, PrincipalId, ResourceId, RoleId, TeamId, Thing
from tests import facts, given, own
from tests.given import Account

REACHES_NOBODY = {
    "log.opened", "log.restored", "key.added", "trail.read", "break_glass.used", "attempt.denied",
    "role.created", "role.renamed", "role.described", "team.created", "team.renamed",
    "principal.renamed", "principal.email_changed", "principal.names_changed", "principal.external_ids_changed",
    "principal.alias_added", "principal.alias_removed",
    "resource.registered", "resource.properties_changed", "resource.removed",
    "invitation.issued", "invitation.redeemed", "invitation.revoked", "person.forgotten",
    "token.issued", "token.regenerated", "token.revoked",
    "application.created", "application.edited", "application.deleted", "applications.removed",
    "environment.created", "environment.edited", "environment.contacts_changed", "environment.deleted",
    "deployment.recorded", "deployment.ended", "release.recorded", "release.support_ended",
    "deployments.removed", "releases.removed",
    "preference.contacts_changed", "personal_preference.changed", "authentication.changed",
    "contract.published", "contract.deleted", "contracts.removed",
    "verification.published", "verification.deleted", "verification_results.removed",
    "version.created", "version.edited", "version.deleted", "version.tagged", "version.untagged", "versions.removed",
    "tags.removed", "version.put_on_branch", "version.taken_off_branch", "branch.deleted", "branches.deleted",
    "branches.removed", "branch_versions.removed", "label.added", "label.removed", "labels.removed",
    "integration.contracts_deleted", "integration.deleted", "integrations.deleted",
    "integration.tagged_contracts_deleted", "integration.branch_contracts_deleted",
    "secret.created", "secret.edited", "secret.rotated", "secret.deleted",
    "webhook.created", "webhook.edited", "webhook.request_changed", "webhook.trusted", "webhook.deleted",
    "webhooks.triggered", "webhook.test_ordered", "webhook.executed", "webhook.delivery_abandoned",
    "contracts.restored", "contract_bodies.forgotten", "deletion.restored", "facts.restored",
    "route_table.adopted", "route_table.withdrawn", "change.authorised", "change.reported",
}  # fmt: skip
"""Kinds after which everybody who exists may do what it might before, to whatever was there before."""
SCOPES = (
    "contract_data:manage:*",
    "contract_data:manage:team",
    "contract_data:manage:own",
    "contract_data:read:*",
    "contract_data:bulk_delete:team",
    "environment:read:team*",
    "environment:read:*",
    "secret:manage:*",
    "secret:manage:team",
    "secret:read:team",
    "system_account:manage:team",
    "team:manage:*",
    "ai:*",
    "ai:generation:code",
    "user:invite:*",
    "webhook:manage:team",
    "token:manage:own",
    "todo:update:team",
    "todo:update:own",
    "todo:delete:own",
    "todo:read:*",
    "resource:manage:own",
    "resource:read:team",
)


def test_every_kind_of_event_says_whom_it_can_reach() -> None:
    """A new kind stands among those that reach somebody or those that reach nobody: no effect is overlooked."""
    every = {recorded.kind_of_type(event) for event in typing.get_args(Event)}
    reaching = {recorded.kind_of_type(event) for event in Comparison.reaching}
    assert set() == reaching & REACHES_NOBODY
    assert every == reaching | REACHES_NOBODY


# -- in words --------------------------------------------------------------------------------------------


@pytest.fixture
def account() -> Account:
    return Account()


def done(account: Account, command: Command) -> Effect:
    """What an order by Kevin did."""
    before = account.replica.view(account.replica.position)
    outcome = account.handle(command)
    after = account.replica.view(outcome.position)
    return effects.effect(before, after, [record.data for record in outcome.records])


def lines(powers: tuple[Power, ...]) -> list[str]:
    return [
        one.permission
        + (
            ""
            if not one.things
            else f" on {', '.join(sorted(thing.name or thing.id for thing in one.things))}"
        )
        for one in powers
    ]


def only(effect: Effect) -> Group:
    assert 1 == len(effect.groups), effect
    return effect.groups[0]


def test_a_role_that_changes_is_said_once_for_all_its_holders(account: Account) -> None:
    """Whoever holds the role in whatever team is one group, in the words of the role's own permissions."""
    role = account.role("Reader", "contract_data:read:*")
    holders = [account.person(f"P{n}", [role], [account.team(f"T{n}")]) for n in range(3)]
    outsider = account.person("Teamless", [role], [])
    effect = done(
        account, EditRole(role=role, scopes=("contract_data:manage:team", "contract_data:bulk_delete:own"))
    )
    by_holder = {one: group for group in effect.groups for one in group.principals}
    assert {*holders, outsider} == set(by_holder)
    group = by_holder[holders[0]]
    assert (tuple(sorted(holders)), 3) == (group.principals, group.number)
    assert ["contract_data:bulk_delete:own", "contract_data:manage:team"] == lines(group.gains)
    assert ["contract_data:read:*"] == lines(group.losses)
    assert ("contract_data:read:team",) == group.losses[0].still
    # Whoever belongs to no team has nothing from a permission in teams.
    assert ["contract_data:bulk_delete:own"] == lines(by_holder[outsider].gains)


def test_what_another_role_still_gives_is_no_loss(account: Account) -> None:
    """Roles are additive (section 1.2 rule 1): only what no role gives any more is lost."""
    one, other = account.role("One", "contract_data:manage:*"), account.role("Other", "contract_data:read:*")
    somebody = account.person("Sally", [one, other])
    group = only(done(account, ChangeRoles(principal=somebody, how="remove", roles=(one,))))
    assert ["contract_data:manage:*"] == lines(group.losses)
    assert () == group.gains
    third = account.role("Third", "ai:*")
    added = only(done(account, ChangeRoles(principal=somebody, how="add", roles=(third,))))
    assert ["ai:*"] == lines(added.gains)


def test_who_joins_a_team_gains_in_that_team(account: Account) -> None:
    """The team's own powers, by its id with its name beside it, as far as one's roles give any in teams."""
    role = account.role("Maintainer", "contract_data:manage:team", "contract_data:read:*")
    somebody = account.person("Sally", [role], [])
    team = account.team("A")
    joined = only(done(account, ChangeMembers(team=team, how="add", members=(somebody,))))
    assert [f"contract_data:manage:{team}"] == lines(joined.gains)
    assert (team, "A") == (joined.gains[0].team, joined.gains[0].team_name)
    left = only(done(account, ChangeMembers(team=team, how="remove", members=(somebody,))))
    assert ([], joined.gains) == (lines(left.gains), left.losses)


def test_a_team_that_loses_an_application_loses_what_it_might_do_to_it(account: Account) -> None:
    """All members alike are one group; whoever reaches the application in another way loses nothing."""
    role = account.role("Maintainer", "contract_data:manage:team", "contract_data:read:*")
    application = account.application("Foo")
    team, other = account.team("A", [application]), account.team("B", [application])
    members = [account.person(f"P{n}", [role], [team]) for n in range(3)]
    account.person("Both", [role], [team, other])
    group = only(done(account, EditTeam(team=team, applications=())))
    assert (tuple(sorted(members)), ["contract_data:manage on Foo"]) == (
        group.principals,
        lines(group.losses),
    )


def test_whoever_made_an_application_keeps_it_when_it_leaves_the_team(account: Account) -> None:
    """What is one's own stays one's own (section 3.3), though somebody else who stands alike loses it."""
    role = account.role("Maintainer", "contract_data:manage:team", "contract_data:manage:own")
    team = account.team("A")
    maker, other = (account.person(name, [role], [team]) for name in ("Maker", "Other"))
    foo, bar = account.application("Foo", maker), account.application("Bar")
    account.do(EditTeam(team=team, applications=(foo, bar)))
    lost = {
        one: lines(group.losses)
        for group in done(account, EditTeam(team=team, applications=())).groups
        for one in group.principals
    }
    assert {
        maker: ["contract_data:manage on Bar", "contract_data:read on Bar"],
        other: ["contract_data:manage on Bar, Foo", "contract_data:read on Bar, Foo"],
    } == lost


def test_a_team_that_is_deleted_takes_its_powers_with_it(account: Account) -> None:
    """Its members lose what reached into it, its administrators the right to manage it (section 3.2)."""
    role = account.role("Maintainer", "contract_data:manage:team")
    team = account.team("A")
    member, leader = account.person("Member", [role], [team]), account.person("Leader", [role], [])
    account.do(EditTeam(team=team, administrators=(leader,)))
    effect = done(account, DeleteTeam(team=team))
    found = {group.principals: lines(group.losses) for group in effect.groups}
    assert {
        (member,): [f"contract_data:manage:{team}", f"contract_data:read:{team}"],
        (leader,): [f"environment:read:{team}", f"team:manage:{team}", f"team:read:{team}"],
    } == found
    assert {"A"} == {power.team_name for group in effect.groups for power in group.losses}


def test_who_administers_a_team_may_manage_it(account: Account) -> None:
    """And see its environments; managing implies reading, which is not said again."""
    team = account.team("A")
    leader = account.person("Leader", [], [])
    group = only(done(account, EditTeam(team=team, administrators=(leader,))))
    assert [f"environment:read:{team}", f"team:manage:{team}"] == lines(group.gains)


def test_whoever_is_disabled_loses_everything(account: Account) -> None:
    """A disabled principal has nothing, not even access to the API, and gets it all back when it is enabled."""
    role = account.role("Reader", "contract_data:read:*")
    somebody = account.person("Sally", [role])
    lost = only(done(account, EditUser(principal=somebody, active=False)))
    assert [API_ACCESS, "contract_data:read:*"] == lines(lost.losses)
    gained = only(done(account, EditUser(principal=somebody, active=True)))
    assert lines(lost.losses) == lines(gained.gains)
    assert effects.Effect() == done(account, EditUser(principal=somebody, name="Sal"))


def test_the_way_to_the_api_is_a_power_of_its_own(account: Account) -> None:
    """Whoever is left with Guest alone may read what it might before, but no longer over the API (seed 001)."""
    reader = account.role("Reader", "contract_data:read:*")
    somebody = account.person("Sally", [reader, given.GUEST])
    group = only(done(account, ChangeRoles(principal=somebody, how="remove", roles=(reader,))))
    assert ([], [API_ACCESS]) == (lines(group.gains), lines(group.losses))


def test_who_loses_the_way_to_the_api_stands_apart_from_who_keeps_it(account: Account) -> None:
    """Two whose permissions are the same before and after are not alike where one of them had the API elsewhere."""
    shared = account.role("Shared", "role:read:*")
    reader = account.role("Reader", "contract_data:read:*")
    guest = account.person("Guest", [shared, given.GUEST], [])
    keeper = account.person("Keeper", [shared, reader], [])
    found = {group.principals: lines(group.losses) for group in done(account, DeleteRole(role=shared)).groups}
    assert {(guest,): ["api_access", "role:read:*"], (keeper,): ["role:read:*"]} == found


def test_one_who_joins_and_one_who_leaves_at_once_are_two_groups(account: Account) -> None:
    """Alike in roles and with another team each, they go opposite ways; whoever loses something stands first."""
    role = account.role("Manager", "contract_data:manage:team")
    other = account.team("Other")
    leaver, *joiners = (account.person(f"P{n}", [role], [other]) for n in range(3))
    team = account.team("A", (), [leaver])
    order = ChangeMembers(team=team, how="add", members=tuple(joiners), leaving=(leaver,))
    found = [
        (group.principals, lines(group.gains), lines(group.losses)) for group in done(account, order).groups
    ]
    assert [(leaver,), tuple(sorted(joiners))] == [who for who, _, _ in found]
    manage = f"contract_data:manage:{team}"
    assert [([], True), ([manage], False)] == [(gains, manage in losses) for _, gains, losses in found]


def test_who_administers_a_team_sees_an_environment_that_comes_to_it(account: Account) -> None:
    """Member or not (section 3.2): whoever administers it gains a look at this one thing."""
    team = account.team("A")
    leader = account.person("Leader", [], [])
    account.do(EditTeam(team=team, administrators=(leader,)))
    environment = account.environment("prod")
    group = only(done(account, EditTeam(team=team, environments=(environment,))))
    assert ((leader,), ["environment:read on prod"]) == (group.principals, lines(group.gains))


def test_managing_a_teams_system_accounts_reaches_one_that_joins_it(account: Account) -> None:
    """A system account that joins a team comes under those who manage that team's accounts (section 1.3 Q9)."""
    role = account.role("Keeper", "system_account:manage:team")
    team = account.team("A")
    keeper, robot = account.person("Keeper", [role], [team]), account.robot("Robot", [], [])
    group = only(done(account, ChangeMembers(team=team, how="add", members=(robot,))))
    assert ((keeper,), [f"system_account:manage on {robot}"]) == (group.principals, lines(group.gains))


def test_switching_ai_off_takes_its_features_from_everybody(account: Account) -> None:
    """Whoever holds a permission for them loses them while the preference is off (section 1.2, rule 7)."""
    somebody = account.person("Sally", [account.role("Clever", "ai:*", "contract_data:read:*")])
    off = ChangePreferences(wanted=(Wanted("aiEnabled", False),), key=account.fresh.key())
    group = only(done(account, off))
    assert ({somebody, account.kevin}, ["ai:*"]) == (set(group.principals), lines(group.losses))


def test_a_thing_that_changes_hands_is_lost_by_one_and_gained_by_another(account: Account) -> None:
    """What `own` gives follows the owner (section 1.2); whoever reaches it through a team is not told of."""
    own.adopted(account)
    role = account.role("Editor", "todo:update:own", "todo:delete:own", "resource:manage:own")
    team = account.team("A")
    rick, morty = (account.person(name, [role], []) for name in ("Rick", "Morty"))
    account.person("Mate", [account.role("Mate", "todo:update:team")], [team])
    one = own.todo(account, "7240d0db", rick, (team,))
    effect = done(account, EditResource(resource=one, owner=morty))
    lost, gained = effect.groups
    assert ((rick,), (morty,)) == (lost.principals, gained.principals)
    did = ("resource:manage", "todo:delete", "todo:update")
    assert [f"{action} on 7240d0db" for action in did] == lines(gained.gains)
    read = ("resource:manage", "resource:read", "todo:delete", "todo:read", "todo:update")
    assert [f"{action} on 7240d0db" for action in read] == lines(lost.losses)
    assert ((), ()) == (lost.gains, gained.losses)


def test_a_thing_that_joins_a_team_is_gained_by_its_members(account: Account) -> None:
    """As an application is; what may be done to it is said by the actions of its own type."""
    own.adopted(account)
    role = account.role("Mate", "todo:update:team", "resource:read:team")
    team = account.team("A")
    mate, one = account.person("Mate", [role], [team]), own.todo(account, "1")
    group = only(done(account, EditResource(resource=one, joins=(team,))))
    assert ((mate,), ["resource:read on 1", "todo:update on 1"]) == (group.principals, lines(group.gains))


# -- exactly ---------------------------------------------------------------------------------------------

small = st.integers(min_value=0, max_value=5)
few = st.lists(small, max_size=3, unique=True)
scopes = st.lists(st.sampled_from(SCOPES), max_size=4, unique=True).map(tuple)


class World:
    """Five people, two of them alike, a system account, three teams, three applications, two environments, three
    secrets, three webhooks and three to-dos."""

    def __init__(self, roles: list[tuple[str, ...]], placed: list[list[int]]) -> None:
        self.account = account = own.adopted(Account())
        self.roles = [account.role(f"R{n}", *held) for n, held in enumerate(roles)]
        self.applications = [account.application(name) for name in ("Foo", "Bar")]
        self.teams = [
            account.team("A", self.applications[:1]),
            account.team("B", self.applications),
            account.team("C"),
        ]
        self.environments = [account.environment("test", self.teams[:1]), account.environment("production")]
        theirs = (*self.teams[:2], None)
        self.secrets = [facts.secret(account, f"S{n}", team) for n, team in enumerate(theirs)]
        self.webhooks = [facts.webhook(account, team) for team in theirs]
        self.principals = [
            account.person("Ann", [self.roles[0]], self.teams[:2]),
            account.person("Twin", [self.roles[0]], self.teams[:2]),
            account.person("Ben", [self.roles[1], given.GUEST], self.teams[:1]),
            account.person("Cas", [self.roles[0], self.roles[1]], []),
            account.robot("Robot", [self.roles[2]], self.teams[1:2]),
        ]
        ann = self.principals[0]
        mine = things.about_to_exist("application", "Own", ann)
        creator = ann if account.may(ann, "contract_data:manage", mine) else None
        self.applications.append(account.application("Own", creator))
        self.todos = [
            own.todo(account, "1", ann, (self.teams[0],)),
            own.todo(account, "2", None, (self.teams[0], self.teams[1])),
            own.todo(account, "3", self.principals[1]),
        ]
        leaders = [self.principals[n] for n in placed[0] if n < len(self.principals)]
        account.do(EditTeam(team=self.teams[0], administrators=tuple(leaders)))

    @staticmethod
    def pick(some: Sequence[str], which: list[int]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(some[n % len(some)] for n in which))

    def command(
        self, what: int, first: int, several: list[int], wanted: tuple[str, ...], flag: bool
    ) -> Command | SecretMoved | WebhookMoved:
        """An edit picked at random, or the fact of a move."""
        role = RoleId(self.pick(self.roles, [first])[0])
        team = TeamId(self.pick(self.teams, [first])[0])
        somebody = PrincipalId(self.pick(self.principals, [first])[0])
        people = self.pick(self.principals, several)
        match what:
            case 0:
                return EditRole(role=role, scopes=wanted)
            case 1:
                return DeleteRole(role=role)
            case 2:
                return ChangeRoles(principal=somebody, how="replace", roles=self.pick(self.roles, several))
            case 3:
                return ChangeMembers(team=team, how="replace", members=people)
            case 4:
                return EditTeam(
                    team=team,
                    administrators=people,
                    applications=self.pick(self.applications, several),
                    environments=self.pick(self.environments, several) if flag else None,
                )
            case 5:
                return DeleteTeam(team=team)
            case 6:
                return EditUser(principal=somebody, active=flag)
            case 7:
                return DeleteUser(principal=somebody)
            case 8:
                return EditEnvironment(
                    environment=EnvironmentId(self.environments[first % 2]),
                    teams=self.pick(self.teams, several),
                )
            case 9:
                return EditResource(
                    resource=ResourceId(self.pick(self.todos, [first])[0]),
                    owner=somebody if flag else None,
                    teams=tuple(map(TeamId, self.pick(self.teams, several))),
                )
            case _:
                return self._move(first, TeamId(self.pick(self.teams, several)[0]) if several else None)

    def _move(self, first: int, team: TeamId | None) -> SecretMoved | WebhookMoved:
        view = self.account.now
        if first % 2:
            secret = view.secret(self.pick(self.secrets, [first])[0])
            return SecretMoved(secret=secret.id, name=secret.name, team_before=secret.team, team=team)
        webhook = view.webhook(self.pick(self.webhooks, [first])[0])
        return WebhookMoved(webhook=webhook.id, team_before=webhook.team, team=team)


def targets(
    before: View, after: View, principal: PrincipalId, action: str
) -> Iterator[tuple[Target, Target]]:
    """Everything that somebody could ask about, as it is before and after: what is there, and what could be."""
    probe = Thing("anything", "probe")
    yield (Target(probe), Target(probe))
    yield (Target(probe, (), principal), Target(probe, (), principal))
    for team in {*before.directory.teams}:
        yield (Target(probe, (team,)), Target(probe, (team,)))
        yield (Target(Thing("team", team), (team,)), Target(Thing("team", team), (team,)))
    directory = after.directory
    tables: tuple[Iterable[Timeline[Any]], ...] = (
        directory.applications.values(),
        directory.environments.values(),
        directory.principals.values(),
        directory.secrets.values(),
        directory.webhooks.values(),
        directory.resources.values(),
    )
    for table in tables:
        for timeline in table:
            then, now = timeline.at(before.position), timeline.at(after.position)
            if then is not None and now is not None:
                pair = things.of_noun(then), things.of_noun(now)
                types = after.compiled.actions[action].types
                if pair[0].thing.type in types or ("resource" in types and pair[0].thing.type == "todo"):
                    yield pair


def flips(before: View, after: View, principal: PrincipalId) -> tuple[set[str], set[str]]:
    """The actions that somebody may do to something now and might not before, and the other way round."""
    gained: set[str] = set()
    lost: set[str] = set()
    for action in after.compiled.bits:
        for was, now in targets(before, after, principal, action):
            then = access.may(before, principal, action, was)
            if then is not access.may(after, principal, action, now):
                (lost if then else gained).add(action)
    return gained, lost


def actions(view: View, powers: tuple[Power, ...], *, implied: bool) -> set[str]:
    """The actions that the lines are about, with those that they imply."""
    found: set[str] = set()
    compiled = view.compiled
    for power in powers:
        if power.permission == API_ACCESS:
            continue
        covered = dict(compiled.prefixes()).get(power.permission)
        if covered is not None:
            found |= covered
            continue
        action = power.permission
        while action not in compiled.bits:
            action = action.rpartition(":")[0]
        found |= {action} | (compiled.implied(action) if implied else set())
    return found


@settings(max_examples=150, deadline=None)
@random_worlds(
    roles=st.lists(scopes, min_size=3, max_size=3),
    placed=st.lists(few, min_size=1, max_size=1),
    orders=st.lists(
        st.tuples(st.integers(min_value=0, max_value=10), small, few, scopes, st.booleans()),
        min_size=1,
        max_size=3,
    ),
)
def test_somebody_gains_or_loses_exactly_where_the_evaluator_answers_differently(
    roles: list[tuple[str, ...]],
    placed: list[list[int]],
    orders: list[tuple[int, int, list[int], tuple[str, ...], bool]],
) -> None:
    """In any small world and after any edits: nothing is missing, made up, or not foretold by a dry run."""
    world = World(roles, placed)
    for what, first, several, wanted, flag in orders:
        before = world.account.replica.view(world.account.replica.position)
        command = world.command(what, first, several, wanted, flag)
        if isinstance(command, SecretMoved | WebhookMoved):
            facts.happened(world.account, command)
            effect = effects.effect(before, after := world.account.now, [command])
        else:
            try:
                tried = world.account.handle(command, dry_run=True)
                outcome = world.account.handle(command)
            except errors.MunimentError:
                continue
            after = world.account.replica.view(outcome.position)
            effect = effects.effect(before, after, [record.data for record in outcome.records])
            assert tried.rehearsal is not None
            assert effect == tried.rehearsal.weighed.effect
        found = {one: group for group in effect.groups for one in group.principals}
        assert sum(group.number for group in effect.groups) == len(found)
        for principal in after.directory.principals:
            gained, lost = flips(before, after, principal)
            group = found.pop(principal, Group(principals=(), number=0))
            said = actions(after, group.gains, implied=False)
            assert said <= gained <= actions(after, group.gains, implied=True)
            assert lost == actions(after, group.losses, implied=False)
            api = [
                (one := view.principal_or_none(principal)) is not None
                and one.active
                and access.api_access(view, one)
                for view in (before, after)
            ]
            assert (not api[0] and api[1]) is any(one.permission == API_ACCESS for one in group.gains)
            assert (api[0] and not api[1]) is any(one.permission == API_ACCESS for one in group.losses)
        assert {} == found


def test_beyond_a_thousand_a_group_is_counted(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """A group names its first principals by id, and says how many there are."""
    monkeypatch.setattr(effects, "PRINCIPALS_MAX", 2)
    role = account.role("Reader", "contract_data:read:*")
    people = [account.person(f"P{n}", [role], []) for n in range(3)]
    group = only(done(account, EditRole(role=role, scopes=())))
    assert (tuple(sorted(people)[:2]), 3) == (group.principals, group.number)


def test_an_own_catalogue_that_changes_is_told_by_what_its_roles_hold(account: Account) -> None:
    """Adopted, narrowed, withdrawn and adopted again: whoever holds its permissions gains and loses just those."""

    def catalogue(number: int, *extents: str) -> OwnCatalogue:
        action = {"name": "record:read", "types": ["record"], "extents": list(extents)}
        shape = {"name": "records", "number": number, "types": [{"name": "record"}], "actions": [action]}
        return own_reading.from_object(shape)

    assert () == done(account, AdoptOwnCatalogue(catalogue=catalogue(1, "*", "team", "own"))).groups
    role = account.role("Reader", "record:read:*", "record:read:own", "team:read:*")
    sally = account.person("Sally", [role], [])
    account.person("Billy", [], [])
    narrowed = only(done(account, AdoptOwnCatalogue(catalogue=catalogue(2, "own"))))
    assert ((sally,), ["record:read:*"], ("record:read:own",)) == (
        narrowed.principals,
        lines(narrowed.losses),
        narrowed.losses[0].still,
    )
    gone = only(done(account, WithdrawOwnCatalogue(name="records")))
    assert (["record:read:own"], ()) == (lines(gone.losses), gone.gains)
    again = only(done(account, AdoptOwnCatalogue(catalogue=catalogue(1, "*", "own"))))
    assert (["record:read:*"], ()) == (lines(again.gains), again.losses)
