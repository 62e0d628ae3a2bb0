"""Whoever is shown an account's token can do nothing by it that they could not do before (sections 3.8 and 3.10)."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projections import things
from projections.excess import excess
from projections.preferences import AI_ENABLED
from service.catalogue.compiled import ADMINISTRATOR, CI_CD, DEFAULT_TEAM, USER
from service.catalogue.loader import shipped
from service.commands.preferences import ChangePreferences, Wanted
from service.commands.teams import ChangeMembers, DeleteTeam, EditTeam
from service.commands.users import EditUser
from service.vocabulary import PrincipalId, TeamId
from tests.given import Account
from tests.projections.naive import Model

TEAM_OF_APPLICATIONS = "contract_data:manage:team"


def words(account: Account, robot: PrincipalId, other: PrincipalId, *, reading: bool = False) -> str:
    """What the robot may beyond the other, or nothing."""
    found = excess(account.now, account.principal(robot), other, reading=reading)
    return f"{found.action} {found.where}" if found else ""


@pytest.fixture
def account() -> Account:
    """With the Default team, in which everybody is."""
    return Account()


@pytest.mark.parametrize("reading", [True, False])
@pytest.mark.parametrize("role", [ADMINISTRATOR, CI_CD])
def test_the_default_team_hands_no_ones_token_to_every_user(
    account: Account, role: str, reading: bool
) -> None:
    """Everybody shares the Default team; a User may less than an Administrator, and than CI/CD (section 3.10)."""
    robot, sally = account.robot("Robot", roles=[role]), account.person("Sally")
    assert DEFAULT_TEAM in account.principal(sally).teams
    assert words(account, robot, sally, reading=reading)
    assert "" == words(
        account, robot, account.person("Twin", roles=[CI_CD, USER, role]), reading=reading
    ) or (role == ADMINISTRATOR and not reading)


def test_who_may_the_same_may_have_the_token(account: Account) -> None:
    """The secrets updater of seed 000: whoever may rotate that team's secrets may hold its token, nobody else."""
    special, other = account.team("SomeSpecialTeam"), account.team("Other")
    updater = account.robot(
        "SecretsUpdater", roles=[account.role("Rotator", "secret:manage:team")], teams=[special]
    )
    sally = account.person("Sally", teams=[special, other])
    billy = account.person("Billy", teams=[other])
    assert "" == words(account, updater, sally)
    assert "secret:manage in the team SomeSpecialTeam" == words(account, updater, billy)
    assert "secret:read in the team SomeSpecialTeam" == words(account, updater, billy, reading=True)


def test_a_disabled_account_is_judged_as_if_it_were_enabled(account: Account) -> None:
    """Its token would work again tomorrow; whoever may enable it must not have prepared for that."""
    robot, sally = account.robot("Robot", roles=[ADMINISTRATOR]), account.person("Sally")
    account.do(EditUser(principal=robot, active=False))
    assert words(account, robot, sally)


def test_what_is_switched_off_today_counts(account: Account) -> None:
    """Who switches AI on (section 3.9) does not think of who was shown which token before."""
    robot = account.robot("Robot", roles=[account.role("AI", "ai:*")])
    sally = account.person("Sally", roles=[account.role("None", "team:read:*")])
    off = (Wanted(AI_ENABLED, value=False),)
    account.do(ChangePreferences(wanted=off, key=account.fresh.key()))
    assert not account.may(robot, "ai:generation:code", things.anything("ai"))
    assert "ai:generation:openapi everywhere" == words(account, robot, sally)


def test_what_it_created_counts_one_by_one(account: Account) -> None:
    """`own` of the account is harmless where the other reaches everything that it created."""
    team = account.team("A")
    own = account.role("Own", "contract_data:manage:own")
    robot = account.robot("Robot", roles=[own], teams=[team])
    foo = account.application("Foo", by=robot)
    both = account.role("Own and team", "contract_data:manage:own", TEAM_OF_APPLICATIONS)
    sally = account.person("Sally", roles=[both], teams=[team])
    beyond = "contract_data:manage on an application that it created"
    assert beyond == words(account, robot, sally)
    account.do(EditTeam(team=team, applications=(foo,)))
    assert "" == words(account, robot, sally)
    only_team = account.person("Billy", roles=[account.role("Team", TEAM_OF_APPLICATIONS)], teams=[team])
    assert "contract_data:manage on what it creates" == words(account, robot, only_team)


def test_what_it_administers_must_be_the_other_s_to_manage(account: Account) -> None:
    """Administering a team is a right like another (section 3.2), whoever has it."""
    team = account.team("A")
    robot = account.robot("Robot", roles=[account.role("Nothing")], teams=[team])
    sally = account.person("Sally", roles=[account.role("None")], teams=[team])
    assert "" == words(account, robot, sally)
    account.do(EditTeam(team=team, administrators=(robot,)))
    assert "in the team A, which it administers" in words(account, robot, sally)
    account.do(EditTeam(team=team, administrators=(robot, sally)))
    assert "" == words(account, robot, sally)


def test_what_administering_shows_must_be_the_other_s_to_see(account: Account) -> None:
    """Managing every team is not seeing its environments, which whoever administers it does (section 3.2)."""
    team = account.team("A")
    robot = account.robot("Robot", roles=[account.role("Nothing")], teams=[team])
    sally = account.person("Sally", roles=[account.role("Teams", "team:manage:*")], teams=[team])
    account.do(EditTeam(team=team, administrators=(robot,)))
    beyond = "environment:read in the team A, which it administers"
    assert (beyond, beyond) == (words(account, robot, sally), words(account, robot, sally, reading=True))
    seer = account.role("Sees", "team:manage:*", "environment:read:team")
    billy = account.person("Billy", roles=[seer], teams=[team])
    assert "" == words(account, robot, billy)


def test_an_account_must_be_no_way_to_one_s_own_roles(account: Account) -> None:
    """Nobody changes their own roles (section 3.1), nor by an account that may change everybody's."""
    role = account.role("People", "user:manage:*", "system_account:manage:team")
    robot, sally = account.robot("Robot", roles=[role]), account.person("Sally", roles=[role])
    assert "user:manage on yourself: it could change your own roles" == words(account, robot, sally)


def test_a_read_only_token_gives_only_what_reads(account: Account) -> None:
    """Recording deployments takes a write; webhooks, which have no `read` of their own, are read by managing them."""
    recorder = account.robot("Recorder", roles=[account.role("Records", "deployment_and_release:record:*")])
    hooks = account.robot("Hooks", roles=[account.role("Hooks", "webhook:manage:*")])
    sally = account.person("Sally")
    assert ("deployment_and_release:record everywhere", "") == (
        words(account, recorder, sally),
        words(account, recorder, sally, reading=True),
    )
    assert "webhook:manage everywhere" == words(account, hooks, sally, reading=True)


def test_a_system_account_is_no_person_whose_roles_another_could_change(account: Account) -> None:
    """Managing people reaches no system account (section 1.2): to one that may as much, it gives nothing."""
    people = account.role("People", "user:manage:*")
    robot, other = account.robot("Robot", roles=[people]), account.robot("Other", roles=[people])
    assert "" == words(account, robot, other)


def test_who_is_disabled_may_nothing(account: Account) -> None:
    """Whatever roles they kept: any account may more."""
    robot, sally = account.robot("Robot", roles=[CI_CD]), account.person("Sally", roles=[ADMINISTRATOR])
    assert "" == words(account, robot, sally)
    account.do(EditUser(principal=sally, active=False))
    assert words(account, robot, sally)


SCOPES = sorted(
    scope
    for scope in (permission.scope for permission in shipped().permissions)
    if "{" not in scope
    and scope.partition(":")[0] in ("contract_data", "team", "environment", "role", "system_account")
)
some_scopes = st.lists(st.sampled_from(SCOPES), max_size=6, unique=True)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_nothing_is_gained_by_a_token_that_may_be_shown(data: st.DataObject) -> None:
    """In any small company: if nothing exceeds, then on every thing whatever the account may, the other may as well.

    The naive model knows nothing of the comparison: it is asked about every action on every thing, for both.
    """
    account, draw = Account(), data.draw
    teams = [account.team(f"Team{number}") for number in range(3)]
    account.do(DeleteTeam(team=TeamId(DEFAULT_TEAM)))
    first = draw(some_scopes)
    roles = [account.role("X", *first), account.role("Y", *{*first, *draw(some_scopes)})]
    robot, sally = account.robot("Robot", roles=roles[:1]), account.person("Sally", roles=roles[1:])
    applications: list[str] = []
    for number, creator in enumerate((robot, sally, account.kevin)):
        if account.may(creator, "contract_data:manage", things.about_to_exist("application", "", creator)):
            applications.append(account.application(f"App{number}", by=creator))
    some = st.sets(st.sampled_from(applications))
    owned = [tuple(sorted(draw(some))) for _ in teams]
    for number, team in enumerate(teams):
        account.environment(f"env{number}", [team] if draw(st.booleans()) else [])
        members = draw(st.sets(st.sampled_from((robot, sally))))
        leaders = draw(st.sets(st.sampled_from((robot, sally)), max_size=2)) if draw(st.booleans()) else set()
        account.do(ChangeMembers(team=team, how="add", members=tuple(sorted(members))))
        account.do(EditTeam(team=team, applications=owned[number], administrators=tuple(sorted(leaders))))
    model = Model()
    for record in account.log:
        model.apply(record.data)
    theirs, mine = _may(model, robot), _may(model, sally)
    if not words(account, robot, sally):
        assert theirs <= mine
    if not words(account, robot, sally, reading=True):
        assert {one for one in theirs if one[0].endswith(":read")} <= mine


def _may(model: Model, principal: str) -> set[tuple[str, str]]:
    found: list[Any] = [*model.things(), ("system_account", "*", [(set(), None)])]
    return {
        (action.name, one)
        for action in shipped().actions
        for resource, one, sides in found
        if resource == action.name.partition(":")[0]
        and any(
            model.may(principal, action.name, one, teams, owner)
            for teams, owner in (sides if action.name.endswith(":read") else sides[:1])
        )
    }
